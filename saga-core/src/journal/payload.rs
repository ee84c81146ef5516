//! An input or output in its encoded form.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// An input or output as JSON text, or nothing where nothing is encoded (the inline runner).
///
/// Its `Debug` tells the length only: payloads appear in no log and no error text.
#[derive(Clone, Default)]
pub struct Payload(Option<Arc<RawValue>>);

impl Payload {
    /// A payload that was not encoded.
    pub const NOTHING: Self = Self(None);

    /// This JSON text.
    pub fn json(text: Box<RawValue>) -> Self {
        Self(Some(text.into()))
    }

    /// The JSON text; `null` where nothing was encoded.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("null", |text| text.get())
    }

    /// The length of the JSON text in bytes.
    pub fn len(&self) -> usize {
        self.as_str().len()
    }

    /// Whether both are the same JSON value: the members of objects in any order, numbers to the digit. Lists are
    /// in order, so a type whose lists come in any order, such as `HashSet`, may differ from itself.
    pub fn is_same_value(&self, other: &Self) -> bool {
        self == other || is_same_value(self.as_str(), other.as_str())
    }

    /// Whether nothing was encoded.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl PartialEq for Payload {
    /// Equal text, to the letter.
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.len())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(text) => text.serialize(serializer),
            None => serializer.serialize_unit(),
        }
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::json(Box::<RawValue>::deserialize(deserializer)?))
    }
}

/// Compares JSON texts by value. Numbers are compared as they are written: some do not fit any type of Rust.
fn is_same_value(one: &str, other: &str) -> bool {
    type Members = BTreeMap<String, Box<RawValue>>;
    match (one.as_bytes().first(), other.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => both::<Members>(one, other).is_some_and(|(one, other)| {
            one.len() == other.len()
                && one.iter().zip(&other).all(|((name, value), (other_name, other_value))| {
                    name == other_name && is_same_value(value.get(), other_value.get())
                })
        }),
        (Some(b'['), Some(b'[')) => both::<Vec<Box<RawValue>>>(one, other).is_some_and(|(one, other)| {
            one.len() == other.len()
                && one.iter().zip(&other).all(|(one, other)| is_same_value(one.get(), other.get()))
        }),
        (Some(b'"'), Some(b'"')) => both::<String>(one, other).is_some_and(|(one, other)| one == other),
        _ => one == other,
    }
}

/// Both texts as a `T`.
fn both<T: serde::de::DeserializeOwned>(one: &str, other: &str) -> Option<(T, T)> {
    Some((serde_json::from_str(one).ok()?, serde_json::from_str(other).ok()?))
}

#[cfg(test)]
mod tests {
    use super::is_same_value;

    #[test]
    fn values_are_compared_and_not_their_text() {
        assert!(is_same_value(r#"{"a":1,"b":[1,"x"]}"#, r#"{"b":[1,"\u0078"],"a":1}"#));
        for (one, other) in [
            ("1267650600228229401496703205376", "1267650600228229401496703205377"),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,2]"),
            ("null", "0"),
            (r#""1""#, "1"),
        ] {
            assert!(!is_same_value(one, other), "{one} is not {other}");
        }
    }
}

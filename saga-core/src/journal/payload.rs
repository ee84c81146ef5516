//! An input or output in its encoded form.

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

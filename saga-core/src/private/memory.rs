//! The typed values of one instance.

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::journal::Payload;
use crate::private::returns::Payloads;
use crate::saga::Saga;

/// The input of an instance and the outputs of its steps so far.
pub struct Memory<S: Saga> {
    /// What it was started with.
    pub input: S::Input,
    /// What its steps returned.
    pub outputs: S::Outputs,
}

impl<S: Saga> std::fmt::Debug for Memory<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl<S: Saga> Memory<S> {
    /// The memory of an instance that was started with `input`.
    pub fn new(input: S::Input) -> Self {
        Self { input, outputs: S::outputs() }
    }
}

/// How a value is written and read. The macro asks for one per type of a saga, so that a missing derive is one
/// mistake wherever the type is used.
pub struct Codec<T> {
    encode: fn(&T) -> Result<Payload, String>,
    decode: fn(&Payload) -> Result<T, String>,
}

/// The [`Codec`] of `T`.
pub const fn codec<T: Payloads>() -> Codec<T> {
    Codec { encode: encode::<T>, decode: decode::<T> }
}

impl<T> Codec<T> {
    /// Writes a value.
    pub(crate) fn encode(self, value: &T) -> Result<Payload, String> {
        (self.encode)(value)
    }

    /// Reads a value.
    pub(crate) fn decode(self, payload: &Payload) -> Result<T, String> {
        (self.decode)(payload)
    }
}

impl<T> Clone for Codec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Codec<T> {}

impl<T> std::fmt::Debug for Codec<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codec").finish_non_exhaustive()
    }
}

/// Reads `payload` as a `T`. It is read where many instances are brought in, so a panic of the type's own code
/// is an error like any other.
pub(crate) fn decode<T: DeserializeOwned>(payload: &Payload) -> Result<T, String> {
    match catch_unwind(|| serde_json::from_str(payload.as_str())) {
        Ok(read) => read.map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("the stored value does not read as `{}`: line {line}, column {column}", type_name::<T>())
        }),
        Err(_panic) => Err(format!("reading the stored value as `{}` panicked", type_name::<T>())),
    }
}

/// Writes `value` as JSON, and reads it back: what is not readable later is no value to rely on, such as a number
/// that is none. The error names the type only: what serde says may quote the value.
pub(crate) fn encode<T: Serialize + DeserializeOwned>(value: &T) -> Result<Payload, String> {
    let text = serde_json::to_string(value)
        .and_then(RawValue::from_string)
        .map_err(|_| format!("a value of `{}` cannot be written as JSON", type_name::<T>()))?;
    let payload = Payload::json(text);
    // What was read is dropped here, in the user's own way: a panic there says nothing of the value.
    match decode::<T>(&payload).map(|read| catch_unwind(AssertUnwindSafe(|| drop(read)))) {
        Ok(_dropped) => Ok(payload),
        Err(_) => Err(format!("a value of `{}` cannot be read back from its JSON", type_name::<T>())),
    }
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn a_value_that_does_not_read_back_is_none() {
        assert!(encode(&1.5_f64).is_ok());
        let error = encode(&f64::NAN).unwrap_err();
        assert!(error.contains("cannot be read back"), "{error}");
    }
}

//! The typed values of one instance.

use std::any::type_name;
use std::panic::catch_unwind;
use std::sync::OnceLock;

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

/// How an output is written and read. The macro asks for one per output type of a saga, so that a missing derive
/// is one mistake wherever the type is used.
pub struct Codec<T> {
    encode: fn(&T) -> Result<Payload, String>,
    decode: fn(&Payload) -> Result<T, String>,
}

/// The [`Codec`] of `T`.
pub const fn codec<T: Payloads>() -> Codec<T> {
    Codec { encode: encode::<T>, decode: decode::<T> }
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

/// Room for the output of one step.
pub struct Slot<T> {
    output: OnceLock<T>,
    codec: Codec<T>,
}

impl<T> std::fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("filled", &self.get().is_some()).finish()
    }
}

impl<T> Slot<T> {
    /// Room for an output that is written and read by `codec`.
    pub const fn new(codec: Codec<T>) -> Self {
        Self { output: OnceLock::new(), codec }
    }

    /// The output, once the step has succeeded.
    pub fn get(&self) -> Option<&T> {
        self.output.get()
    }

    /// Writes an output.
    pub(crate) fn encode(&self, output: &T) -> Result<Payload, String> {
        (self.codec.encode)(output)
    }

    /// Keeps the output. A second one is dropped: a step succeeds once.
    pub(crate) fn fill(&self, output: T) {
        let _second = self.output.set(output);
    }

    /// The output, taken out.
    pub fn take(self) -> Option<T> {
        self.output.into_inner()
    }
}

/// A [`Slot`] whose type is known to the saga only.
pub trait AnySlot: Send + Sync {
    /// Reads an output that was kept.
    ///
    /// # Errors
    /// A text that names the type and the place, never what stands there.
    fn restore(&self, output: &Payload) -> Result<(), String>;
}

impl<T: Send + Sync> AnySlot for Slot<T> {
    fn restore(&self, output: &Payload) -> Result<(), String> {
        (self.codec.decode)(output).map(|output| self.fill(output))
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

/// Writes `value` as JSON. The error names the type only: what serde says may quote the value.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Payload, String> {
    serde_json::to_string(value)
        .and_then(RawValue::from_string)
        .map(Payload::json)
        .map_err(|_| format!("a value of `{}` cannot be written as JSON", type_name::<T>()))
}

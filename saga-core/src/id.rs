//! Names and numbers that identify things: instances, steps, entries, stays of a worker.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest id of an instance, in bytes: it is a key in every store and a part of every idempotency key.
pub const INSTANCE_ID_BYTES_MAX: usize = 256;

/// The id of one run of a saga, unique in its store over all sagas: 1 to 256 bytes, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct InstanceId(Arc<str>);

impl InstanceId {
    /// Checks `id` and wraps it.
    ///
    /// # Errors
    /// [`InvalidId`] if it is empty, longer than [`INSTANCE_ID_BYTES_MAX`] or has control characters: choose
    /// another id.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidId> {
        let id = id.into();
        if id.is_empty() {
            return Err(InvalidId::Empty);
        }
        if id.len() > INSTANCE_ID_BYTES_MAX {
            return Err(InvalidId::TooLong { bytes: id.len() });
        }
        match id.chars().position(char::is_control) {
            Some(position) => Err(InvalidId::ControlCharacter { position }),
            None => Ok(Self(id.into())),
        }
    }

    /// Wraps `id` whatever it is, for contexts that belong to no instance.
    #[cfg(feature = "runtime")]
    pub(crate) fn unchecked(id: &str) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<InstanceId> for String {
    fn from(id: InstanceId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl From<&InstanceId> for String {
    fn from(id: &InstanceId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl<'de> Deserialize<'de> for InstanceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Why a text is not an [`InstanceId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// The id has no characters.
    #[error("an instance id must not be empty")]
    Empty,
    /// The id is longer than [`INSTANCE_ID_BYTES_MAX`].
    #[error("an instance id has at most {INSTANCE_ID_BYTES_MAX} bytes, this one has {bytes}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The id has a control character, such as a line break.
    #[error("an instance id has no control characters, this one has one as character {position} (from 0)")]
    ControlCharacter {
        /// Which character, counted from 0.
        position: usize,
    },
}

/// The name of a step in the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepName(Arc<str>);

impl StepName {
    /// Wraps `name`. The macro has checked the names of a saga's steps; a name read back is whatever was kept.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for StepName {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for StepName {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

/// The place of a step in its saga's declaration, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepIndex(u8);

impl StepIndex {
    /// The most steps a saga may have: a set of them is one machine word.
    pub const STEPS_MAX: usize = 64;

    /// The step at `index`, if a saga can have one there.
    pub const fn new(index: usize) -> Option<Self> {
        if index < Self::STEPS_MAX {
            #[expect(clippy::cast_possible_truncation, reason = "less than STEPS_MAX")]
            let index = index as u8;
            return Some(Self(index));
        }
        None
    }

    /// The index as a number.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// The number of an entry in the journal of its instance, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(u64);

impl Seq {
    /// The entry that creates an instance.
    pub const FIRST: Self = Self(1);

    /// The `number`th entry, from 1.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The entry after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The fencing token of one worker's stay at a store. A store gives each stay a higher one, and takes an entry
/// only under the epoch that its instance was last claimed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch with this number, from 1.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

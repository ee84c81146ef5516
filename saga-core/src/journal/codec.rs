//! How entries are written: the one place that knows.

use crate::definition::Shape;
use crate::journal::{EncodedEntry, Entry, Event, Payload};

/// The number of the format this code writes. Journals in older formats stay readable.
pub const FORMAT: u32 = 1;

/// Writes an entry.
///
/// # Errors
/// If an event cannot be written as JSON, which no event of this version can.
pub fn encode(entry: &Entry) -> Result<EncodedEntry, CodecError> {
    let events = serde_json::to_string(&entry.events).map_err(|error| CodecError::malformed(&error))?;
    Ok(EncodedEntry { seq: entry.seq, epoch: entry.epoch, at: entry.at, format: FORMAT, events })
}

/// Reads an entry.
///
/// # Errors
/// [`CodecError`] if it is in a format that this code does not know, or its events are not what that format
/// says. Nothing is guessed: the instance is unreadable until a version comes that reads it.
pub fn decode(entry: &EncodedEntry) -> Result<Entry, CodecError> {
    if entry.format != FORMAT {
        return Err(CodecError::UnknownFormat { format: entry.format });
    }
    let events: Vec<Event> =
        serde_json::from_str(&entry.events).map_err(|error| CodecError::malformed(&error))?;
    Ok(Entry { seq: entry.seq, epoch: entry.epoch, at: entry.at, events })
}

/// Writes the shape of a saga.
///
/// # Errors
/// If it cannot be written as JSON, which no shape of this version can.
pub fn encode_shape(shape: &Shape) -> Result<String, CodecError> {
    serde_json::to_string(shape).map_err(|error| CodecError::malformed(&error))
}

/// Reads the shape of a saga.
///
/// # Errors
/// [`CodecError`] if it is not what [`encode_shape`] writes.
pub fn decode_shape(text: &str) -> Result<Shape, CodecError> {
    serde_json::from_str(text).map_err(|error| CodecError::malformed(&error))
}

/// Reads a payload that a store keeps by itself, such as that of a signal.
///
/// # Errors
/// [`CodecError`] if it is not JSON.
pub fn decode_payload(text: &str) -> Result<Payload, CodecError> {
    serde_json::from_str(text).map_err(|error| CodecError::malformed(&error))
}

/// Why an entry or a shape cannot be read or written. It names places, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The entry is in a format that this version does not know.
    #[error("the entry has format {format}, this version reads up to {FORMAT}")]
    UnknownFormat {
        /// Its format.
        format: u32,
    },
    /// The text is not what its format says.
    #[error("malformed in line {line}, column {column}")]
    Malformed {
        /// The line in the text, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

impl CodecError {
    /// The place of `error`. Its text may quote a payload, so it is not kept.
    fn malformed(error: &serde_json::Error) -> Self {
        Self::Malformed { line: error.line(), column: error.column() }
    }
}

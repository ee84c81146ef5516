//! How entries are written: the one place that knows.

use crate::journal::{EncodedEntry, Entry, Event};

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

/// Why an entry cannot be read or written. It names places, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The entry is in a format that this version does not know.
    #[error("the entry has format {format}, this version reads up to {FORMAT}")]
    UnknownFormat {
        /// Its format.
        format: u32,
    },
    /// The events are not what their format says.
    #[error("the events of the entry are malformed in line {line}, column {column}")]
    Malformed {
        /// The line in the text of the events, from 1.
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

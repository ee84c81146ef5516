//! The unit of the journal.

use crate::id::{Epoch, Seq};
use crate::journal::Event;
use crate::time::Timestamp;

/// Everything that one input made true of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: Seq,
    /// The stay of the worker that wrote it.
    pub epoch: Epoch,
    /// When it was decided.
    pub at: Timestamp,
    /// What became true, in order.
    pub events: Vec<Event>,
}

/// An [`Entry`] as stores keep it: its events as text in a format with a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedEntry {
    /// Its number, from 1.
    pub seq: Seq,
    /// The stay of the worker that wrote it.
    pub epoch: Epoch,
    /// When it was decided.
    pub at: Timestamp,
    /// The number of the format of `events`; see [`codec::FORMAT`](crate::journal::codec::FORMAT).
    pub format: u32,
    /// The events as JSON text.
    pub events: String,
}

//! What is kept.

use crate::definition::{Shape, ShapeId};
use crate::journal::{EncodedEntry, Head};
use crate::store::Signal;

/// An instance as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its head.
    pub head: Head,
    /// Its entries, from the first.
    pub entries: Vec<EncodedEntry>,
    /// Its signals, in the order of their arrival, also those that its entries tell of.
    pub signals: Vec<Signal>,
}

/// A saga in a version, with its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defined {
    /// The saga's name.
    pub saga: String,
    /// Its version.
    pub version: u32,
    /// Its shape.
    pub shape: Shape,
}

impl Defined {
    /// The short name of its shape.
    pub fn shape_id(&self) -> ShapeId {
        self.shape.id()
    }
}

/// Whether unfinished instances have a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InUse {
    /// Some have.
    Yes,
    /// None has.
    No,
}

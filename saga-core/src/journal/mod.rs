//! What is written down of an instance, and only that is true of it.
//!
//! An [`Entry`] is everything that one input made true. Entries are numbered from 1 without gaps, and the state
//! of an instance is the fold of their [`Event`]s. Only the types of this module are serialized, and only
//! [`codec`] knows how.

pub mod codec;
mod decision;
mod entry;
mod event;
mod head;
mod payload;
mod trace;

#[cfg(test)]
mod tests;

pub use decision::{Cause, CheckNext, CompensationNext, FailureKind, Loss, Next, ParkReason, ResolutionKind};
pub use entry::{EncodedEntry, Entry};
pub use event::Event;
pub use head::{Head, InstanceState, Progress};
pub use payload::Payload;
pub use trace::{InvalidTrace, TraceContext};

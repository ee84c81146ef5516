//! The machine: it decides, and does nothing.
//!
//! `Machine` = definition + fold of the journal. An [`Input`] goes in, with the time; out come the events that
//! it made true, already applied. The runtime makes an entry of them, and once that is durable acts on each:
//! [`Action::of`] an event says what it asks for. If the entry cannot be written the machine is dropped, not
//! taken back.

mod input;

pub use input::{Action, AttemptEnd, Input, Pace};

//! The machine: it decides, and does nothing.
//!
//! `Machine` = definition + fold of the journal. An [`Input`] goes in, with the time; out come the events that
//! it made true, already applied. The runtime makes an entry of them, and once that is durable acts on each:
//! [`Action::of`] an event says what it asks for. If the entry cannot be written the machine is dropped, not
//! taken back.
//!
//! What may follow what is written once, in `table`, for a step and for each item of one that fans out. `fold`
//! applies events and reads no policy. The others decide which event comes next, and do read policies: `prepare`
//! and `forward` on the way to the end, `doubt`, `window` and `recover` where nobody knows what became of a call,
//! `cancel` and `compensate` on the way back, `resolve` for people. `items` keeps counts and indexes, so that an
//! event of one item costs the same whatever their number.
//!
//! What came from outside goes in before [`Input::Proceed`]: a signal that is there counts, whatever the time.

mod status;
mod table;

mod clock;
mod fold;
mod items;
mod record;
mod state;

mod decide;
mod turn;

mod ask;
mod prepare;
mod signal;

mod compensate;
mod doubt;
mod fan_out;
mod forward;
mod loss;
mod recover;
mod window;

mod cancel;
mod child;
mod resolve;

mod report;
mod shown;
mod wake;

mod action;
mod error;
mod gate;
mod input;

#[cfg(test)]
mod tests;

pub use action::Action;
pub use decide::Machine;
pub use error::{Illegal, ReplayError, Unexpected};
pub use gate::{Gate, Pace};
pub use input::{Answer, AttemptEnd, ChildNeed, Decision, Input, Question, Target};
pub use state::State;

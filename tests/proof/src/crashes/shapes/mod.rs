//! The sagas whose histories are gone through.

mod deadlines;
mod doubt;
mod family;
mod forks;
mod messages;
mod pivots;
mod sequences;
mod waiting;

pub(crate) use deadlines::{Deadline, DeadlineDelay, DeadlinePivot};
pub(crate) use doubt::{Doubt, ParkedPivot};
pub(crate) use family::Child;
pub(crate) use forks::{Diamond, FanOut};
pub(crate) use messages::{Signal, Within};
pub(crate) use pivots::{Pivot, Tail};
pub(crate) use sequences::{Five, Four, One, Three, Two};
pub(crate) use waiting::{Conditional, Delay, Skipped};

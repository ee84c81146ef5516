//! What an orchestrator counts and measures, through the facade of the crate `metrics`.
//!
//! `names` says what there is; `recording` writes it, with the feature `metrics`. Without it `silent` stands in its
//! place, whose calls do nothing.

mod names;

#[cfg(feature = "metrics")]
mod gauges;
#[cfg(feature = "metrics")]
mod recording;
#[cfg(not(feature = "metrics"))]
mod silent;

pub use names::*;

#[cfg(feature = "metrics")]
pub(crate) use gauges::watch;
#[cfg(feature = "metrics")]
pub(crate) use recording::{Meters, Recording};
#[cfg(not(feature = "metrics"))]
pub(crate) use silent::{Meters, Recording, watch};

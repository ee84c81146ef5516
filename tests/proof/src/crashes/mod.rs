//! Every crash point: the real orchestrator drives sagas of many shapes over services that deviate at one or two
//! places, and the process dies at every moment at which something may be left behind, and in its next life once more.
//!
//! Lives run one after the other, in simulated time, on one thread. A dead process leaves behind what is in its store
//! and what its services have done, and nothing else; so a life does not have to be cut short to be gone on from.
//! What it would leave behind is copied at every moment while it runs to its end.

mod check;
mod explore;
mod history;
mod life;
mod recorder;
mod run;
mod script;
mod seen;
mod services;
mod shape;
mod shapes;
mod store;
mod watch;
mod world;

#[cfg(test)]
mod tests;

pub(crate) use run::{Choice, run};
pub(crate) use store::bytes_of;

//! Every crash point: the real orchestrator drives sagas of many shapes over services that deviate at one or two
//! places, and the process dies at every moment at which something may be left behind, and in its next life once more.
//!
//! Lives run one after the other, in simulated time, on one thread. A dead process leaves behind what is in its store
//! and what its services have done, and nothing else; so a life does not have to be cut short to be gone on from.
//! What it would leave behind is copied at every moment while it runs to its end.
//!
//! # What deviates
//! A call of a step or a compensation is refused, not done, lost with its effect or without, not answered in time or
//! answered after the deadline, panics, or is cancelled meanwhile; a check does not know. A pure method panics or answers
//! otherwise. A message does not come, comes while it is waited for, when its time passes or too late, twice, or with
//! another one. At each append the client cancels, leaves and comes back, or the process is shut down and another one
//! goes on. What has completed is reverted. What is parked is tried again, or looked at where it is in doubt.
//!
//! # What is not gone through
//! - Deaths in the middle of an append: that it is made whole or not at all is a law of stores, which each store is
//!   tested for.
//! - Other orders of what happens at once: one thread runs tasks in the order in which they wake. The models go through
//!   all of them.
//! - Other pauses between two processes than one that is longer than the lease, after a death, and one that is shorter,
//!   after a shutdown.
//! - Deaths between the answer of a pure method and the append that holds it: nothing of it is left behind, so that they
//!   are deaths before it was asked.
//! - A method that gives a child another input than before: it is not pure, and its step is parked for as long as that
//!   is so.
//! - A client that leaves before its start was handed in: nothing has happened. It leaves at each append, that of the
//!   first entry included, before it is told of it.
//! - A shutdown during an attempt that blocks its thread: there is no other thread.
//! - `Skip`: a person leaves an effect standing, so that there is nothing to judge.
//! - More than one instance, but for a child; limits on payloads, items and places.

mod act;
mod check;
mod explore;
mod history;
mod life;
mod process;
mod recorder;
mod remains;
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

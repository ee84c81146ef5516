//! One instance in memory: its machine, its inbox, and the entry that is being written.
//!
//! An input goes into the inbox; `decide` lets the machine decide and hands in the entry; `written` learns that it
//! is durable, `act` does what it asks for, and `rest` sees whether the instance waits or leaves memory.

mod live;

mod create;
mod decide;
mod folded;
mod hear;
mod news;
mod written;

mod act;
mod attend;
mod flag;
mod rest;
mod told;

pub(crate) use live::{Arrival, Arriving, Created, Live, Reply};

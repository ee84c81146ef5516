//! Bringing instances into memory: those that a crash left unfinished, those whose time has come, those that
//! were queued. By pages, and only as places are free.

mod feeder;
mod mislaid;
mod suspects;
mod trial;

pub(crate) use feeder::run;
pub(crate) use mislaid::Mislaid;
pub(crate) use suspects::{Suspects, Suspicion};

//! The example `order_flow` is killed with SIGKILL, which nothing in it can notice, and finishes when it is run
//! again on the same databases.
//!
//! The moments are chosen by what is committed in the journal, so that they are spread over the whole run
//! however fast the machine is.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails in a test fails the test")]

mod journal;
mod kill;
#[path = "../order_flow/program.rs"]
mod program;

mod moments;
mod poison;
mod sequences;

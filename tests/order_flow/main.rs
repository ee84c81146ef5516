//! The example `order_flow` as its users meet it: a program with options, output and an exit status.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails in a test fails the test")]

mod audit;
mod crash;
mod input;
mod program;
mod results;

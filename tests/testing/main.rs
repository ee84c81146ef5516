//! The test kit, as its users use it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails; clippy's own exception does not reach into helpers"
)]

mod cases;
mod classics;
mod clients;
mod contract;
mod deadlines;
mod family;
mod language;
mod limits;
mod real;
mod repeats;
mod reports;
mod sound;
mod support;

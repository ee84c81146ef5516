//! The test kit, as its users use it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod classics;
mod support;

//! What the library does, seen through the facade: on both stores, on failing ones, across crashes.

mod support;

mod admission;
mod attempts;
mod crash_points;
mod failing_store;
mod keys;
mod lifecycle;
mod outcomes;
mod parking;
mod start;
mod versions;

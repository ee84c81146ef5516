//! What the library does, seen through the facade: on both stores, on failing ones, across crashes.

mod support;

mod attempts;
mod crash_points;
mod keys;
mod lifecycle;
mod outcomes;
mod parking;
mod start;
mod versions;

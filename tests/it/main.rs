//! What the library does, seen through the facade: on both stores, on failing ones, across crashes.

mod support;

mod admission;
mod crash_points;
mod failing_store;
mod group_commit;
mod inline;
mod lifecycle;
mod outcomes;
mod parking;
mod payloads;
mod prefixes;
mod recovery;
mod start;
mod tracing;

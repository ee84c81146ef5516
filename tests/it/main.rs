//! What the library does, seen through the facade: on both stores, on failing ones, across crashes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails; clippy's own exception does not reach into helpers"
)]

mod support;

mod start;

mod outcomes;

mod keys;

mod attempts;
mod between_stays;

mod forks;

mod parking;

mod language;

mod admission;

mod last_moments;
mod lifecycle;
mod trial;

mod crash_points;
mod prefixes;

mod damaged_pages;
mod failing_store;

mod leases;
mod stays;

mod group_commit;

mod waiting;

mod operations;

mod peers;

mod versions;

mod observability;

mod files;
mod inline;
mod logs;

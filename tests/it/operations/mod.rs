//! What is done to instances from outside, and asked about them.

mod desk;
mod scenes;

mod matrix;

mod bulk;
mod cancel;
mod resolving;
mod revert;

mod asking;

mod purging;
mod report;

mod attention;
mod queue;

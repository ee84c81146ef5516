//! `for_each`: a step that runs once for each item of a list, each with attempts, a key and a compensation of
//! its own.

mod crashing;
mod failing;
mod kinds;
mod listing;
mod running;
mod warehouse;

//! The four services. Each is a trait, what the orchestrator needs of it, and an implementation with a
//! database file and transactions of its own. None knows of the others, and none knows of sagas: all that they
//! bring to one is that they remember calls by key ([`barrier`]).

mod barrier;
mod database;
pub(crate) mod inventory;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod shipments;

pub(crate) use barrier::Late;
#[cfg(test)]
pub(crate) use database::ServiceError;

#[cfg(test)]
mod tests;

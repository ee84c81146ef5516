//! Every state of small models: the real machine, driven by two workers over one store, with everything in the order in
//! which it may happen.
//!
//! A worker may die at any moment and come up again, or lose its lease and not know it; an entry may become durable
//! before or after its worker has died; a request may be lost, or arrive when nobody waits for it any more; a timer may
//! go off, and a client cancel, whenever they may. The machine is that of the library. What surrounds it is as simple as
//! it can be and keeps to the laws of a store and the rules of a participant.

mod action;
mod checker;
mod clock;
mod ledger;
mod next;
mod promise;
mod run;
mod saga;
mod see;
mod services;
mod show;
mod state;
mod turn;

#[cfg(test)]
mod tests;

pub(crate) use run::{Choice, run};

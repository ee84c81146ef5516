//! The simulation: from one number everything is drawn, and run on one thread in simulated time. Random sagas and their
//! clients, one to three workers at one store, processes that die, most of them in the midst of something, stand still
//! longer than their lease, are shut down and started again, clocks that jump by a day, a store that fails with and
//! without an effect and is slow before it and after it, services that refuse, hang, panic and act late.
//!
//! After a time the weather is over, and within a bound everything has to have ended. A judge sees all of it. The same
//! seed is the same run, so whatever is found can be repeated.

mod caller;
mod client;
mod damage;
mod draw;
mod drawn;
mod explore;
mod fleet;
mod judge;
mod person;
mod place;
mod plan;
mod process;
mod run;
mod seen;
mod services;
mod show;
mod store;
mod weather;
mod world;

#[cfg(test)]
mod tests;

pub(crate) use explore::{Choice, run};

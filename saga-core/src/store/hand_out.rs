//! What is handed out.

use crate::id::InstanceId;
use crate::time::Timestamp;

/// Which instances to claim.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Any that are active and wait for no time (`due` is none), the oldest first, at most `limit`. The oldest is
    /// the one that was created first, whatever the clocks of its creators said.
    Active {
        /// The most to hand out.
        limit: usize,
    },
    /// This one, whatever its state, unless another stay drives it: one that waits, is parked, cannot be read or has
    /// ended nobody does. It is handed out too if this stay has it.
    One(&'a InstanceId),
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// The instances whose time has come.
    pub ids: Vec<InstanceId>,
    /// When the next one is due, of those that were not handed out. It may be at or before `now`.
    pub next: Option<Timestamp>,
}

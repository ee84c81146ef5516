//! The numbers of instances that are being written to.

use std::collections::HashMap;

use saga_core::id::InstanceId;

/// How many numbers are kept: more than are active at once in most programs, in a few MiB.
const NUMBERS_MAX: usize = 16 * 1024;

/// The numbers of instances that are being written to, so that an append need not look for its instance in the
/// index of ids. An instance keeps its number as long as it exists.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<InstanceId, i64>);

impl Numbers {
    pub(super) fn of(&self, id: &InstanceId) -> Option<i64> {
        self.0.get(id).copied()
    }

    pub(super) fn keep(&mut self, id: &InstanceId, number: i64) {
        if self.0.len() >= NUMBERS_MAX {
            // Those in use come back at their next append.
            self.0.clear();
        }
        self.0.insert(id.clone(), number);
    }

    pub(super) fn forget(&mut self, id: &InstanceId) {
        self.0.remove(id);
    }
}

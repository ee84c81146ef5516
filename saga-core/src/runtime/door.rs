//! Which steps of an instance may start: none while it is queued or the orchestrator ends, and of a limited
//! step only as many attempts as its limit allows.

use std::sync::Arc;

use crate::definition::Definition;
use crate::id::{InstanceId, StepIndex};
use crate::machine::Gate;
use crate::runtime::limits::{Limit, Limits, Permit};

/// The gate that an instance's machine asks.
pub(crate) struct Door<'a> {
    pub(crate) is_open: bool,
    pub(crate) limits: &'a Limits,
    pub(crate) definition: &'a Definition,
    pub(crate) id: &'a InstanceId,
    /// For the attempts that start.
    pub(crate) permits: Vec<(StepIndex, Permit)>,
    /// Where an attempt has to wait in line for another to end.
    pub(crate) refused: Vec<Arc<Limit>>,
}

impl Gate for Door<'_> {
    fn is_open(&self) -> bool {
        self.is_open
    }

    fn may_start(&mut self, step: StepIndex) -> bool {
        if !self.is_open {
            return false;
        }
        let Some(limit) = self.limits.get(self.definition, step) else { return true };
        match limit.take(self.id) {
            Some(permit) => {
                self.permits.push((step, permit));
                true
            }
            None => {
                self.refused.push(Arc::clone(limit));
                false
            }
        }
    }
}

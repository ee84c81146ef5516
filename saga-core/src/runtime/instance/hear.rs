//! Signals, in the order in which they came: those in the store first, then those that it is told of.

use std::sync::Arc;

use super::live::{Arrival, Core, Live};
use crate::runtime::inbox;
use crate::store::Signal;

impl Live {
    /// Brings signals; `false` if it is no longer in memory.
    pub(crate) fn feed_signals(self: &Arc<Self>, signals: &[Signal]) -> bool {
        let mut core = self.core();
        self.take_signals(&mut core, signals);
        let is_here = !core.gone;
        self.decide(&mut core);
        is_here
    }

    /// Has it decide on nothing until it [hears](Self::hear) of the signals that nobody told it of.
    pub(crate) fn deafen(&self) {
        self.core().deaf = Some(Vec::new());
    }

    /// Brings the signals that came before anybody could find it, before those that it was told of since.
    pub(crate) fn hear(self: &Arc<Self>, late: &[Signal]) {
        let mut core = self.core();
        let Some(told) = core.deaf.take() else { return };
        self.take_signals(&mut core, late);
        self.take_signals(&mut core, &told);
        self.decide(&mut core);
    }

    /// Puts signals into the inbox. They are read under the lock: the first one read is what its step is called with,
    /// and is to be the first one that the machine hears of.
    pub(super) fn take_signals(&self, core: &mut Core, signals: &[Signal]) {
        match &mut core.deaf {
            Some(told) => told.extend_from_slice(signals),
            None => core.inbox.extend(inbox::inputs(self, signals).into_iter().map(Arrival::from)),
        }
    }
}

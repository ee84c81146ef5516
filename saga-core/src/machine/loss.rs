//! What is known of an attempt that was running when the process died.

use crate::fault::{FaultKind, FaultRecord};

/// The word for it, where an error has its code.
const CODE: &str = "lost";

/// A lost attempt counts as failed in doubt: its code is dead, its request may not be. There is nothing to wait
/// for, so what may be tried again is tried at once.
pub(super) fn fault() -> FaultRecord {
    let mut fault =
        FaultRecord::new(FaultKind::InDoubt, CODE, "the process died before the attempt had ended");
    fault.retry_after_ms = Some(0);
    fault
}

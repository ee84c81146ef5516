//! What is known of an attempt that was running when the process died, and what follows if it took the process
//! with it.

use super::record::Tries;
use crate::fault::{FaultKind, FaultRecord};
use crate::journal::{CheckNext, CompensationNext, Next, ParkReason};

/// So many attempts in a row that took the process with them park their step. Once and twice may be chance: the
/// machine, the memory, a deployment. Each further one takes the process from all the others.
pub(super) const CRASH_LOOP: u32 = 3;

/// What is said of what is parked for that.
pub(super) const LOOPS: &str = "its last 3 attempts took the process with them";

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

/// Whether what was tried like this has taken the process with it too often to be called again.
pub(super) const fn loops(tries: Tries) -> bool {
    tries.deaths >= CRASH_LOOP
}

/// What follows in a crash loop, in place of `next`. A check tells what became of the last call, and calls nothing
/// again; what is parked in doubt stays so.
pub(super) fn stop(next: Next) -> Next {
    match next {
        Next::CheckAt(_) | Next::Park(ParkReason::InDoubt) => next,
        Next::RetryAt(_) | Next::Void | Next::InDoubt | Next::Park(_) => Next::Park(ParkReason::CrashLoop),
    }
}

/// What follows in a crash loop of a check, in place of `next`. What need not be known is not asked again.
pub(super) fn stop_check(next: CheckNext) -> CheckNext {
    match next {
        CheckNext::InDoubt => next,
        CheckNext::CheckAt(_) | CheckNext::Park(_) => CheckNext::Park(ParkReason::CrashLoop),
    }
}

/// What follows in a crash loop of a compensation.
pub(super) const STOP_COMPENSATION: CompensationNext = CompensationNext::Park(ParkReason::CrashLoop);

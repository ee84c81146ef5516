//! How long a service remembers idempotency keys. After that a call in doubt must not be repeated: the step
//! counts as not idempotent.

use super::clock::Clock;
use super::error::Illegal;
use super::state::{Unit, UnitIndex};
use super::status::Method;
use super::turn::{Start, Turn, cannot_settle};
use crate::definition::StepKind;
use crate::fault::{FaultKind, FaultRecord};

/// Whether a repeated call with the same key has no further effect now. A clock that went back meanwhile
/// counts as time that has passed: it errs to the safe side.
pub(super) fn is_idempotent(unit: Unit<'_>, clock: Clock) -> bool {
    let (Some(within), Some(since)) = (unit.of.idempotent_within, unit.record.called_since) else {
        return unit.of.idempotent;
    };
    let now = clock.now;
    let is_known = since.went_back == now.went_back && since.at <= now.at && now.at.since(since.at) < within;
    unit.of.idempotent && is_known
}

/// Whether a call whose outcome is unknown may be repeated now, since the call itself tells the truth.
pub(super) fn is_repeatable(unit: Unit<'_>, clock: Clock) -> bool {
    is_idempotent(unit, clock) || unit.of.kind == StepKind::ReadOnly
}

/// Whether its next call was to tell what became of an earlier one, and may not be made any more.
pub(super) fn is_forgotten(unit: Unit<'_>, clock: Clock) -> bool {
    unit.record.doubt && unit.of.is_repeatable() && !is_repeatable(unit, clock)
}

impl Turn<'_> {
    /// Learns in another way what became of a call that may not be repeated any more: by its check, or as
    /// `in_doubt` says.
    pub(super) fn clear_up(&mut self, at: UnitIndex) -> Result<Start, Illegal> {
        let Some(unit) = self.unit(at) else { return Ok(Start::NotYet) };
        if let Some(check) = &unit.of.check {
            let have_arrived = self.clock().arrived(unit, check) <= self.now;
            return if have_arrived { self.start(at, Method::Check) } else { Ok(Start::NotYet) };
        }
        let next = self.unanswered(unit);
        let cause = self.cause(unit, &next, &last_fault(unit, FaultKind::InDoubt));
        match cause {
            Some(cause) => self.turn_around(Some(cause))?,
            None => {
                let event = cannot_settle(unit);
                self.record(event)?;
            }
        }
        Ok(Start::Done)
    }
}

/// What the last attempt of `unit` said, now that it is known to be a failure of this kind.
pub(super) fn last_fault(unit: Unit<'_>, kind: FaultKind) -> FaultRecord {
    let failure = unit.record.failure.as_deref();
    FaultRecord {
        kind,
        code: failure.and_then(|failure| failure.code.clone()),
        message: failure.map(|failure| failure.message.clone()).unwrap_or_default(),
        sources: Vec::new(),
        retry_after_ms: None,
    }
}

//! Noting that something has happened that has to happen somewhere.

use saga_core::fault::FaultKind;
use saga_core::journal::{Event, FailureKind, Next, ParkReason};

use super::promise::Seen;
use super::saga::Saga;
use super::state::State;
use crate::record::Stands;

impl Saga {
    /// Notes what an entry that became durable tells.
    pub(super) fn see(&self, state: &mut State, event: &Event) {
        let saw = |seen| self.counts.saw(seen);
        let step = event.step().and_then(|step| self.definition.index_of(step));
        let checks = step.map_or(0, |step| state.store.ledger.records[step.get()].checks);
        match event {
            Event::AttemptLost { next, .. } => {
                state.past.doubted = true;
                if matches!(next, Next::Park(ParkReason::CrashLoop)) {
                    saw(Seen::CrashLoop);
                }
            }
            Event::AttemptFailed { fault, .. } if fault.kind == FaultKind::InDoubt => {
                state.past.doubted = true;
            }
            Event::StepStarted { .. } if state.store.ledger.goes_back() => saw(Seen::Settled),
            Event::StepSucceeded { .. } => {
                let seen =
                    [(step == self.definition.pivot(), Seen::PivotPassed), (checks > 0, Seen::CheckedDone)];
                seen.into_iter().filter(|(happened, _)| *happened).for_each(|(_, seen)| saw(seen));
            }
            Event::CheckedVoid { .. } => saw(Seen::CheckedVoid),
            Event::SignalMissed { .. } => saw(Seen::SignalMissed),
            Event::CompensationDecided { cause } if cause.kind == FailureKind::Deadline => {
                saw(Seen::Deadline)
            }
            Event::CompensationStarted { .. } => {
                let records = state.store.ledger.records.iter();
                if records.filter(|record| record.stands == Stands::Compensating).count() > 1 {
                    saw(Seen::SideBySide);
                }
            }
            Event::Completed if state.past.crashed => saw(Seen::CompletedAfterCrash),
            Event::Compensated => {
                let seen = [
                    (state.past.crashed, Seen::CompensatedAfterCrash),
                    (state.past.doubted, Seen::CompensatedAfterDoubt),
                    (state.client.is_cancelled, Seen::Cancelled),
                ];
                seen.into_iter().filter(|(happened, _)| *happened).for_each(|(_, seen)| saw(seen));
            }
            _ => {}
        }
        if state.past.resolved && state.store.ledger.has_ended() {
            saw(Seen::Resolved);
        }
    }

    /// Notes in which state an instance is read back.
    pub(super) fn see_recovery(&self, state: &State) {
        let waits = state.store.fold.as_ref().is_some_and(|fold| fold.machine.waits_for_signal());
        if waits {
            self.counts.saw(Seen::RecoveredSignal);
        }
        for record in &state.store.ledger.records {
            match record.stands {
                Stands::Running => self.counts.saw(Seen::RecoveredAttempt),
                Stands::Checking => self.counts.saw(Seen::RecoveredCheck),
                Stands::Waiting => self.counts.saw(Seen::RecoveredWait),
                Stands::Compensating => self.counts.saw(Seen::RecoveredCompensation),
                Stands::Parked => self.counts.saw(Seen::RecoveredParked),
                Stands::Pending
                | Stands::Skipped
                | Stands::InDoubt
                | Stands::Void
                | Stands::Succeeded
                | Stands::Compensated => {}
            }
        }
    }
}

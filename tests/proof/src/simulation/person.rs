//! The person who looks after what is parked, and after instances that wait for a signal.

use std::time::Duration;

use sagas::Resolution;
use sagas::journal::ParkReason;

use super::client::{answered, signal, signals};
use super::fleet::{Fleet, Running};
use super::place::{Slot, Who, saga_of};
use super::seen::{Seen, Told};

/// How long a person waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Resolves everything that is parked, by asking the worker that is found.
pub(crate) async fn resolve(fleet: &Fleet, running: &Running) {
    for who in fleet.world.judge(|judge| judge.started()) {
        let (parked, saga) = fleet.world.judge(|judge| {
            let journal = judge.journal(who);
            let saga = journal.and_then(|journal| saga_of(journal.saga.as_deref()?));
            (journal.map(|journal| journal.all_parked()).unwrap_or_default(), saga)
        });
        let Some(saga) = saga else { continue };
        for ((step, item), reason) in parked {
            let slot = Slot { who, step, item };
            let resolution = resolution(fleet, slot, saga, reason);
            let resolve = running.orchestrator.resolve_step(who.to_string(), slot.name(), resolution);
            if let Some(Ok(())) = answered(&fleet.world, running, PATIENCE, resolve).await {
                fleet.world.count("person resolves");
                fleet.world.see(Seen::Told { who, what: Told::Resolved });
            }
        }
    }
}

/// How a person decides who has looked.
fn resolution(fleet: &Fleet, slot: Slot, saga: usize, reason: ParkReason) -> Resolution {
    let note = "somebody has looked".to_owned();
    // A child after the pivot that has taken itself back is done by hand.
    let child = Who { step: Some(slot.step), ..slot.who };
    let is_taken_back = slot.who.step.is_none()
        && fleet.world.judge(|judge| judge.journal(child).is_some_and(|journal| journal.compensated > 0));
    if reason == ParkReason::Refused && is_taken_back {
        return Resolution::Succeeded { output: slot.output().into(), note };
    }
    let is_compensating = fleet.world.judge(|judge| {
        judge
            .journal(slot.who)
            .is_some_and(|journal| journal.record((slot.step, slot.item)).compensations > 0)
    });
    if reason != ParkReason::InDoubt || is_compensating {
        return Resolution::Retry { note };
    }
    let service = fleet.world.service(saga, usize::from(slot.step));
    if fleet.world.services(|services| services.look(slot, service)) {
        Resolution::Succeeded { output: slot.output().into(), note }
    } else {
        Resolution::Void { note }
    }
}

/// Sends every signal that an instance may wait for.
pub(crate) async fn signal_all(fleet: &Fleet, running: &Running) {
    let started = fleet.world.judge(|judge| judge.started());
    for root in started.iter().filter(|who| who.step.is_none()) {
        for (who, saga, step) in signals(&fleet.world.family, Who::root(root.root)) {
            let is_waiting =
                fleet.world.judge(|judge| judge.journal(who).is_some_and(|journal| !journal.has_ended()));
            if is_waiting {
                let id = format!("last-{step}");
                let signal = signal(&running.orchestrator, who, saga, step, &id);
                if let Some(Ok(())) = answered(&fleet.world, running, PATIENCE, signal).await {
                    fleet.world.see(Seen::Told { who, what: Told::Signalled(id) });
                }
            }
        }
    }
}

//! Reading a journal back, and what its events ask for.

use std::sync::Arc;

use super::rig::*;
use crate::definition::{Definition, StepDefinition};
use crate::fault::FaultKind;
use crate::id::{Epoch, Seq};
use crate::journal::{CheckNext, CompensationNext, Entry, Event, Next, ParkReason};
use crate::machine::{Action, Machine, ReplayError};
use crate::time::Timestamp;

fn replay(definition: &Arc<Definition>, journal: &[Entry]) -> Result<(), ReplayError> {
    Machine::replay(definition.clone(), id(), journal).map(|_| ())
}

fn ended() -> Rig {
    Rig::begin_and_pass(chain([step("a"), step("b")]), &["a", "b"])
}

#[test]
fn an_empty_journal_is_none() {
    assert_eq!(replay(&ended().definition, &[]), Err(ReplayError::Empty));
}

#[test]
fn a_gap_is_found() {
    let mut rig = ended();
    rig.journal.remove(1);
    let gap = ReplayError::Gap { expected: Seq::new(2), found: Seq::new(3) };
    assert_eq!(replay(&rig.definition, &rig.journal), Err(gap));
    rig.journal.remove(0);
    let gap = ReplayError::Gap { expected: Seq::FIRST, found: Seq::new(3) };
    assert_eq!(replay(&rig.definition, &rig.journal), Err(gap));
}

#[test]
fn a_journal_of_another_definition_is_refused() {
    let rig = ended();
    let steps = || chain([step("a"), step("b")]);
    let others: [(&str, u32, Vec<StepDefinition>); 3] =
        [("other", 1, steps()), ("saga", 2, steps()), ("saga", 1, chain([step("a")]))];
    for (saga, version, steps) in others {
        let other = Arc::new(Definition::new(saga, version, steps, 0));
        assert!(matches!(replay(&other, &rig.journal), Err(ReplayError::OtherDefinition { .. })));
    }
}

#[test]
fn i4_a_changed_policy_does_not_change_what_a_journal_means() {
    let mut rig = Rig::begin_and_pass(chain([step("a").idempotent(), step("b")]), &[]);
    rig.fail("a", FaultKind::InDoubt);
    let other = chain([step("a").idempotent().retry(plain_retry(1)).park_in_doubt(), step("b")]);
    let other = Arc::new(Definition::new("saga", 1, other, 1));
    let replayed = Machine::replay(other, id(), &rig.journal).expect("the shape is the same");
    assert_eq!(replayed.state(), rig.machine.state());
}

#[test]
fn a_journal_begins_with_the_start() {
    let rig = ended();
    let entry = |events| Entry { seq: Seq::FIRST, epoch: Epoch::new(1), at: rig.now, events };
    let found = replay(&rig.definition, &[entry(vec![started("a", 1)])]);
    assert_eq!(found, Err(ReplayError::NotStarted { event: "StepStarted" }));
}

/// Every event, at every place of a journal where it does not belong, is refused; the state stays.
#[test]
fn what_cannot_have_happened_is_refused() {
    let rig = Rig::begin_and_pass(chain([step("a"), step("b")]), &["a"]);
    let impossible = [
        rig.journal[0].events[0].clone(),
        started("a", 2),
        started("b", 2),
        started("c", 1),
        succeeded("a"),
        failed("b", 2, FaultKind::NotDone, Next::Void),
        lost("a", 1, Next::Void),
        check_started("b", 1),
        checked_void("b", Next::Void),
        check_unknown("b", 1, CheckNext::InDoubt),
        compensating("a", 1),
        compensation_succeeded("a"),
        compensation_failed("a", 1, FaultKind::NotDone, CompensationNext::Park(ParkReason::Refused)),
        resolved("b"),
        Event::Completed,
        Event::Compensated,
    ];
    for event in impossible {
        let mut journal = rig.journal.clone();
        journal.push(Entry {
            seq: Seq::new(3),
            epoch: Epoch::new(1),
            at: rig.now,
            events: vec![event.clone()],
        });
        let found = replay(&rig.definition, &journal);
        assert!(matches!(found, Err(ReplayError::Illegal { seq, .. }) if seq == Seq::new(3)), "{event:?}");
    }
}

#[test]
fn i12_no_journal_compensates_around_a_pivot_that_may_have_been_done() {
    let rig = Rig::begin_and_pass(chain([step("a"), pivot("p").idempotent()]), &["a"]);
    let mut journal = rig.journal.clone();
    let decision = decided("p", crate::journal::FailureKind::InDoubt, 1);
    journal.push(Entry { seq: Seq::new(3), epoch: Epoch::new(1), at: rig.now, events: vec![decision] });
    assert!(matches!(replay(&rig.definition, &journal), Err(ReplayError::Illegal { .. })));
}

#[test]
fn events_ask_for_what_comes_next() {
    let at = Timestamp::from_millis(7);
    let wake = Some(Action::WakeAt(at));
    let kind = FaultKind::NotDone;
    let a = &name("a");
    let cases = [
        (started("a", 2), Some(Action::RunStep { step: a, item: None, attempt: 2 })),
        (check_started("a", 3), Some(Action::RunCheck { step: a, item: None, attempt: 3 })),
        (compensating("a", 4), Some(Action::RunCompensation { step: a, item: None, attempt: 4 })),
        (failed("a", 1, kind, Next::RetryAt(at)), wake.clone()),
        (failed("a", 1, kind, Next::CheckAt(at)), wake.clone()),
        (failed("a", 1, kind, Next::Void), None),
        (lost("a", 1, Next::RetryAt(at)), wake.clone()),
        (checked_void("a", Next::RetryAt(at)), wake.clone()),
        (check_unknown("a", 1, CheckNext::CheckAt(at)), wake.clone()),
        (check_unknown("a", 1, CheckNext::InDoubt), None),
        (compensation_failed("a", 1, kind, CompensationNext::RetryAt(at)), wake),
        (decided("a", crate::journal::FailureKind::NotDone, 1), Some(Action::CancelAttempts)),
        (Event::Completed, Some(Action::Finish)),
        (Event::Compensated, Some(Action::Finish)),
        (succeeded("a"), None),
        (resolved("a"), None),
        (blocked("a", ParkReason::Decode), None),
    ];
    for (event, action) in &cases {
        assert_eq!(Action::of(event), *action, "{event:?}");
    }
}

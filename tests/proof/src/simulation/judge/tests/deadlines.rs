//! Deadlines that are heeded too early, too late, or not at all.

use std::time::Duration;

use sagas::journal::{Event, FailureKind};
use sagas::store::Timestamp;

use super::ends::cut_before;
use super::{History, Wrote, is_compensated, is_completed, spoilt};
use crate::promise::Promise;
use crate::simulation::place::Who;

/// When the deadline of an instance passes, if its saga has one.
fn deadline(history: &History, who: Who) -> Option<Timestamp> {
    let after = history.saga(who)?.deadline_after()?;
    let start = history.events().find(|wrote| wrote.who == who)?;
    Some(start.entry.at.plus(after))
}

fn is_turned(event: &Event, kind: FailureKind) -> bool {
    matches!(event, Event::CompensationDecided { cause } if cause.kind == kind)
}

#[test]
fn i14_a_step_that_starts_after_the_deadline() {
    spoilt(&[Promise::I14], "starts a step after its deadline", |history| {
        let is_last = |wrote: &Wrote<'_>| {
            matches!(wrote.event, Event::StepStarted { .. })
                && history.saga(wrote.who).is_some_and(|saga| saga.pivot().is_none())
                && history.is_forward(wrote.who)
        };
        let (start, at) = history
            .events()
            .filter(is_last)
            .find_map(|wrote| Some((wrote.at, deadline(history, wrote.who)?)))?;
        history.entry(start).at = at;
        Some(())
    });
}

#[test]
fn i14_an_instance_that_compensates_for_a_deadline_before_it_passes() {
    spoilt(&[Promise::I14], "for a deadline that has not passed", |history| {
        let decided = history.events().find(|wrote| {
            let deadline = deadline(history, wrote.who);
            is_turned(wrote.event, FailureKind::Rejected) && deadline.is_some_and(|at| wrote.entry.at < at)
        })?;
        let (at, nth) = (decided.at, decided.nth);
        if let Event::CompensationDecided { cause } = &mut history.entry(at).events[nth] {
            cause.kind = FailureKind::Deadline;
        }
        Some(())
    });
}

#[test]
fn i14_an_instance_without_a_deadline_that_compensates_for_one() {
    spoilt(&[Promise::I14], "for a deadline that has not passed", |history| {
        let decided = history.events().find(|wrote| {
            is_turned(wrote.event, FailureKind::Rejected) && deadline(history, wrote.who).is_none()
        })?;
        let (at, nth) = (decided.at, decided.nth);
        if let Event::CompensationDecided { cause } = &mut history.entry(at).events[nth] {
            cause.kind = FailureKind::Deadline;
        }
        Some(())
    });
}

#[test]
fn i14_an_instance_that_compensates_for_its_deadline_after_its_pivot_has_started() {
    spoilt(&[Promise::I12, Promise::I14], "for a deadline that has not passed", |history| {
        let decided = history.events().find(|wrote| {
            let saga = history.saga(wrote.who);
            let pivot = saga.and_then(|saga| Some(saga.step(saga.pivot()?)?.name.clone()));
            is_turned(wrote.event, FailureKind::Deadline)
                && pivot.is_some()
                && history.compensations().all(|call| call.slot.who.root != wrote.who.root)
        })?;
        let saga = history.saga(decided.who)?;
        let step = saga.step(saga.pivot()?)?.name.clone();
        let is_before = |wrote: &Wrote<'_>| wrote.who == decided.who && wrote.at < decided.at;
        let at = history.events().rfind(is_before)?.at;
        history.entry(at).events.push(Event::StepStarted { step, item: None, attempt: 1 });
        Some(())
    });
}

#[test]
fn i14_an_instance_that_is_not_turned_around_when_its_deadline_passes() {
    spoilt(&[Promise::I14], "and it was not turned around", |history| {
        let turned = |wrote: &Wrote<'_>| is_turned(wrote.event, FailureKind::Deadline);
        let at = history.events().find(turned).filter(|_| history.is_fair)?.at;
        history.seen[at..].iter_mut().for_each(|(time, _)| *time += Duration::from_secs(5));
        Some(())
    });
}

#[test]
fn i14_an_instance_that_is_never_turned_around() {
    spoilt(&[Promise::I14, Promise::I19], "and it was not turned around", |history| {
        let turned = |wrote: &Wrote<'_>| is_turned(wrote.event, FailureKind::Deadline);
        let decided = history.events().rfind(turned)?;
        let (at, who) = (decided.at, decided.who);
        let passed = history.seen[at].0;
        cut_before(history, at, who)?;
        // There are few in which nothing befalls anybody.
        history.is_fair = true;
        history.seen.last_mut()?.0 = passed + Duration::from_secs(5);
        let has_ended = |who| history.has(who, is_completed) || history.has(who, is_compensated);
        let is_last = history.end.kept.iter().all(|kept| kept.who == who || has_ended(kept.who));
        (is_last && history.end.bad.is_none()).then_some(())
    });
}

//! Runs that end as they may not.

use sagas::__private::StepKind;
use sagas::journal::{Event, InstanceState};

use super::{History, is_compensated, is_completed, spoilt};
use crate::promise::Promise;
use crate::simulation::place::{Slot, Who};
use crate::simulation::seen::Seen;

/// Changes how often something is in force: the first slot that fits, of an instance with this end.
fn in_force(
    promise: Promise,
    is_end: fn(&Event) -> bool,
    change: fn(i32) -> i32,
    fits: fn(&History, Slot, StepKind) -> bool,
) {
    spoilt(&[promise], "are in force", |history| {
        let at = history.end.effects.iter().position(|(slot, _)| {
            let ended = history.events().rfind(|wrote| wrote.who == slot.who);
            ended.is_some_and(|wrote| is_end(wrote.event))
                && history.kind(*slot).is_some_and(|kind| fits(history, *slot, kind))
        })?;
        let effects = &mut history.end.effects[at].1;
        *effects = change(*effects);
        Some(())
    });
}

fn succeeded(history: &History, of: Slot) -> bool {
    let mut succeeded = history.events().filter(|wrote| matches!(wrote.event, Event::StepSucceeded { .. }));
    succeeded.any(|wrote| wrote.slot() == Some(of))
}

/// Cuts a history off before the last end of an instance.
fn cut(history: &mut History) -> Option<Who> {
    let end = history.events().rfind(|wrote| is_completed(wrote.event) || is_compensated(wrote.event))?;
    let (at, of) = (end.at, end.who);
    cut_before(history, at, of)?;
    Some(of)
}

/// Cuts a history off before something of an instance.
pub(super) fn cut_before(history: &mut History, at: usize, of: Who) -> Option<()> {
    history.seen.truncate(at);
    // What the store keeps is what was written until then.
    for kept in &mut history.end.kept {
        let written = history.seen.iter().filter_map(|(_, seen)| match seen {
            Seen::Wrote { who, entry, .. } if *who == kept.who => Some(entry.bytes),
            _ => None,
        });
        kept.entries = written.collect();
    }
    history.end.kept.iter_mut().find(|kept| kept.who == of)?.state = InstanceState::Running;
    Some(())
}

#[test]
fn i1_effects_of_what_was_never_started() {
    spoilt(&[Promise::I1], "was never started", |history| {
        let slot = Slot { who: Who::root(200), step: 0, item: None };
        history.end.effects.push((slot, 1));
        Some(())
    });
}

#[test]
fn i3_something_that_was_acknowledged_is_not_there() {
    spoilt(&[Promise::I3], "is gone", |history| {
        history.end.kept.pop()?;
        Some(())
    });
    spoilt(&[Promise::I3], "that were acknowledged", |history| {
        history.end.kept.first_mut()?.entries.pop()?;
        Some(())
    });
    spoilt(&[Promise::I3], "that were acknowledged", |history| {
        *history.end.kept.first_mut()?.entries.first_mut()? += 1;
        Some(())
    });
    spoilt(&[Promise::I3], "the signal", |history| {
        history.end.kept.iter_mut().find_map(|kept| kept.signals.pop())?;
        Some(())
    });
}

#[test]
fn i4_a_row_that_does_not_say_in_the_end_what_the_journal_says() {
    for state in [InstanceState::Running, InstanceState::Compensated] {
        spoilt(&[Promise::I4], "the row of", |history| {
            let completed = |kept: &&mut super::super::Kept| kept.state == InstanceState::Completed;
            history.end.kept.iter_mut().find(completed)?.state = state;
            Some(())
        });
    }
}

#[test]
fn i8_a_completed_instance_without_an_effect_or_with_two() {
    for change in [|_| 0, |_| 2] {
        in_force(Promise::I8, is_completed, change, |history, slot, kind| {
            kind == StepKind::Compensatable && succeeded(history, slot)
        });
    }
}

#[test]
fn i8_a_compensated_instance_with_an_effect() {
    in_force(Promise::I8, is_compensated, |_| 1, |_, _, kind| kind == StepKind::Compensatable);
}

#[test]
fn i8_a_step_that_succeeded_and_was_never_called() {
    spoilt(&[Promise::I8], "its service never had a request", |history| {
        let at = history.end.effects.iter().position(|(slot, effects)| {
            *effects == 1 && history.has(slot.who, is_completed) && history.is_forward(slot.who)
        })?;
        history.end.effects.remove(at);
        Some(())
    });
}

#[test]
fn i8_a_child_that_completes_although_its_parent_has_skipped_it() {
    spoilt(&[Promise::I8], "and its parent", |history| {
        let wrote = history.events().find(|wrote| {
            let child = wrote.slot().map(|slot| Who { step: Some(slot.step), ..slot.who });
            matches!(wrote.event, Event::StepSucceeded { .. })
                && history.is_forward(wrote.who)
                && child.is_some_and(|child| wrote.who.step.is_none() && history.is_forward(child))
        })?;
        let (at, nth, step) = (wrote.at, wrote.nth, wrote.event.step()?.clone());
        history.entry(at).events[nth] = Event::StepSkipped { step };
        Some(())
    });
}

#[test]
fn i12_a_compensated_instance_whose_pivot_is_in_force() {
    in_force(Promise::I12, is_compensated, |_| 1, |_, _, kind| kind == StepKind::Pivot);
}

#[test]
fn i15_an_entry_that_nobody_was_told_of() {
    spoilt(&[Promise::I15], "that were acknowledged", |history| {
        history.end.kept.first_mut()?.entries.push(0);
        Some(())
    });
}

#[test]
fn i18_an_instance_that_is_held_up_by_a_bad_one() {
    spoilt(&[Promise::I18], "does not come to an end", |history| {
        let bad = history.end.bad?;
        let of = cut(history)?;
        (of.root != bad).then_some(())
    });
}

#[test]
fn i19_an_instance_that_does_not_come_to_an_end() {
    spoilt(&[Promise::I19], "does not come to an end", |history| {
        let is_spoilt = history.end.bad.is_none() && cut(history).is_some();
        is_spoilt.then_some(())
    });
}

#[test]
fn i19_a_request_that_never_arrives() {
    spoilt(&[Promise::I19], "requests still travel", |history| {
        history.end.travelling = 1;
        Some(())
    });
}

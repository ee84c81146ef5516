//! Entries that may not be written.

use std::sync::Arc;

use sagas::__private::StepKind;
use sagas::journal::{Event, InstanceState, Next};

use super::{Wrote, is_compensated, is_completed, is_decided, spoilt};
use crate::promise::Promise;
use crate::simulation::place::Who;
use crate::simulation::seen::{Seen, Told, Written};

fn is_end(wrote: &Wrote<'_>) -> bool {
    is_completed(wrote.event) || is_compensated(wrote.event)
}

/// Doubles the first event that `is`, of an instance that fits.
fn doubled(promise: Promise, words: &str, is: fn(&Event) -> bool, fits: fn(&super::History, Who) -> bool) {
    spoilt(&[promise], words, |history| {
        let wrote = history.events().find(|wrote| is(wrote.event) && fits(history, wrote.who))?;
        let (at, nth, event) = (wrote.at, wrote.nth, wrote.event.clone());
        history.entry(at).events.insert(nth, event);
        Some(())
    });
}

#[test]
fn i4_a_row_that_does_not_say_that_it_has_ended() {
    spoilt(&[Promise::I4], "the row says", |history| {
        let at = history.events().find(is_end)?.at;
        if let Seen::Wrote { row, .. } = &mut history.seen[at].1 {
            *row = None;
        }
        Some(())
    });
}

#[test]
fn i4_a_row_that_says_too_early_that_it_has_ended() {
    spoilt(&[Promise::I4], "the row says", |history| {
        let at = history.events().find(|wrote| !wrote.entry.events.iter().any(is_completed))?.at;
        if let Seen::Wrote { row, .. } = &mut history.seen[at].1 {
            *row = Some(InstanceState::Completed);
        }
        Some(())
    });
}

#[test]
fn i6_a_step_that_succeeds_twice() {
    let succeeded = |event: &Event| matches!(event, Event::StepSucceeded { .. });
    doubled(Promise::I6, "succeeded twice", succeeded, |_, _| true);
}

#[test]
fn i7_an_end_that_is_decided_twice() {
    let words = "it was decided twice";
    doubled(Promise::I7, words, is_decided, |history, who| !history.has(who, is_completed));
    doubled(Promise::I7, words, is_decided, |history, who| history.has(who, is_completed));
    doubled(Promise::I7, words, is_compensated, |_, _| true);
    doubled(Promise::I7, words, is_completed, |history, who| history.is_forward(who) && who.step.is_none());
}

#[test]
fn i7_an_end_that_nobody_decided() {
    spoilt(&[Promise::I7], "which nobody decided", |history| {
        let wrote = history.events().find(|wrote| {
            let who = wrote.who;
            is_decided(wrote.event)
                && !history.has(who, is_completed)
                && history.compensations().all(|call| call.slot.who != who)
                && !history.was_told(who, |told| *told == Told::Cancelled)
        })?;
        let (at, nth) = (wrote.at, wrote.nth);
        history.entry(at).events.remove(nth);
        Some(())
    });
}

#[test]
fn i9_an_entry_after_the_end() {
    spoilt(&[Promise::I9], "was written after it had ended", |history| {
        let end = history
            .events()
            .find(|wrote| is_end(wrote) && history.next_entry(wrote.who, wrote.at).is_none())?;
        let (at, of, mut entry) = (end.at, end.who, end.entry.clone());
        entry.seq = entry.seq.next();
        entry.events.clear();
        let Seen::Wrote { life, who, row, .. } = history.seen[at].1 else { return None };
        let bytes = 0;
        history
            .sees_after(at, Seen::Wrote { life, who, row, entry: Written { entry: Arc::new(entry), bytes } });
        // The store has it.
        history.end.kept.iter_mut().find(|kept| kept.who == of)?.entries.push(bytes);
        Some(())
    });
}

#[test]
fn i12_a_decision_to_go_back_while_the_pivot_may_be_in_force() {
    spoilt(&[Promise::I12], "while its pivot", |history| {
        let wrote = history.events().find(|wrote| {
            let kind = wrote.slot().and_then(|slot| history.kind(slot));
            let is_pivot = kind == Some(StepKind::Pivot);
            is_pivot
                && matches!(wrote.event, Event::AttemptFailed { next: Next::Void, .. })
                && history.compensations().all(|call| call.slot.who.root != wrote.who.root)
        })?;
        let (at, nth) = (wrote.at, wrote.nth);
        if let Event::AttemptFailed { next, .. } = &mut history.entry(at).events[nth] {
            *next = Next::InDoubt;
        }
        Some(())
    });
}

#[test]
fn i15_an_entry_that_does_not_follow_the_last_one() {
    spoilt(&[Promise::I15], "follows entry", |history| {
        let at = history.events().find(|wrote| history.next_entry(wrote.who, wrote.at).is_none())?.at;
        let entry = history.entry(at);
        entry.seq = entry.seq.next();
        Some(())
    });
}

#[test]
fn i15_an_entry_of_a_stay_that_has_no_right_to_the_instance_any_more() {
    spoilt(&[Promise::I15], "and it belongs to", |history| {
        let (from, to) = history.seen.iter().enumerate().find_map(|(at, (_, seen))| {
            let Seen::HandedOut { epoch, who, .. } = seen else { return None };
            let joined =
                history.find(|seen| matches!(seen, Seen::Joined { epoch: of, .. } if of == epoch))?;
            let mut before = history
                .events()
                .filter(|wrote| joined < wrote.at && wrote.at < at && who.contains(&wrote.who));
            let last = before.rfind(|wrote| wrote.entry.epoch.get() < *epoch)?;
            Some((at, last.at))
        })?;
        history.shift(from, to);
        Some(())
    });
}

#[test]
fn i15_an_entry_under_the_stay_of_another() {
    spoilt(&[Promise::I15], "under another's stay", |history| {
        let (at, of) = history.events().next().map(|wrote| (wrote.at, wrote.life))?;
        let other = history.lives().into_iter().find(|life| *life != of)?;
        if let Seen::Wrote { life, .. } = &mut history.seen[at].1 {
            *life = other;
        }
        Some(())
    });
}

#[test]
fn i15_instances_that_are_handed_out_under_the_stay_of_another() {
    spoilt(&[Promise::I15], "was handed out instances", |history| {
        let lives = history.lives();
        history.seen.iter_mut().find_map(|(_, seen)| {
            let Seen::HandedOut { life, .. } = seen else { return None };
            *life = *lives.iter().find(|other| *other != life)?;
            Some(())
        })
    });
}

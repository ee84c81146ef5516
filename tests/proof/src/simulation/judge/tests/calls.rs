//! Calls that come too early, too late, or from somebody else.

use sagas::journal::Event;

use super::{Wrote, is_compensated, is_completed, is_decided, spoilt};
use crate::promise::Promise;
use crate::simulation::place::Method;
use crate::simulation::seen::{Seen, Told};

#[test]
fn i1_a_call_before_its_start_is_durable() {
    spoilt(&[Promise::I1], "its start is not durable", |history| {
        let call = history.calls().next()?;
        let start = history.start(call)?.at;
        history.shift(call.at, start);
        Some(())
    });
}

#[test]
fn i1_a_call_after_its_end_is_durable() {
    spoilt(&[Promise::I1], "is not what is announced", |history| {
        let ends = history.events().filter(|wrote| {
            matches!(wrote.event, Event::StepSucceeded { .. })
                && history.is_forward(wrote.who)
                && history.is_of_one_stay(wrote.who)
                && !wrote.entry.events.iter().any(is_completed)
        });
        let (end, call) = ends.into_iter().find_map(|wrote| {
            let calls = history.calls().filter(|call| call.method == Method::Step && call.at < wrote.at);
            Some((wrote.at, calls.filter(|call| Some(call.slot) == wrote.slot()).last()?))
        })?;
        let again = history.seen[call.at].1.clone();
        history.sees_after(end, again);
        Some(())
    });
}

#[test]
fn i1_a_call_before_the_step_before_it_is_done() {
    spoilt(&[Promise::I1], "began before", |history| {
        let (from, nth, to) = history.events().find_map(|wrote| {
            let slot = wrote.slot()?;
            let next = history.next_entry(slot.who, wrote.at)?;
            let is_next = history.calls().any(|call| {
                let is_between = wrote.at < call.at && call.at < next;
                is_between && call.method == Method::Step && history.is_next(call.slot, slot)
            });
            let succeeded = matches!(wrote.event, Event::StepSucceeded { .. });
            let is_right =
                succeeded && is_next && history.is_of_one_stay(slot.who) && history.is_forward(slot.who);
            is_right.then_some((wrote.at, wrote.nth, next))
        })?;
        let succeeded = history.entry(from).events.remove(nth);
        history.entry(to).events.insert(0, succeeded);
        Some(())
    });
}

#[test]
fn i1_a_call_without_the_output_of_a_step_before_it() {
    spoilt(&[Promise::I1], "without the output", |history| {
        let call = history.calls().next()?;
        history.sees_after(call.at, Seen::WrongOutput { slot: call.slot, before: 0 });
        Some(())
    });
}

#[test]
fn i7_a_compensation_that_nobody_decided() {
    spoilt(&[Promise::I7], "was compensated before that was decided", |history| {
        let who = history.compensations().next()?.slot.who;
        let decided = history.events().find(|wrote| wrote.who == who && is_decided(wrote.event))?;
        let (at, nth) = (decided.at, decided.nth);
        if !history.is_of_one_stay(who)
            || history.has(who, is_completed)
            || history.was_told(who, |told| *told == Told::Cancelled)
        {
            return None;
        }
        history.entry(at).events.remove(nth);
        Some(())
    });
}

#[test]
fn i9_a_call_after_the_end() {
    spoilt(&[Promise::I9], "began after i", |history| {
        let is_end = |wrote: &Wrote<'_>| is_compensated(wrote.event) && history.is_of_one_stay(wrote.who);
        let end = history.events().find(is_end)?;
        let (at, who) = (end.at, end.who);
        let call = history.compensations().filter(|call| call.at < at && call.slot.who == who).last()?;
        let again = history.seen[call.at].1.clone();
        history.sees_after(at, again);
        Some(())
    });
}

#[test]
fn i10_a_compensation_while_its_step_is_running() {
    spoilt(&[Promise::I10], "while it was running", |history| {
        let compensation = history.compensations().find(|call| history.is_of_one_stay(call.slot.who))?;
        let is_end = |seen: &Seen| matches!(seen, Seen::Ended { slot, method: Method::Step, .. } if *slot == compensation.slot);
        let end = history.find(is_end).filter(|end| *end < compensation.at)?;
        history.shift(end, compensation.at);
        Some(())
    });
}

#[test]
fn i11_a_compensation_before_that_of_a_later_step() {
    spoilt(&[Promise::I11], "may be in force", |history| {
        let (from, nth, to) = history.events().find_map(|wrote| {
            let later = wrote.slot()?;
            let next = history.next_entry(later.who, wrote.at)?;
            let is_early = history.compensations().any(|call| {
                let is_between = wrote.at < call.at && call.at < next;
                is_between && history.is_next(later, call.slot)
            });
            let succeeded = matches!(wrote.event, Event::CompensationSucceeded { .. });
            (succeeded && is_early && history.is_of_one_stay(later.who))
                .then_some((wrote.at, wrote.nth, next))
        })?;
        let succeeded = history.entry(from).events.remove(nth);
        history.entry(to).events.insert(0, succeeded);
        Some(())
    });
}

#[test]
fn i16_a_call_of_another_process() {
    spoilt(&[Promise::I16], "which was announced to", |history| {
        let call = history.compensations().next()?;
        let other = history.lives().into_iter().find(|life| *life != call.life)?;
        if let Seen::Called { life, .. } = &mut history.seen[call.at].1 {
            *life = other;
        }
        Some(())
    });
}

#[test]
fn i16_a_call_of_a_process_that_knows_that_its_stay_has_ended() {
    spoilt(&[Promise::I16], "began after it was told", |history| {
        let (lost, call) = history.seen.iter().enumerate().find_map(|(at, (_, seen))| {
            let Seen::ToldLost { life, epoch } = seen else { return None };
            let calls = history.calls().filter(|call| call.at < at && call.life == *life);
            let call = calls.last()?;
            let is_of_it = history.start(call)?.entry.epoch.get() == *epoch;
            is_of_it.then_some((at, call))
        })?;
        history.shift(lost, call.at);
        Some(())
    });
}

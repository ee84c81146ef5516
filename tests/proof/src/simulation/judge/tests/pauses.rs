//! What is tried again too early, too late or too often.

use std::time::Duration;

use sagas::FaultKind;
use sagas::journal::{CompensationNext, Event, ParkReason};

use super::{History, spoilt};
use crate::promise::Promise;
use crate::simulation::seen::Told;

/// Has another thing follow the first failure of a compensation that fits.
fn followed(
    promise: Promise,
    words: &str,
    fits: fn(&History, &Event) -> bool,
    change: fn(&mut CompensationNext, sagas::store::Timestamp),
) {
    spoilt(&[promise], words, |history| {
        let failed = history.events().find(|wrote| {
            let is_told = matches!(wrote.event, Event::CompensationFailed { lost: None, .. });
            let is_parked = |told: &Told| *told == Told::Parked;
            is_told && fits(history, wrote.event) && !history.was_told(wrote.who, is_parked)
        })?;
        let (at, nth) = (failed.at, failed.nth);
        let entry = history.entry(at);
        let failed_at = entry.at;
        if let Event::CompensationFailed { next, .. } = &mut entry.events[nth] {
            change(next, failed_at);
        }
        Some(())
    });
}

const fn is_retried(_: &History, event: &Event) -> bool {
    matches!(event, Event::CompensationFailed { next: CompensationNext::RetryAt(_), .. })
}

#[test]
fn i10_what_is_tried_again_before_its_pause_is_over() {
    let starts: [fn(&Event) -> bool; 3] = [
        |event| matches!(event, Event::StepStarted { attempt: 2.., .. }),
        |event| matches!(event, Event::CheckStarted { attempt: 2.., .. }),
        |event| matches!(event, Event::CompensationStarted { attempt: 2.., .. }),
    ];
    for is_start in starts {
        spoilt(&[Promise::I10], "before its pause was over", |history| {
            let (start, early) = history.events().find_map(|start| {
                let mut failed = history.events().filter(|wrote| {
                    wrote.at < start.at && wrote.who == start.who && wrote.slot() == start.slot()
                });
                let failed = failed.next_back()?;
                let is_told = matches!(
                    failed.event,
                    Event::AttemptFailed { .. }
                        | Event::CheckFailed { lost: None, .. }
                        | Event::CompensationFailed { lost: None, .. }
                );
                let pauses = failed.entry.at < start.entry.at;
                (is_start(start.event) && is_told && pauses).then_some((start.at, failed.entry.at))
            })?;
            history.entry(start).at = early;
            Some(())
        });
    }
}

#[test]
fn i10_a_compensation_that_does_not_pause_as_its_policy_says() {
    followed(Promise::I10, "which is not its policy", is_retried, |next, failed_at| {
        *next = CompensationNext::RetryAt(failed_at);
    });
    followed(Promise::I10, "which is not its policy", is_retried, |next, failed_at| {
        *next = CompensationNext::RetryAt(failed_at.plus(Duration::from_secs(60)));
    });
}

#[test]
fn i13_a_compensation_that_is_refused_and_not_parked() {
    let is_refused = |_: &History, event: &Event| matches!(event, Event::CompensationFailed { fault, .. } if fault.kind == FaultKind::Rejected);
    followed(Promise::I13, "is refused, and not parked", is_refused, |next, failed_at| {
        *next = CompensationNext::RetryAt(failed_at);
    });
}

#[test]
fn i13_a_compensation_that_is_tried_again_after_its_last_attempt() {
    let is_spent = |_: &History, event: &Event| {
        let spent = CompensationNext::Park(ParkReason::BudgetSpent);
        matches!(event, Event::CompensationFailed { next, .. } if *next == spent)
    };
    followed(Promise::I13, "after its last attempt", is_spent, |next, failed_at| {
        *next = CompensationNext::RetryAt(failed_at);
    });
}

#[test]
fn i13_a_compensation_that_is_parked_too_early() {
    for reason in [ParkReason::BudgetSpent, ParkReason::Refused] {
        let park: fn(&mut CompensationNext, sagas::store::Timestamp) = match reason {
            ParkReason::Refused => |next, _| *next = CompensationNext::Park(ParkReason::Refused),
            _ => |next, _| *next = CompensationNext::Park(ParkReason::BudgetSpent),
        };
        followed(Promise::I13, "and that is not so", is_retried, park);
    }
}

//! What may not be told, and the names of histories.

use std::sync::Arc;
use std::time::Duration;

use sagas::journal::{Entry, codec};
use sagas::store::Timestamp;

use super::{HISTORIES, is_completed, spoilt};
use crate::crashes::bytes_of;
use crate::promise::Promise;
use crate::simulation::seen::{Seen, Told, Written, prints};

/// Whether it is told.
type Is = fn(&Told) -> bool;

#[test]
fn i2_somebody_who_is_told_what_is_not_durable() {
    let all: [(_, Is); 9] = [
        ("Started", |told| matches!(told, Told::Started(_))),
        ("Conflict", |told| matches!(told, Told::Conflict(_))),
        ("Signalled", |told| matches!(told, Told::Signalled(_))),
        ("Cancelled", |told| matches!(told, Told::Cancelled)),
        ("Reverted", |told| matches!(told, Told::Reverted)),
        ("Resolved", |told| matches!(told, Told::Resolved)),
        ("Completed", |told| matches!(told, Told::Completed(_))),
        ("Compensated", |told| matches!(told, Told::Compensated)),
        ("Parked", |told| matches!(told, Told::Parked)),
    ];
    for (words, is) in all {
        spoilt(&[Promise::I2], words, |history| {
            let told = history.find(|seen| matches!(seen, Seen::Told { what, .. } if is(what)))?;
            history.shift(told, 0);
            Some(())
        });
    }
}

#[test]
fn i2_a_client_that_is_told_another_output() {
    spoilt(&[Promise::I2], "which is not its output", |history| {
        history.seen.iter_mut().find_map(|(_, seen)| match seen {
            Seen::Told { what: Told::Completed(output), .. } => {
                *output += 1;
                Some(())
            }
            _ => None,
        })
    });
}

#[test]
fn i4_an_instance_whose_state_in_memory_is_not_the_fold_of_its_journal() {
    spoilt(&[Promise::I4], "is not the fold of its journal", |history| {
        let who = history.events().next()?.who;
        let why = "the state of it in memory is not the fold of its journal after entry 2".to_owned();
        history.sees_after(0, Seen::Told { who, what: Told::Stopped(why) });
        Some(())
    });
}

#[test]
fn i5_a_journal_that_cannot_be_read() {
    spoilt(&[Promise::I5], "could not be read", |history| {
        let who = history.events().next()?.who;
        history.sees_after(0, Seen::Unreadable { who });
        Some(())
    });
}

#[test]
fn i14_what_completes_although_it_was_cancelled() {
    // What was cancelled has decided to compensate, else it was told too early.
    spoilt(&[Promise::I2, Promise::I14], "completed after it was cancelled", |history| {
        let completed =
            history.events().find(|wrote| is_completed(wrote.event) && history.is_forward(wrote.who))?;
        let (at, who) = (completed.at, completed.who);
        history.sees_after(at, Seen::Told { who, what: Told::Cancelled });
        Some(())
    });
}

#[test]
fn i17_another_input_that_is_not_told_from_the_first_one() {
    let changes: [fn(&Told) -> Option<Told>; 3] = [
        |told| if let Told::Started(input) = told { Some(Told::Started(input + 1)) } else { None },
        |told| if let Told::Started(input) = told { Some(Told::Conflict(*input)) } else { None },
        |told| if let Told::Conflict(input) = told { Some(Told::Started(*input)) } else { None },
    ];
    for change in changes {
        spoilt(&[Promise::I17], "a client was told", |history| {
            history.seen.iter_mut().find_map(|(_, seen)| match seen {
                Seen::Told { what, .. } => {
                    *what = change(what)?;
                    Some(())
                }
                _ => None,
            })
        });
    }
}

/// Makes another history of what was seen, at a place that fits.
type Change = fn(&mut Vec<(Duration, Seen)>, usize) -> Option<()>;

const CHANGES: [Change; 8] = [
    |seen, at| {
        seen.remove(at);
        Some(())
    },
    |seen, at| {
        seen.insert(at, seen[at].clone());
        Some(())
    },
    |seen, at| {
        seen[at].0 += Duration::from_nanos(1);
        Some(())
    },
    |seen, at| {
        let Seen::Called { attempt, .. } = &mut seen[at].1 else { return None };
        *attempt += 1;
        Some(())
    },
    |seen, at| {
        let Seen::Called { runs, .. } = &mut seen[at].1 else { return None };
        *runs = !*runs;
        Some(())
    },
    |seen, at| {
        let Seen::Told { what, .. } = &mut seen[at].1 else { return None };
        *what = Told::Refused("nobody was told this");
        Some(())
    },
    |seen, at| {
        let Seen::Wrote { entry, .. } = &mut seen[at].1 else { return None };
        Arc::make_mut(&mut entry.entry).at = Timestamp::from_millis(1);
        Some(())
    },
    |seen, at| {
        let Seen::Wrote { entry, .. } = &mut seen[at].1 else { return None };
        entry.bytes += 1;
        Some(())
    },
];

#[test]
fn everything_that_is_seen_is_in_the_name_of_a_history() {
    for history in &HISTORIES[..4] {
        let (whole, _) = prints(&history.seen);
        for (change, at) in
            CHANGES.iter().flat_map(|change| (0..history.seen.len()).map(move |at| (change, at)))
        {
            let mut seen = history.seen.clone();
            if change(&mut seen, at).is_some() {
                assert_ne!(prints(&seen).0, whole, "{}", history.seen[at].1);
            }
        }
    }
}

#[test]
fn the_name_of_an_entry_is_that_of_everything_in_it() {
    let encoded = |entry: &Entry| bytes_of(&codec::encode(entry).expect("it was written"));
    for (_, seen) in HISTORIES.iter().flat_map(|history| &history.seen) {
        let Seen::Wrote { entry: Written { entry, bytes }, .. } = seen else { continue };
        assert_eq!(encoded(entry), *bytes);
        let mut less = (**entry).clone();
        // Some change no more than when the instance is due.
        if less.events.pop().is_some() {
            assert_ne!(encoded(&less), *bytes);
        }
    }
}

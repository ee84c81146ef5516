//! What a journal says of answers, messages and deadlines that is not so.

use sagas::journal::Event;
use sagas::store::Timestamp;

use super::{entry, first, only, spoilt};
use crate::crashes::act::{Act, Method};
use crate::crashes::check::Promise;
use crate::crashes::seen::Seen;
use crate::crashes::shapes::{Conditional, Deadline, FanOut, Signal, Skipped, Within};

fn is_asked(seen: &Seen) -> bool {
    matches!(seen, Seen::Asked { method: Method::Ask, .. })
}

#[test]
fn nothing_is_seen_in_answers_and_messages_that_were_not_spoilt() {
    for text in ["", "b/ask=otherwise", "b/ask=panic", "b/ask=panic,b/ask#2=otherwise"] {
        assert_eq!(spoilt::<Conditional>(text, |_| {}), [].into(), "{text}");
        assert_eq!(spoilt::<Skipped>(text, |_| {}), [].into(), "{text}");
        assert_eq!(spoilt::<FanOut>(text, |_| {}), [].into(), "{text}");
    }
    for act in ["never", "later", "at-the-last", "too-late", "twice", "another"] {
        assert_eq!(spoilt::<Within>(&format!("b/message={act}"), |_| {}), [].into(), "{act}");
    }
}

#[test]
fn i4_an_answer_on_record_that_nobody_gave() {
    let other = |seen: &mut Vec<Seen>| {
        let asked = first(seen, is_asked);
        if let Seen::Asked { act, .. } = &mut seen[asked] {
            *act = Act::Otherwise;
        }
    };
    assert_eq!(spoilt::<Conditional>("", other), only(Promise::I4));
    assert_eq!(spoilt::<Skipped>("", other), only(Promise::I4));
    assert_eq!(spoilt::<FanOut>("", other), only(Promise::I4));
    let nothing = |seen: &mut Vec<Seen>| seen.retain(|seen| !is_asked(seen));
    assert_eq!(spoilt::<Conditional>("", nothing), only(Promise::I4));
}

#[test]
fn i4_what_is_on_record_is_asked_again() {
    let again = |seen: &mut Vec<Seen>| seen.push(seen[first(seen, is_asked)].clone());
    assert_eq!(spoilt::<Conditional>("", again), only(Promise::I4));
    assert_eq!(spoilt::<FanOut>("", again), only(Promise::I4));
}

#[test]
fn i3_a_message_that_is_there_is_missed() {
    let early = |seen: &mut Vec<Seen>| {
        let miss = |event: &Event| matches!(event, Event::SignalMissed { .. });
        let at = entry(seen, miss).at;
        let sent = Timestamp::from_millis(at.as_millis() - 1);
        let id = sagas::InstanceId::new(crate::crashes::shape::ID).expect("it is an id");
        seen.insert(0, Seen::Signalled { id, signal: "approved".to_owned(), at: sent });
    };
    assert!(spoilt::<Within>("b/message=never", early).contains(&Promise::I3));
}

#[test]
fn i3_a_message_that_was_acknowledged_is_not_there() {
    let other = |seen: &mut Vec<Seen>| {
        let message = first(seen, |seen| matches!(seen, Seen::Signalled { .. }));
        let mut other = seen[message].clone();
        if let Seen::Signalled { signal, .. } = &mut other {
            *signal = "another".to_owned();
        }
        seen.push(other);
    };
    assert_eq!(spoilt::<Signal>("", other), only(Promise::I3));
}

#[test]
fn i14_a_step_that_starts_after_the_deadline() {
    assert_eq!(spoilt::<Deadline>("b=late", |_| {}), [].into());
    let late = |seen: &mut Vec<Seen>| {
        let starts = |event: &Event| matches!(event, Event::StepStarted { step, .. } if step.as_str() == "b");
        let entry = entry(seen, starts);
        entry.at = entry.at.plus(std::time::Duration::from_secs(40));
    };
    assert_eq!(spoilt::<Deadline>("", late), only(Promise::I14));
}

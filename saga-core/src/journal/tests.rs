//! The text of events. It is kept for years: what is written here stays readable.

use crate::definition::ShapeId;
use crate::fault::{FaultKind, FaultRecord};
use crate::id::{Epoch, Seq, StepName};
use crate::journal::{
    Cause, CheckNext, CompensationNext, EncodedEntry, Entry, Event, FailureKind, Loss, Next, ParkReason,
    Payload, ResolutionKind, TraceContext, codec,
};
use crate::time::Timestamp;

fn step() -> StepName {
    StepName::new("a")
}

fn payload(text: &str) -> Payload {
    Payload::json(serde_json::value::RawValue::from_string(text.to_owned()).expect("it is JSON"))
}

/// Asserts that `event` is written as `text`, and `text` read as `event`.
fn is_written(event: Event, text: &str) {
    let at = Timestamp::from_millis(1);
    let entry = Entry { seq: Seq::FIRST, epoch: Epoch::new(1), at, events: vec![event] };
    let encoded = codec::encode(&entry).expect("it can be written");
    assert_eq!(encoded.events, format!("[{text}]"));
    assert_eq!(codec::decode(&encoded), Ok(entry));
}

/// Asserts that `text`, which is not written like that any more, is read as `event`.
fn is_read(text: &str, event: Event) {
    let at = Timestamp::from_millis(1);
    let entry = Entry { seq: Seq::FIRST, epoch: Epoch::new(1), at, events: vec![event] };
    let encoded = codec::encode(&entry).expect("it can be written");
    assert_eq!(codec::decode(&EncodedEntry { events: text.to_owned(), ..encoded }), Ok(entry));
}

#[test]
fn an_event_of_a_step_has_no_item() {
    is_written(
        Event::StepStarted { step: step(), item: None, attempt: 1 },
        r#"{"step_started":{"step":"a","attempt":1}}"#,
    );
    is_written(
        Event::StepSucceeded { step: step(), item: None, output: payload("7") },
        r#"{"step_succeeded":{"step":"a","output":7}}"#,
    );
}

#[test]
fn an_event_of_an_item_says_which() {
    is_written(
        Event::StepStarted { step: step(), item: Some(3), attempt: 1 },
        r#"{"step_started":{"step":"a","item":3,"attempt":1}}"#,
    );
    is_written(
        Event::CompensationSucceeded { step: step(), item: Some(0) },
        r#"{"compensation_succeeded":{"step":"a","item":0}}"#,
    );
    let cause = Cause {
        step: Some(step()),
        item: Some(3),
        kind: FailureKind::Rejected,
        code: None,
        message: "no".to_owned(),
        attempts: 1,
        who: None,
    };
    is_written(
        Event::CompensationDecided { cause },
        r#"{"compensation_decided":{"cause":{"step":"a","item":3,"kind":"rejected","message":"no","attempts":1}}}"#,
    );
    let fault = FaultRecord::new(FaultKind::NotDone, "down", "no");
    let next = CheckNext::CheckAt(Timestamp::from_millis(5));
    is_written(
        Event::CheckFailed { step: step(), item: Some(3), attempt: 1, fault: Some(fault), lost: None, next },
        r#"{"check_failed":{"step":"a","item":3,"attempt":1,"fault":{"kind":"not_done","code":"down","message":"no"},"next":{"check_at":5}}}"#,
    );
}

#[test]
fn what_comes_before_the_first_attempt_is_written() {
    is_written(Event::StepSkipped { step: step() }, r#"{"step_skipped":{"step":"a"}}"#);
    is_written(Event::ConditionHeld { step: step() }, r#"{"condition_held":{"step":"a"}}"#);
    let until = Timestamp::from_millis(5);
    is_written(Event::StepDelayed { step: step(), until }, r#"{"step_delayed":{"step":"a","until":5}}"#);
    is_written(
        Event::ItemsListed { step: step(), items: vec![payload("1"), payload(r#"{"b":2}"#)] },
        r#"{"items_listed":{"step":"a","items":[1,{"b":2}]}}"#,
    );
}

#[test]
fn what_died_with_the_process_says_whether_it_is_to_blame() {
    let lost = |loss| Event::AttemptLost { step: step(), item: None, attempt: 1, loss, next: Next::InDoubt };
    for (loss, word) in [(Loss::Alone, "alone"), (Loss::Among, "among"), (Loss::CutOff, "cut_off")] {
        let text =
            format!(r#"{{"attempt_lost":{{"step":"a","attempt":1,"loss":"{word}","next":"in_doubt"}}}}"#);
        is_written(lost(loss), &text);
    }
    let old = r#"[{"attempt_lost":{"step":"a","attempt":1,"next":"in_doubt"}}]"#;
    is_read(old, lost(Loss::CutOff));
    let fault = || FaultRecord::new(FaultKind::InDoubt, "lost", "no");
    is_written(
        Event::CheckFailed {
            step: step(),
            item: None,
            attempt: 1,
            fault: Some(fault()),
            lost: Some(Loss::Alone),
            next: CheckNext::InDoubt,
        },
        r#"{"check_failed":{"step":"a","attempt":1,"fault":{"kind":"in_doubt","code":"lost","message":"no"},"lost":"alone","next":"in_doubt"}}"#,
    );
    let next = CompensationNext::Park(ParkReason::CrashLoop);
    is_written(
        Event::CompensationFailed {
            step: step(),
            item: None,
            attempt: 3,
            fault: fault(),
            lost: Some(Loss::Alone),
            next,
        },
        r#"{"compensation_failed":{"step":"a","attempt":3,"fault":{"kind":"in_doubt","code":"lost","message":"no"},"lost":"alone","next":{"park":"crash_loop"}}}"#,
    );
}

#[test]
fn what_people_decide_is_written() {
    for (how, word) in [
        (ResolutionKind::Retry, "retry"),
        (ResolutionKind::Skip, "skip"),
        (ResolutionKind::Succeeded, "succeeded"),
        (ResolutionKind::Void, "void"),
    ] {
        let (who, note) = ("ann".to_owned(), "why".to_owned());
        let text =
            format!(r#"{{"resolved":{{"step":"a","item":3,"how":"{word}","who":"ann","note":"why"}}}}"#);
        is_written(Event::Resolved { step: step(), item: Some(3), how, who, note }, &text);
    }
    let cause = Cause {
        step: None,
        item: None,
        kind: FailureKind::Cancelled,
        code: None,
        message: "why".to_owned(),
        attempts: 0,
        who: Some("ann".to_owned()),
    };
    is_written(
        Event::CompensationDecided { cause },
        r#"{"compensation_decided":{"cause":{"kind":"cancelled","message":"why","attempts":0,"who":"ann"}}}"#,
    );
}

#[test]
fn the_trace_of_who_started_it_is_written_if_there_is_one() {
    let started = |trace| Event::SagaStarted {
        saga: "order".into(),
        version: 1,
        shape: ShapeId::new("s"),
        parent: None,
        trace,
        input: payload("7"),
    };
    let head = r#"{"saga_started":{"saga":"order","version":1,"shape":"s""#;
    is_written(started(None), &format!(r#"{head},"input":7}}}}"#));
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let trace = TraceContext::new(parent).expect("it is one");
    is_written(
        started(Some(trace.clone())),
        &format!(r#"{head},"trace":{{"traceparent":"{parent}"}},"input":7}}}}"#),
    );
    is_written(
        started(Some(trace.with_state("v=1"))),
        &format!(r#"{head},"trace":{{"traceparent":"{parent}","tracestate":"v=1"}},"input":7}}}}"#),
    );
}

#[test]
fn messages_are_written() {
    let until = Some(Timestamp::from_millis(5));
    is_written(Event::SignalAwaited { step: step(), until }, r#"{"signal_awaited":{"step":"a","until":5}}"#);
    is_written(Event::SignalAwaited { step: step(), until: None }, r#"{"signal_awaited":{"step":"a"}}"#);
    is_written(
        Event::SignalReceived { step: step(), id: "m1".to_owned(), payload: payload("true") },
        r#"{"signal_received":{"step":"a","id":"m1","payload":true}}"#,
    );
    is_written(
        Event::SignalMissed { step: step(), next: Next::Void },
        r#"{"signal_missed":{"step":"a","next":"void"}}"#,
    );
}

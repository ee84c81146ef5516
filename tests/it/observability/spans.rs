//! The spans of instances and attempts, and what is said in them.

use sagas::prelude::*;
use tracing::{Instrument, Level, info_span};

use super::collector::{Fields, Span};
use super::letter::{Eyes, Letter, builder};
use crate::support::data::Data;
use crate::support::world::{Act, World};
use crate::support::{retry, soon};

/// Starts `letter-1` and waits for its end; then `after` comes, in the same life.
fn post(eyes: &Eyes, after: impl AsyncFn(&Orchestrator)) {
    let data = Data::memory();
    eyes.collector.listen(|| {
        data.runtime().block_on(soon(async {
            let orchestrator = builder(data.open(), eyes).build().await.unwrap();
            let letter = orchestrator.start::<Letter>("letter-1", ()).await.unwrap();
            let _ended = letter.outcome().await.unwrap();
            after(&orchestrator).await;
            orchestrator.shutdown().await;
        }));
    });
}

/// The spans of attempts of the letter, as `name step/item attempt`.
fn attempts(eyes: &Eyes) -> Vec<String> {
    let spans = ["step", "check", "compensation"].map(|name| eyes.collector.spans(name)).concat();
    spans.iter().filter(|span| span.fields["saga"] == "letter").map(short).collect()
}

fn short(span: &Span) -> String {
    let Span { name, fields, .. } = span;
    let item = fields.get("item").map(|item| format!("/{item}")).unwrap_or_default();
    format!("{name} {}{item} {}", fields["step"], fields["attempt"])
}

fn fields<const N: usize>(fields: [(&'static str, &str); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

#[test]
fn an_instance_has_a_span_and_each_attempt_one_within_it() {
    let world = World::default()
        .script("write", &[Act::NotDone])
        .script("copy/1", &[Act::LoseAnswer])
        .script("send", &[Act::LoseAnswer])
        .script("answer", &[Act::Reject])
        .script("write/compensate", &[Act::NotDone]);
    let eyes = Eyes::of(world);
    post(&eyes, async |_| {});
    let letter = &eyes.collector.spans("saga")[0];
    assert_eq!(letter.fields, fields([("saga", "letter"), ("id", "letter-1"), ("version", "3")]));
    assert_eq!((letter.level, letter.parent), (Level::INFO, None));
    let reply = &eyes.collector.spans("saga")[1];
    assert_eq!(reply.fields, fields([("saga", "reply"), ("id", "letter-1/reply"), ("version", "1")]));
    let expected = [
        "step write 1",
        "step write 2",
        "step copy/0 1",
        "step copy/1 1",
        "step copy/1 2",
        "step send 1",
        "check send 1",
        "compensation send 1",
        "compensation copy/1 1",
        "compensation copy/0 1",
        "compensation write 1",
        "compensation write 2",
    ];
    assert_eq!(attempts(&eyes), expected);
    for name in ["step", "check", "compensation"] {
        for span in eyes.collector.spans(name) {
            let parent = eyes.collector.span(span.parent.unwrap());
            assert_eq!((parent.name, &parent.fields["id"]), ("saga", &span.fields["id"]), "{span:?}");
            assert_eq!(span.level, Level::INFO);
        }
    }
}

#[test]
fn a_method_runs_in_the_span_of_its_attempt() {
    let world = World::default().script("send", &[Act::LoseAnswer]).script("answer", &[Act::Reject]);
    let eyes = Eyes::of(world);
    post(&eyes, async |_| {});
    let seen = eyes.seen();
    assert_eq!(seen.len(), 10, "{seen:?}");
    for seen in seen {
        let span = eyes.collector.span(seen.current.expect("a span is entered"));
        let (step, method) = seen.what.split_once('/').unwrap_or((seen.what, "step"));
        let name = if method == "compensate" { "compensation" } else { method };
        assert_eq!((span.name, span.fields["step"].as_str()), (name, step), "{seen:?}");
        assert_eq!(seen.own, seen.current, "the context has it too");
        let said = eyes.collector.said(&format!("{} was called", seen.what));
        assert!(said.iter().any(|said| said.span == seen.current), "{said:?}");
    }
}

#[test]
fn the_span_of_the_starter_is_not_held_open() {
    let eyes = Eyes::default();
    let data = Data::memory();
    eyes.collector.listen(|| {
        data.runtime().block_on(soon(async {
            let orchestrator = builder(data.open(), &eyes).build().await.unwrap();
            let start = orchestrator.start::<Letter>("letter-1", ()).instrument(info_span!("request"));
            let letter = start.await.unwrap();
            let _ended = letter.outcome().await.unwrap();
            orchestrator.shutdown().await;
        }));
    });
    let spans = eyes.collector.spans("saga");
    assert!(!spans.is_empty() && spans.iter().all(|span| span.parent.is_none()), "{spans:?}");
}

#[test]
fn an_instance_that_was_started_before_gets_no_span_for_that() {
    let eyes = Eyes::default();
    post(&eyes, async |orchestrator| {
        let before = eyes.collector.spans("saga").len();
        for _ in 0..3 {
            orchestrator.start::<Letter>("letter-1", ()).await.unwrap();
        }
        assert_eq!(eyes.collector.spans("saga").len(), before);
    });
}

#[test]
fn that_an_instance_compensates_is_said_in_its_span() {
    let eyes = Eyes::of(World::default().script("copy/1", &[Act::Reject]));
    post(&eyes, async |_| {});
    let said = eyes.collector.said("it compensates");
    assert_eq!(said.len(), 1);
    let expected = fields([("step", "copy"), ("item", "1"), ("kind", "Rejected")]);
    assert_eq!((said[0].level, &said[0].fields), (Level::INFO, &expected));
    let span = eyes.collector.span(said[0].span.unwrap());
    assert_eq!((span.name, span.fields["id"].as_str()), ("saga", "letter-1"));
    assert_eq!(eyes.collector.said("it is compensated").len(), 1);
    assert_eq!(eyes.collector.said("it completed").len(), 0);
}

#[test]
fn that_an_instance_parks_and_goes_on_is_said_in_its_span() {
    let world = World::default().script("copy", &[Act::Reject]).script("write/compensate", &[Act::Reject]);
    let eyes = Eyes::of(world);
    post(&eyes, async |orchestrator| {
        orchestrator.acting_as("mara").resolve("letter-1", retry()).await.unwrap();
        let _ended = orchestrator.handle::<Letter>("letter-1").outcome().await.unwrap();
    });
    let parked = eyes.collector.said("it is parked and waits for a person");
    assert_eq!(parked.len(), 1);
    let expected = fields([("step", "write"), ("reason", "refused"), ("attempts", "1")]);
    assert_eq!((parked[0].level, &parked[0].fields), (Level::WARN, &expected));
    let resolved = eyes.collector.said("a parked step goes on");
    assert_eq!(resolved.len(), 1);
    assert_eq!(resolved[0].fields, fields([("step", "write"), ("how", "Retry"), ("who", "\"mara\"")]));
    let ids = [&parked[0], &resolved[0]].map(|said| eyes.collector.span(said.span.unwrap()));
    assert!(ids.iter().all(|span| span.fields["id"] == "letter-1"), "{ids:?}");
    assert_eq!(eyes.collector.said("it is compensated").len(), 1);
}

#[test]
fn that_something_is_tried_in_vain_is_said_once_and_not_in_each_life() {
    let world = World::default()
        .script("answer", &[Act::LoseAnswer; 10])
        .script("answer/compensate", &[Act::NotDone; 25]);
    let (eyes, data) = (Eyes::of(world), Data::memory());
    eyes.collector.listen(|| {
        data.runtime().block_on(soon(async {
            let orchestrator = builder(data.open(), &eyes).build().await.unwrap();
            orchestrator.start::<Letter>("letter-1", ()).await.unwrap();
            eyes.world.called("answer/compensate", 15).await;
            orchestrator.shutdown().await;
            let orchestrator = builder(data.open(), &eyes).build().await.unwrap();
            let _ended = orchestrator.handle::<Letter>("letter-1").outcome().await.unwrap();
            orchestrator.shutdown().await;
        }));
    });
    assert_eq!(eyes.world.count("answer/compensate"), 26);
    let message = "it needs attention";
    let said = eyes.collector.said(message);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].level, Level::WARN);
    assert_eq!(eyes.collector.span(said[0].span.unwrap()).fields["id"], "letter-1/reply");
}

//! The trace of whoever started an instance: kept in the journal, and there again after a crash.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sagas::Builder;
use sagas::journal::Event;
use sagas::prelude::*;
use sagas::trace::TraceContext;

use super::letter::{Eyes, Letter, builder};
use crate::support::data::{Data, on_both};
use crate::support::probe::Probe;
use crate::support::world::{Act, World};

tokio::task_local! {
    /// The trace that a task of the test is in.
    static TRACE: TraceContext;
}

/// A trace of its own for each number.
fn trace(number: u8) -> TraceContext {
    let traceparent = format!("00-{number:032x}-{number:016x}-01");
    TraceContext::new(traceparent).unwrap().with_state(format!("test={number}"))
}

/// An orchestrator that asks the task in which trace it is, to be built.
fn traced(store: Probe, eyes: &Eyes) -> Builder {
    builder(store, eyes).trace_context(|| TRACE.try_with(Clone::clone).ok())
}

/// Starts an instance in a trace.
async fn start_in(trace: TraceContext, orchestrator: &Orchestrator, id: &str) -> Handle<Letter> {
    TRACE.scope(trace, orchestrator.start::<Letter>(id, ())).await.unwrap()
}

/// The trace that the journal of an instance has.
async fn kept(data: &Data, id: &str) -> Option<TraceContext> {
    match data.journal(id).await.remove(0).events.remove(0) {
        Event::SagaStarted { trace, .. } => trace,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_method_is_told_the_trace_of_who_started_the_instance() {
    on_both(async |data| {
        let world = World::default().script("send", &[Act::LoseAnswer]).script("answer", &[Act::Reject]);
        let eyes = Eyes::of(world);
        let orchestrator = traced(data.open(), &eyes).build().await.unwrap();
        let letter = start_in(trace(1), &orchestrator, "letter-1").await;
        let _ended = letter.outcome().await.unwrap();
        let untraced = orchestrator.start::<Letter>("letter-2", ()).await.unwrap();
        let _ended = untraced.outcome().await.unwrap();
        orchestrator.shutdown().await;
        assert_eq!(eyes.traces("letter-1"), vec![Some(trace(1)); 9]);
        assert_eq!(eyes.traces("letter-1/reply"), [Some(trace(1))], "a child is in the trace of its parent");
        assert!(eyes.traces("letter-2").iter().all(Option::is_none));
        assert_eq!(kept(data, "letter-1").await, Some(trace(1)));
        assert_eq!(kept(data, "letter-1/reply").await, Some(trace(1)));
        assert_eq!(kept(data, "letter-2").await, None);
    });
}

#[test]
fn i3_the_trace_goes_on_in_the_next_life() {
    for data in Data::both() {
        let eyes = Eyes::of(World::default().script("write", &[Act::Hang]).script("answer", &[Act::Hang]));
        eyes.collector.listen(|| data.runtime().block_on(crate::support::soon(three_lives(&data, &eyes))));
        let spans = eyes.collector.spans("saga");
        let spans: Vec<_> =
            spans.iter().map(|span| (&*span.fields["id"], &*span.fields["traceparent"])).collect();
        let parent = trace(1).traceparent;
        let parent = parent.as_str();
        let (letter, reply) = (("letter-1", parent), ("letter-1/reply", parent));
        let of_letter = spans.iter().filter(|span| **span == letter).count();
        let of_reply = spans.iter().filter(|span| **span == reply).count();
        assert_eq!(of_letter + of_reply, spans.len(), "{spans:?}");
        assert!(of_letter >= 3 && of_reply >= 2, "{spans:?}");
    }
}

/// The first life ends in `write`, the second in the `answer` of the child. Only the first knows of traces.
async fn three_lives(data: &Data, eyes: &Eyes) {
    for (life, step) in ["write", "answer"].into_iter().enumerate() {
        let builder = if life == 0 { traced(data.open(), eyes) } else { builder(data.open(), eyes) };
        let orchestrator = builder.shutdown_grace(Duration::ZERO).build().await.unwrap();
        if life == 0 {
            start_in(trace(1), &orchestrator, "letter-1").await;
        }
        eyes.world.called(step, 1).await;
        orchestrator.shutdown().await;
    }
    let orchestrator = builder(data.open(), eyes).build().await.unwrap();
    let outcome = orchestrator.handle::<Letter>("letter-1").outcome().await.unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    orchestrator.shutdown().await;
    assert!(eyes.seen().iter().all(|seen| seen.trace == Some(trace(1))), "{:?}", eyes.seen());
}

#[test]
fn a_second_start_changes_nothing() {
    on_both(async |data| {
        let eyes = Eyes::of(World::default().script("write", &[Act::Wait]));
        let orchestrator = traced(data.open(), &eyes).build().await.unwrap();
        let letter = start_in(trace(1), &orchestrator, "letter-1").await;
        start_in(trace(2), &orchestrator, "letter-1").await;
        eyes.world.open();
        let _ended = letter.outcome().await.unwrap();
        start_in(trace(3), &orchestrator, "letter-1").await;
        orchestrator.shutdown().await;
        assert!(eyes.seen().iter().all(|seen| seen.trace == Some(trace(1))));
        assert_eq!(kept(data, "letter-1").await, Some(trace(1)));
    });
}

#[test]
fn each_new_span_of_a_traced_instance_is_adopted_before_anything_runs_in_it() {
    let data = Data::memory();
    let eyes = Eyes::of(World::default().script("write", &[Act::Hang]));
    let adopted = Arc::new(Mutex::new(Vec::new()));
    let adopting = |eyes: &Eyes| {
        let (adopted, seen) = (Arc::clone(&adopted), eyes.clone());
        traced(data.open(), eyes).adopt_trace(move |span, context| {
            let at = usize::try_from(span.id().unwrap().into_u64()).unwrap() - 1;
            let before = seen.collector.spans("step").iter().filter(|step| step.parent == Some(at)).count();
            adopted.lock().unwrap().push((at, context.clone(), before));
        })
    };
    eyes.collector.listen(|| {
        data.runtime().block_on(crate::support::soon(async {
            let orchestrator = adopting(&eyes).shutdown_grace(Duration::ZERO).build().await.unwrap();
            start_in(trace(1), &orchestrator, "letter-1").await;
            let untraced = orchestrator.start::<Letter>("letter-2", ()).await.unwrap();
            let _ended = untraced.outcome().await.unwrap();
            eyes.world.called("write", 2).await;
            orchestrator.shutdown().await;
            let orchestrator = adopting(&eyes).build().await.unwrap();
            let _ended = orchestrator.handle::<Letter>("letter-1").outcome().await.unwrap();
            orchestrator.shutdown().await;
        }));
    });
    let spans = eyes.collector.spans("saga");
    let traced = spans.iter().filter(|span| span.fields.contains_key("traceparent"));
    let adopted = adopted.lock().unwrap();
    assert_eq!(adopted.len(), traced.count(), "each once, and no other");
    assert!(adopted.len() >= 3, "of two lives, and of the child: {adopted:?}");
    for (at, context, before) in adopted.iter() {
        assert_eq!(eyes.collector.span(*at).name, "saga");
        assert_eq!((context, *before), (&trace(1), 0));
    }
}

#[test]
fn i14_a_panic_in_either_function_costs_the_trace_and_nothing_else() {
    on_both(async |data| {
        let eyes = Eyes::default();
        let calls = Arc::new(AtomicUsize::new(0));
        let (captured, adopted) = (Arc::clone(&calls), Arc::clone(&calls));
        let builder = builder(data.open(), &eyes)
            .trace_context(move || {
                if captured.fetch_add(1, Ordering::Relaxed) == 0 {
                    std::panic::resume_unwind(Box::new("no trace"));
                }
                Some(trace(2))
            })
            .adopt_trace(move |_, _| {
                adopted.fetch_add(1, Ordering::Relaxed);
                std::panic::resume_unwind(Box::new("no parent"));
            });
        let orchestrator = builder.build().await.unwrap();
        for id in ["letter-1", "letter-2"] {
            let letter = orchestrator.start::<Letter>(id, ()).await.unwrap();
            assert!(matches!(letter.outcome().await, Ok(Outcome::Completed(_))));
        }
        orchestrator.shutdown().await;
        assert!(calls.load(Ordering::Relaxed) >= 4, "both were called");
        assert_eq!(kept(data, "letter-1").await, None);
        assert_eq!(kept(data, "letter-2").await, Some(trace(2)));
    });
}

#[test]
fn what_is_no_trace_context_is_not_kept() {
    on_both(async |data| {
        let eyes = Eyes::default();
        let builder = builder(data.open(), &eyes).trace_context(|| {
            Some(TraceContext { traceparent: "made up".repeat(1_000), tracestate: Some("a=1".to_owned()) })
        });
        let orchestrator = builder.build().await.unwrap();
        let letter = orchestrator.start::<Letter>("letter-1", ()).await.unwrap();
        let _ended = letter.outcome().await.unwrap();
        orchestrator.shutdown().await;
        assert_eq!(kept(data, "letter-1").await, None);
        assert!(eyes.seen().iter().all(|seen| seen.trace.is_none()));
    });
}

#[test]
fn a_context_of_its_own_has_no_trace() {
    assert_eq!(StepContext::detached("order-1", "pay").trace_context(), None);
}

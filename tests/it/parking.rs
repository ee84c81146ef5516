//! Parked: visible, with a reason, resumable, and in nobody's way.

use std::time::Duration;

use sagas::journal::{Event, ResolutionKind};
use sagas::prelude::*;
use sagas::{Error, InstanceState, Resolution, StepState};

use crate::support::data::{Data, on_both};
use crate::support::shop::{Shop, ShopStep};
use crate::support::world::{Act, World};
use crate::support::{builder, open, retry, soon, start};

async fn parked(handle: &Handle<Shop>) -> Parked<ShopStep> {
    match handle.outcome().await.unwrap() {
        Outcome::Parked(parked) => parked,
        other => panic!("not parked: {other:?}"),
    }
}

async fn states(handle: &Handle<Shop>) -> Vec<StepState> {
    handle.status().await.unwrap().steps.iter().map(|step| step.state).collect()
}

#[test]
fn a_step_refused_after_the_pivot_parks_and_goes_on_when_it_is_resolved() {
    on_both(async |data| {
        let world = World::default().script("notify", &[Act::Reject, Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        for attempt in 1..=2 {
            let parked = parked(&handle).await;
            assert_eq!((parked.step, parked.reason), (ShopStep::Notify, ParkReason::Refused));
            assert_eq!(parked.attempts, attempt);
            let status = handle.status().await.unwrap();
            assert_eq!((status.state, status.needs_attention), (InstanceState::Parked, false));
            let succeeded = StepState::Succeeded;
            assert_eq!(
                states(&handle).await,
                [succeeded, succeeded, succeeded, succeeded, StepState::Parked]
            );
            orchestrator.resolve("order-1", retry()).await.unwrap();
        }
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!(states(&handle).await, [StepState::Succeeded; 5]);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_refused_compensation_parks_and_the_others_are_not_held_up() {
    on_both(async |data| {
        let world =
            World::default().script("ship", &[Act::Reject]).script("reserve/compensate", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        let parked = parked(&handle).await;
        assert_eq!((parked.step, parked.reason), (ShopStep::Reserve, ParkReason::Refused));
        assert_eq!(parked.message, "reserve/compensate refused");
        assert_eq!(
            states(&handle).await,
            [
                StepState::Succeeded,
                StepState::Parked,
                StepState::Compensated,
                StepState::Void,
                StepState::Pending
            ]
        );
        assert_eq!(world.count("create_order/compensate"), 0, "it comes after");
        orchestrator.resolve("order-1", retry()).await.unwrap();
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Compensated(_)));
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_check_or_compensation_parks_when_its_budget_is_spent() {
    on_both(async |data| {
        let world = World::default()
            .script("pay@checked", &[Act::LoseAnswer])
            .script("pay/check@checked", &[Act::NotDone; 4])
            .script("ship@refunded", &[Act::Reject])
            .script("pay/compensate@refunded", &[Act::LoseRequest; 4]);
        let orchestrator = open(data.open(), &world).await;
        let checked = start(&orchestrator, "checked").await;
        let refunded = start(&orchestrator, "refunded").await;
        for handle in [&checked, &refunded] {
            let parked = parked(handle).await;
            assert_eq!((parked.step, parked.reason), (ShopStep::Pay, ParkReason::BudgetSpent));
            assert_eq!(parked.attempts, 4);
        }
        for handle in [&checked, &refunded] {
            orchestrator.resolve(handle.id().as_str(), retry()).await.unwrap();
        }
        assert!(matches!(checked.outcome().await.unwrap(), Outcome::Completed(_)));
        assert!(matches!(refunded.outcome().await.unwrap(), Outcome::Compensated(_)));
        orchestrator.shutdown().await;
    });
}

/// A saga with a pivot that nobody can ask about.
struct Blind;

#[saga]
impl Blind {
    #[step(pivot, in_doubt = park)]
    async fn launch(&self, cx: &StepContext) -> Result<u32, StepError> {
        match cx.attempt() {
            1 => Err(StepError::in_doubt("nobody saw it")),
            attempt => Ok(attempt),
        }
    }
}

#[test]
fn a_step_in_doubt_that_nothing_can_tell_of_parks() {
    on_both(async |data| {
        let orchestrator = Orchestrator::builder(data.open()).register(Blind).build().await.unwrap();
        let handle = orchestrator.start::<Blind>("blind", ()).await.unwrap();
        let Outcome::Parked(parked) = handle.outcome().await.unwrap() else { panic!("not parked") };
        assert_eq!((parked.step, parked.reason), (BlindStep::Launch, ParkReason::InDoubt));
        assert_eq!(parked.message, "nobody saw it");
        orchestrator.resolve("blind", retry()).await.unwrap();
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(2), "somebody took it on");
        orchestrator.shutdown().await;
    });
}

/// The sagas of two deployments: between them the type of an output or of the input has changed.
macro_rules! deployment {
    ($module:ident, $input:ty, $output:ty, $make:expr, $hangs:expr) => {
        mod $module {
            use sagas::prelude::*;

            pub(super) struct Ledger;

            #[saga(name = "ledger")]
            impl Ledger {
                #[step(compensate = cancel, idempotent)]
                async fn enter(&self, input: &$input) -> Result<$output, StepError> {
                    let _ = input;
                    Ok($make)
                }
                async fn cancel(&self) -> Result<(), StepError> {
                    Ok(())
                }

                #[step(read_only)]
                async fn read(&self, enter: &$output) -> Result<String, StepError> {
                    if $hangs {
                        std::future::pending::<()>().await;
                    }
                    Ok(format!("{enter:?}"))
                }
            }
        }
    };
}

deployment!(before, String, String, "seven".to_owned(), true);
deployment!(other_output, String, u32, 8, false);
deployment!(other_input, u32, String, "eight".to_owned(), false);
deployment!(mended, String, String, "nine".to_owned(), false);

#[test]
fn a_value_that_does_not_read_as_todays_type_parks_and_goes_on_after_the_next_deployment() {
    on_both(async |data| {
        let builder = Orchestrator::builder(data.open()).register(before::Ledger);
        let orchestrator = builder.shutdown_grace(Duration::ZERO).build().await.unwrap();
        let id = "entry";
        orchestrator.start::<before::Ledger>(id, "input".to_owned()).await.unwrap();
        let handle = orchestrator.handle::<before::Ledger>(id);
        while handle.status().await.unwrap().steps[1].state != StepState::Running {
            tokio::task::yield_now().await;
        }
        orchestrator.shutdown().await;

        let orchestrator =
            Orchestrator::builder(data.open()).register(other_output::Ledger).build().await.unwrap();
        let handle = orchestrator.handle::<other_output::Ledger>(id);
        for _ in 0..2 {
            let Outcome::Parked(parked) = handle.outcome().await.unwrap() else { panic!("not parked") };
            assert_eq!((parked.step, parked.reason), (other_output::LedgerStep::Enter, ParkReason::Decode));
            assert!(
                parked.message.contains("u32") && !parked.message.contains("seven"),
                "{}",
                parked.message
            );
            // A Retry in a program that still cannot read it parks it again.
            orchestrator.resolve(id, retry()).await.unwrap();
        }
        let Outcome::Parked(_) = handle.outcome().await.unwrap() else { panic!("not parked") };
        orchestrator.shutdown().await;

        let orchestrator =
            Orchestrator::builder(data.open()).register(other_input::Ledger).build().await.unwrap();
        let handle = orchestrator.handle::<other_input::Ledger>(id);
        orchestrator.resolve(id, retry()).await.unwrap();
        let Outcome::Parked(parked) = handle.outcome().await.unwrap() else { panic!("not parked") };
        assert_eq!(parked.reason, ParkReason::Decode);
        let error = orchestrator.start::<other_input::Ledger>(id, 1).await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "its input cannot be compared: {error:?}");
        orchestrator.shutdown().await;

        let orchestrator = Orchestrator::builder(data.open()).register(mended::Ledger).build().await.unwrap();
        let handle = orchestrator.handle::<mended::Ledger>(id);
        let Outcome::Parked(_) = handle.outcome().await.unwrap() else { panic!("not parked") };
        orchestrator.resolve(id, retry()).await.unwrap();
        assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed("\"seven\"".to_owned()));
        orchestrator.shutdown().await;
    });
}

#[test]
fn who_resolved_and_why_is_in_the_journal() {
    on_both(async |data| {
        let world = World::default().script("notify", &[Act::Reject, Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        let notes = ["the mail server is up again", "once more"];
        for (orchestrator, note) in [orchestrator.acting_as("anna"), orchestrator.clone()].iter().zip(notes) {
            parked(&handle).await;
            orchestrator.resolve("order-1", Resolution::Retry { note: note.to_owned() }).await.unwrap();
        }
        let _ = handle.outcome().await.unwrap();
        orchestrator.shutdown().await;
        let journal = data.journal("order-1").await;
        let resolved: Vec<_> = journal
            .iter()
            .flat_map(|entry| &entry.events)
            .filter_map(|event| match event {
                Event::Resolved { step, how: ResolutionKind::Retry, who, note, .. } => {
                    Some((step.as_str(), who.as_str(), note.as_str()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(resolved, [("notify", "anna", notes[0]), ("notify", "orchestrator", notes[1])]);
    });
}

#[test]
fn what_is_not_parked_is_not_resolved() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        world.called("pay", 1).await;
        for _ in ["it runs", "it has ended"] {
            let error = orchestrator.resolve("order-1", retry()).await.unwrap_err();
            assert!(matches!(&error, Error::NotParked { id } if id.as_str() == "order-1"), "{error:?}");
            world.open();
            let _ = handle.outcome().await.unwrap();
        }
        for id in ["order-2", "", "a\nb"] {
            let error = orchestrator.resolve(id, retry()).await.unwrap_err();
            assert!(matches!(&error, Error::NotFound { id: unknown } if unknown == id), "{error:?}");
        }
        orchestrator.shutdown().await;
        let error = orchestrator.resolve("order-1", retry()).await.unwrap_err();
        assert!(matches!(error, Error::ShuttingDown), "{error:?}");
        assert_eq!(world.calls().len(), 5);
    });
}

#[test]
fn two_resolutions_at_once_are_one_or_the_second_comes_too_late() {
    on_both(async |data| {
        let world = World::default().script("notify", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        parked(&handle).await;
        let (one, other) =
            tokio::join!(orchestrator.resolve("order-1", retry()), orchestrator.resolve("order-1", retry()));
        assert!(one.is_ok() || other.is_ok(), "{one:?}, {other:?}");
        for result in [one, other] {
            assert!(matches!(result, Ok(()) | Err(Error::NotParked { .. })), "{result:?}");
        }
        assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
        assert_eq!(world.count("notify"), 2);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_parked_instance_gives_its_place_back_and_waits_for_one_when_it_goes_on() {
    on_both(async |data| {
        let world =
            World::default().script("notify@first", &[Act::Reject]).script("pay@second", &[Act::Wait]);
        let orchestrator = builder(data.open(), &world).max_active(1).build().await.unwrap();
        let first = start(&orchestrator, "first").await;
        parked(&first).await;
        let second = start(&orchestrator, "second").await;
        world.called("pay", 2).await;
        // The decision is taken down at once, though there is no place to go on with it.
        orchestrator.resolve("first", retry()).await.unwrap();
        assert_eq!(first.try_outcome().await.unwrap(), None, "it is not parked any more");
        tokio::task::yield_now().await;
        assert_eq!(world.count("notify"), 1, "there is one place");
        world.open();
        assert!(matches!(second.outcome().await.unwrap(), Outcome::Completed(_)));
        assert!(matches!(soon(first.outcome()).await.unwrap(), Outcome::Completed(_)));
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_parked_instance_stays_parked_over_a_restart() {
    on_both(async |data| {
        let world = World::default().script("notify", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let before = parked(&start(&orchestrator, "order-1").await).await;
        orchestrator.shutdown().await;
        let entries = data.stored("order-1").await.unwrap().entries;
        let orchestrator = open(data.open(), &world).await;
        let handle = start(&orchestrator, "order-1").await;
        assert_eq!(parked(&handle).await, before, "since when, too");
        let _ = start(&orchestrator, "order-2").await.outcome().await.unwrap();
        orchestrator.shutdown().await;
        assert_eq!(data.stored("order-1").await.unwrap().entries, entries, "nothing was done to it");
        let orchestrator = open(data.open(), &world).await;
        orchestrator.resolve("order-1", retry()).await.unwrap();
        let outcome = orchestrator.handle::<Shop>("order-1").outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        orchestrator.shutdown().await;
    });
}

#[tokio::test(start_paused = true)]
async fn i13_what_is_tried_in_vain_for_long_needs_attention_and_goes_on() {
    let world = World::default().script("notify", &[Act::NotDone; 14]);
    let orchestrator = open(Data::memory().open(), &world).await;
    let handle = start(&orchestrator, "order-1").await;
    world.called("notify", 9).await;
    assert!(!handle.status().await.unwrap().needs_attention);
    world.called("notify", 12).await;
    assert!(handle.status().await.unwrap().needs_attention);
    assert!(matches!(handle.outcome().await.unwrap(), Outcome::Completed(_)));
    assert!(!handle.status().await.unwrap().needs_attention);
    orchestrator.shutdown().await;
}

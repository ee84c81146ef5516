//! `when`: a step that runs only if a method says so, which is asked once.

use std::time::Duration;

use sagas::journal::Event;
use sagas::prelude::*;
use sagas::{Builder, InstanceState, StepState};

use crate::support::answers::{Answers, Notes};
use crate::support::data::{Data, on_both};
use crate::support::lives::{
    self, ID, Story, crash_again_and_again, crash_everywhere, go_on_from_every_prefix, live,
};
use crate::support::probe::Moment;
use crate::support::world::{Act, World};
use crate::support::{retry, soon};

/// An order that may be a gift: then it is wrapped, and a card is written.
#[derive(Debug, Clone)]
struct Gift {
    world: World,
    is_gift: Answers<bool>,
    notes: Notes,
}

impl Gift {
    fn new(is_gift: Answers<bool>) -> Self {
        Self { world: World::default(), is_gift, notes: Notes::default() }
    }

    fn script(mut self, step: &str, acts: &[Act]) -> Self {
        self.world = self.world.script(step, acts);
        self
    }
}

#[saga(name = "gift")]
impl Gift {
    #[step(compensate = cancel, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn order(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *input)
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    #[step(output = paper, compensate = unwrap, idempotent, when = is_gift, retry(attempts = 2, initial = "10ms"))]
    async fn wrap(&self, cx: &StepContext, order: &u32) -> Result<String, StepError> {
        self.world.forward(cx).await.map(|_| format!("paper of {order}"))
    }
    fn is_gift(&self, input: &u32, order: &u32) -> bool {
        assert_eq!(input, order, "what the method is given");
        self.is_gift.next()
    }
    #[policy(retry(initial = "10ms"))]
    async fn unwrap(&self, cx: &StepContext, paper: &String) -> Result<(), StepError> {
        self.notes.add(format!("unwrap {paper}"));
        self.world.compensate(cx).await
    }

    #[step(compensate = cancel_label, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn label(&self, cx: &StepContext, paper: Option<&String>) -> Result<u32, StepError> {
        self.notes.add(format!("label {paper:?}"));
        self.world.forward(cx).await
    }
    #[policy(retry(initial = "10ms"))]
    async fn cancel_label(&self, cx: &StepContext, paper: Option<&String>) -> Result<(), StepError> {
        self.notes.add(format!("cancel_label {paper:?}"));
        self.world.compensate(cx).await
    }

    #[step(read_only, when = is_wrapped)]
    async fn card(&self, paper: Option<&String>) -> Result<String, StepError> {
        Ok(format!("{paper:?}"))
    }
    fn is_wrapped(&self, paper: Option<&String>) -> bool {
        paper.is_some()
    }
}

impl Story for Gift {
    fn world(&self) -> &World {
        &self.world
    }

    fn apart(&self) -> Self {
        Self { world: self.world.snapshot(), is_gift: self.is_gift.apart(), notes: Notes::default() }
    }

    fn register(&self, builder: Builder) -> Builder {
        builder.register(self.clone())
    }

    async fn begin(&self, orchestrator: &Orchestrator) -> Handle<Self> {
        orchestrator.start(ID, 7).await.unwrap()
    }

    fn assert_sound(&self, outcome: &Outcome<Self>, what: &str) {
        let in_force = self.world.in_force();
        match outcome {
            Outcome::Completed(card) => {
                assert_eq!(in_force.len(), 2 + usize::from(card.is_some()), "{what}: {in_force:?}");
            }
            Outcome::Compensated(_) => assert!(in_force.is_empty(), "{what}: {in_force:?}"),
            Outcome::Parked(parked) => panic!("{what}: {parked}"),
        }
        for step in ["order", "wrap", "label"] {
            let effects = in_force.iter().filter(|key| key.ends_with(step)).count();
            assert!(effects <= 1, "{what}: {in_force:?}");
        }
    }
}

async fn outcome(data: &Data, gift: &Gift) -> Outcome<Gift> {
    let orchestrator = lives::open(data.open(), gift).await;
    let handle = gift.begin(&orchestrator).await;
    let outcome = soon(handle.outcome()).await.unwrap();
    orchestrator.shutdown().await;
    outcome
}

async fn names(data: &Data) -> Vec<&'static str> {
    data.journal(ID).await.iter().flat_map(|entry| &entry.events).map(Event::name).collect()
}

#[test]
fn a_step_whose_condition_holds_runs_and_later_steps_see_its_output() {
    on_both(async |data| {
        let gift = Gift::new(Answers::always(true));
        let paper = "Some(\"paper of 7\")";
        assert_eq!(outcome(data, &gift).await, Outcome::Completed(Some(paper.to_owned())));
        assert_eq!(gift.world.calls(), ["order", "wrap", "label"]);
        assert_eq!(gift.notes.all(), [format!("label {paper}")]);
        assert_eq!(gift.is_gift.asked(), 1);
        let names = names(data).await;
        assert_eq!(names.iter().filter(|name| **name == "ConditionHeld").count(), 2, "{names:?}");
        assert!(!names.contains(&"StepSkipped"), "{names:?}");
    });
}

#[test]
fn a_step_whose_condition_does_not_hold_is_skipped_and_later_steps_see_none() {
    on_both(async |data| {
        let gift = Gift::new(Answers::always(false));
        let orchestrator = lives::open(data.open(), &gift).await;
        let handle = gift.begin(&orchestrator).await;
        assert_eq!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(None));
        let status = handle.status().await.unwrap();
        let states: Vec<_> = status.steps.iter().map(|step| (step.state, step.attempts)).collect();
        let (succeeded, skipped) = ((StepState::Succeeded, 1), (StepState::Skipped, 0));
        assert_eq!(states, [succeeded, skipped, succeeded, skipped]);
        orchestrator.shutdown().await;
        assert_eq!(gift.world.calls(), ["order", "label"]);
        assert_eq!(gift.notes.all(), ["label None"]);
        let names = names(data).await;
        assert_eq!(names.iter().filter(|name| **name == "StepSkipped").count(), 2, "{names:?}");
        assert!(!names.contains(&"ConditionHeld"), "{names:?}");
        assert_eq!(data.journal(ID).await.len(), 3, "the answers cost no entry");
        // The next process reads the same.
        let orchestrator = lives::open(data.open(), &gift).await;
        assert_eq!(orchestrator.handle::<Gift>(ID).outcome().await.unwrap(), Outcome::Completed(None));
        orchestrator.shutdown().await;
    });
}

#[test]
fn the_answer_on_record_counts_whatever_the_method_says_in_the_next_life() {
    for answer in [true, false] {
        on_both(async |data| {
            let gift = Gift::new(Answers::new([Some(answer), Some(!answer)])).script("label", &[Act::Hang]);
            let builder = gift.register(Orchestrator::builder(data.open()));
            let orchestrator = builder.shutdown_grace(Duration::ZERO).build().await.unwrap();
            gift.begin(&orchestrator).await;
            soon(gift.world.called("label", 1)).await;
            orchestrator.shutdown().await;
            let outcome = outcome(data, &gift).await;
            gift.assert_sound(&outcome, "in the second life");
            assert!(matches!(outcome, Outcome::Completed(card) if card.is_some() == answer));
            assert_eq!(gift.is_gift.asked(), 1);
            assert_eq!(gift.notes.all().len(), 2);
            assert!(gift.notes.all().iter().all(|note| note.contains("Some") == answer));
        });
    }
}

#[test]
fn an_answer_that_was_not_written_is_asked_for_again() {
    for (moment, asked, wrapped) in [(Moment::Before, 2, false), (Moment::After, 1, true)] {
        let (data, gift) = (Data::memory(), Gift::new(Answers::new([Some(true), Some(false)])));
        // The second append has the success of the first step and the answer.
        assert!(live(&data, &gift, Some((2, moment))).is_none());
        assert_eq!(gift.is_gift.asked(), 1);
        let outcome = live(&data, &gift, None).unwrap();
        gift.assert_sound(&outcome, "in the second life");
        assert!(matches!(outcome, Outcome::Completed(card) if card.is_some() == wrapped), "{moment:?}");
        assert_eq!(gift.is_gift.asked(), asked, "{moment:?}");
    }
}

#[test]
fn i8_a_step_that_ran_is_compensated_with_its_output_and_one_that_was_skipped_is_not() {
    for answer in [true, false] {
        on_both(async |data| {
            let gift = Gift::new(Answers::always(answer)).script("label", &[Act::Reject]);
            let outcome = outcome(data, &gift).await;
            let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
            assert_eq!((failure.step, failure.kind), (Some(GiftStep::Label), FailureKind::Rejected));
            assert!(gift.world.in_force().is_empty());
            let (wrap, unwrap) = (gift.world.count("wrap"), gift.world.count("wrap/compensate"));
            assert_eq!((wrap, unwrap), (usize::from(answer), usize::from(answer)));
            let unwraps = gift.notes.all().iter().filter(|note| *note == "unwrap paper of 7").count();
            assert_eq!(unwraps, usize::from(answer));
        });
    }
}

#[test]
fn a_compensation_sees_of_a_skipped_step_what_its_step_saw() {
    on_both(async |data| {
        let gift = Gift::new(Answers::always(false)).script("label", &[Act::LoseAnswer, Act::LoseAnswer]);
        let outcome = outcome(data, &gift).await;
        assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
        assert_eq!(gift.notes.all(), ["label None", "label None", "cancel_label None"]);
        assert!(gift.world.in_force().is_empty());
    });
}

#[test]
fn a_condition_that_panics_parks_at_its_step_and_retry_asks_again() {
    on_both(async |data| {
        let gift = Gift::new(Answers::new([None, None, Some(true)]));
        let orchestrator = lives::open(data.open(), &gift).await;
        let handle = gift.begin(&orchestrator).await;
        let outcome = soon(handle.outcome()).await.unwrap();
        let Outcome::Parked(parked) = outcome else { panic!("{outcome:?}") };
        assert_eq!((parked.step, parked.item), (GiftStep::Wrap, None));
        assert_eq!((parked.reason, parked.attempts), (ParkReason::Panicked, 0));
        assert_eq!(parked.message, "panicked: the method panics");
        assert_eq!(gift.world.calls(), ["order"]);
        orchestrator.resolve(ID, retry()).await.unwrap();
        let outcome = soon(handle.outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Parked(_)), "it panicked again: {outcome:?}");
        orchestrator.shutdown().await;
        assert_eq!(gift.is_gift.asked(), 2);

        // It is parked for the next process too, which does not ask by itself.
        let orchestrator = lives::open(data.open(), &gift).await;
        let handle = orchestrator.handle::<Gift>(ID);
        let outcome = soon(handle.outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Parked(_)), "{outcome:?}");
        assert_eq!(gift.is_gift.asked(), 2);
        orchestrator.resolve(ID, retry()).await.unwrap();
        let outcome = soon(handle.outcome()).await.unwrap();
        gift.assert_sound(&outcome, "once it answers");
        assert!(matches!(outcome, Outcome::Completed(Some(_))));
        assert_eq!(gift.is_gift.asked(), 3);
        orchestrator.shutdown().await;
    });
}

/// A saga of nothing but a conditional step.
#[derive(Debug, Clone)]
struct Maybe {
    world: World,
    holds: Answers<bool>,
}

#[saga(name = "maybe")]
impl Maybe {
    #[step(compensate = cancel, idempotent, when = holds)]
    async fn only(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    fn holds(&self) -> bool {
        self.holds.next()
    }
    async fn cancel(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

#[test]
fn a_saga_that_skips_all_it_has_completes_in_its_first_entry() {
    on_both(async |data| {
        let maybe = Maybe { world: World::default(), holds: Answers::always(false) };
        let builder = Orchestrator::builder(data.open()).register(maybe.clone());
        let orchestrator = builder.build().await.unwrap();
        let handle = orchestrator.start::<Maybe>(ID, ()).await.unwrap();
        assert_eq!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(None));
        orchestrator.shutdown().await;
        assert!(maybe.world.calls().is_empty());
        assert_eq!(names(data).await, ["SagaStarted", "StepSkipped", "Completed"]);
        assert_eq!(data.journal(ID).await.len(), 1);
    });
}

#[test]
fn a_first_step_that_panics_when_it_is_asked_for_parks_in_the_first_entry() {
    on_both(async |data| {
        let maybe = Maybe { world: World::default(), holds: Answers::new([None, Some(true)]) };
        let builder = Orchestrator::builder(data.open()).register(maybe.clone());
        let orchestrator = builder.build().await.unwrap();
        let handle = orchestrator.start::<Maybe>(ID, ()).await.unwrap();
        let outcome = soon(handle.outcome()).await.unwrap();
        assert!(matches!(&outcome, Outcome::Parked(at) if at.reason == ParkReason::Panicked), "{outcome:?}");
        assert_eq!(handle.status().await.unwrap().state, InstanceState::Parked);
        orchestrator.resolve(ID, retry()).await.unwrap();
        assert_eq!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(Some(1)));
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_instance_that_is_queued_is_not_asked() {
    on_both(async |data| {
        let maybe = Maybe {
            world: World::default().script("only@first", &[Act::Wait]),
            holds: Answers::always(true),
        };
        let builder = Orchestrator::builder(data.open()).register(maybe.clone()).max_active(1);
        let orchestrator = builder.build().await.unwrap();
        let first = orchestrator.start::<Maybe>("first", ()).await.unwrap();
        let second = orchestrator.start::<Maybe>("second", ()).await.unwrap();
        soon(maybe.world.called("only", 1)).await;
        assert_eq!(maybe.holds.asked(), 1);
        maybe.world.open();
        for handle in [first, second] {
            assert!(matches!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(Some(_))));
        }
        assert_eq!(maybe.holds.asked(), 2);
        orchestrator.shutdown().await;
    });
}

/// A conditional step after the pivot.
#[derive(Debug, Clone)]
struct Parcel {
    world: World,
    is_to_tell: Answers<bool>,
}

#[saga(name = "parcel")]
impl Parcel {
    #[step(pivot, idempotent)]
    async fn ship(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }

    #[step(retriable, idempotent, when = is_to_tell, retry(initial = "10ms"))]
    async fn tell(&self, cx: &StepContext, ship: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *ship)
    }
    fn is_to_tell(&self, ship: &u32) -> bool {
        assert_eq!(*ship, 1, "what the method is given");
        self.is_to_tell.next()
    }
}

#[test]
fn i12_after_the_pivot_a_step_may_be_skipped_too_and_a_panic_parks() {
    for (answers, expected) in
        [(vec![Some(true)], Some(1)), (vec![Some(false)], None), (vec![None, Some(true)], Some(1))]
    {
        on_both(async |data| {
            let is_to_tell = Answers::new(answers.clone());
            let parcel = Parcel { world: World::default().script("tell", &[Act::NotDone]), is_to_tell };
            let builder = Orchestrator::builder(data.open()).register(parcel.clone());
            let orchestrator = builder.build().await.unwrap();
            let handle = orchestrator.start::<Parcel>(ID, ()).await.unwrap();
            let mut outcome = soon(handle.outcome()).await.unwrap();
            if answers.len() > 1 {
                let Outcome::Parked(parked) = &outcome else { panic!("{outcome:?}") };
                assert_eq!((parked.step, parked.reason), (ParcelStep::Tell, ParkReason::Panicked));
                orchestrator.resolve(ID, retry()).await.unwrap();
                outcome = soon(handle.outcome()).await.unwrap();
            }
            assert_eq!(outcome, Outcome::Completed(expected));
            orchestrator.shutdown().await;
        });
    }
}

/// What may happen around a condition: its answers, and what the services do.
fn stories() -> Vec<(&'static str, Gift)> {
    let always = |answer| Gift::new(Answers::always(answer));
    // A method that breaks its promise to be pure: whatever is on record counts.
    let fickle = || Gift::new(Answers::new([true, false, true, false].map(Some)));
    vec![
        ("it holds", always(true)),
        ("it does not hold", always(false)),
        ("fickle", fickle()),
        ("fickle, refused later", fickle().script("label", &[Act::Reject])),
        ("fickle, answer lost", fickle().script("wrap", &[Act::LoseAnswer]).script("label", &[Act::Panic])),
        ("fickle, refused", fickle().script("wrap", &[Act::Reject])),
        ("fickle, in doubt", fickle().script("wrap", &[Act::LoseAnswer, Act::LoseRequest])),
        ("skipped, refused later", always(false).script("label", &[Act::LoseAnswer, Act::Reject])),
        ("it panics at first", Gift::new(Answers::new([None, Some(true), Some(false)]))),
    ]
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_a_condition_has_one_answer() {
    for (at, (what, _)) in stories().iter().enumerate() {
        let make = || stories().swap_remove(at).1;
        assert!(crash_everywhere(Data::memory, what, make) >= 3, "{what}");
        crash_again_and_again(what, make);
    }
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_the_file_holds_the_answer() {
    for what in ["fickle, refused later", "fickle, answer lost"] {
        let make = || stories().into_iter().find(|story| story.0 == what).unwrap().1;
        assert!(crash_everywhere(Data::sqlite, what, make) >= 3, "{what}");
    }
}

#[test]
fn i5_every_prefix_of_a_journal_with_conditions_is_gone_on_from() {
    let mut seen = Vec::new();
    for (at, (what, _)) in stories().iter().enumerate() {
        seen.extend(go_on_from_every_prefix(what, || stories().swap_remove(at).1));
    }
    for event in ["ConditionHeld", "StepSkipped", "Parked", "CompensationDecided"] {
        assert!(seen.contains(&event), "{event}");
    }
}

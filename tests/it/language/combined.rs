//! The words of the language together: a conditional fan-out, a child after a signal, a delay in a DAG.

use std::time::Duration;

use sagas::prelude::*;
use sagas::{Builder, Error, StepState};
use serde::{Deserialize, Serialize};

use crate::support::answers::{Answers, Notes};
use crate::support::data::{Data, on_both};
use crate::support::lives::{
    self, ID, Story, crash_again_and_again, crash_everywhere, go_on_from_every_prefix,
};
use crate::support::soon;
use crate::support::world::{Act, World};

/// An order whose lines are gift-wrapped one by one, if it is a gift.
#[derive(Debug, Clone)]
struct Gifts {
    world: World,
    is_gift: Answers<bool>,
    lines: Answers<Vec<u32>>,
    notes: Notes,
}

impl Gifts {
    fn new(is_gift: bool, lines: u32) -> Self {
        Self {
            world: World::default(),
            is_gift: Answers::always(is_gift),
            lines: Answers::always((0..lines).collect()),
            notes: Notes::default(),
        }
    }
}

#[saga(name = "gifts", output = papers)]
impl Gifts {
    #[step(output = papers, when = is_gift, for_each = lines, concurrency = 2, compensate = unwrap, idempotent)]
    async fn wrap(&self, cx: &StepContext, item: &u32) -> Result<String, StepError> {
        self.world.forward(cx).await.map(|_| format!("paper {item}"))
    }
    fn is_gift(&self) -> bool {
        self.is_gift.next()
    }
    fn lines(&self) -> Vec<u32> {
        self.lines.next()
    }
    async fn unwrap(&self, cx: &StepContext, papers: &String, item: &u32) -> Result<(), StepError> {
        self.notes.add(format!("unwrap {papers} of {item}"));
        self.world.compensate(cx).await
    }

    #[step(compensate = unpack, idempotent)]
    async fn pack(&self, cx: &StepContext, papers: Option<&[String]>) -> Result<u32, StepError> {
        self.notes.add(format!("pack {papers:?}"));
        self.world.forward(cx).await
    }
    async fn unpack(&self, cx: &StepContext, papers: Option<&[String]>) -> Result<(), StepError> {
        self.notes.add(format!("unpack {papers:?}"));
        self.world.compensate(cx).await
    }
}

#[test]
fn a_conditional_fan_out_is_all_of_its_items_or_none() {
    let papers = |count: u32| Some((0..count).map(|item| format!("paper {item}")).collect::<Vec<_>>());
    for (is_gift, lines, expected) in
        [(true, 3, papers(3)), (true, 0, papers(0)), (false, 3, None), (false, 0, None)]
    {
        on_both(async |data| {
            let gifts = Gifts::new(is_gift, lines);
            let builder = Orchestrator::builder(data.open()).register(gifts.clone());
            let orchestrator = builder.build().await.unwrap();
            let handle = orchestrator.start::<Gifts>(ID, ()).await.unwrap();
            assert_eq!(soon(handle.outcome()).await.unwrap(), Outcome::Completed(expected.clone()));
            assert_eq!(gifts.notes.all(), [format!("pack {expected:?}")]);
            let state = if is_gift { StepState::Succeeded } else { StepState::Skipped };
            assert_eq!(handle.status().await.unwrap().steps[0].state, state);
            assert_eq!((gifts.is_gift.asked(), gifts.lines.asked()), (1, usize::from(is_gift)));
            orchestrator.shutdown().await;
            let builder = Orchestrator::builder(data.open()).register(gifts.clone());
            let orchestrator = builder.build().await.unwrap();
            let handle = orchestrator.handle::<Gifts>(ID);
            assert_eq!(handle.outcome().await.unwrap(), Outcome::Completed(expected.clone()));
            orchestrator.shutdown().await;
        });
    }
}

#[test]
fn i8_a_conditional_fan_out_is_compensated_as_far_as_it_ran() {
    for (is_gift, unwrapped) in [(true, 3), (false, 0)] {
        on_both(async |data| {
            let mut gifts = Gifts::new(is_gift, 3);
            gifts.world = gifts.world.script("pack", &[Act::LoseAnswer, Act::Reject]);
            let builder = Orchestrator::builder(data.open()).register(gifts.clone());
            let orchestrator = builder.build().await.unwrap();
            let handle = orchestrator.start::<Gifts>(ID, ()).await.unwrap();
            let outcome = soon(handle.outcome()).await.unwrap();
            assert!(matches!(outcome, Outcome::Compensated(_)), "{outcome:?}");
            assert_eq!(gifts.world.count("wrap/compensate"), unwrapped);
            let notes = gifts.notes.all();
            let unwraps = (0..3).filter(|item| notes.contains(&format!("unwrap paper {item} of {item}")));
            assert_eq!(unwraps.count(), unwrapped, "{notes:?}");
            assert!(gifts.world.in_force().is_empty());
            orchestrator.shutdown().await;
        });
    }
}

/// The manager's word.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Approved {
    sum: u32,
}

/// An insurance, which is a saga of its own.
#[derive(Debug, Clone)]
struct Policy {
    world: World,
}

#[saga(name = "policy")]
impl Policy {
    #[step(compensate = cancel, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn sign(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *input)
    }
    async fn cancel(&self, cx: &StepContext, sign: &u32) -> Result<(), StepError> {
        assert!(*sign > 0, "its own output");
        self.world.compensate(cx).await
    }

    #[step(compensate = take_back, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn file(&self, cx: &StepContext, sign: &u32) -> Result<String, StepError> {
        self.world.forward(cx).await.map(|_| format!("policy over {sign}"))
    }
    async fn take_back(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }
}

/// A booking with everything that a step can be told.
#[derive(Debug, Clone)]
struct Trip {
    world: World,
    is_long: Answers<bool>,
    cities: Answers<Vec<u32>>,
    notes: Notes,
}

impl Trip {
    fn new() -> Self {
        Self {
            world: World::default(),
            is_long: Answers::always(true),
            cities: Answers::always(vec![1, 2, 3]),
            notes: Notes::default(),
        }
    }

    fn short(self) -> Self {
        Self { is_long: Answers::always(false), ..self }
    }

    fn script(mut self, step: &str, acts: &[Act]) -> Self {
        self.world = self.world.script(step, acts);
        self
    }
}

#[saga(name = "trip", deadline = "30d")]
impl Trip {
    #[step(compensate = close, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn open(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| *input)
    }
    async fn close(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    // A conditional fan-out.
    #[step(
        after(open),
        output = rooms,
        when = is_long,
        for_each = cities,
        concurrency = 2,
        compensate = release,
        idempotent(within = "1d"),
        in_doubt = check(find),
        max_running = 2,
        retry(attempts = 3, initial = "10ms")
    )]
    async fn reserve(&self, cx: &StepContext, item: &u32) -> Result<String, StepError> {
        self.world.forward(cx).await.map(|_| format!("room in {item}"))
    }
    fn is_long(&self) -> bool {
        self.is_long.next()
    }
    fn cities(&self) -> Vec<u32> {
        self.cities.next()
    }
    async fn find(&self, cx: &StepContext, item: &u32) -> Result<Checked<String>, StepError> {
        Ok(match self.world.check(cx).await? {
            Checked::Done(_) => Checked::Done(format!("room in {item}")),
            Checked::NotDone => Checked::NotDone,
            Checked::Unknown => Checked::Unknown,
        })
    }
    async fn release(&self, cx: &StepContext, item: &u32, rooms: &String) -> Result<(), StepError> {
        self.notes.add(format!("release {rooms} of {item}"));
        self.world.compensate(cx).await
    }

    // A delay beside other branches.
    #[step(after(open), delay = "20s", compensate = forget, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn remind(&self, cx: &StepContext) -> Result<u32, StepError> {
        self.world.forward(cx).await
    }
    async fn forget(&self, cx: &StepContext) -> Result<(), StepError> {
        self.world.compensate(cx).await
    }

    // A child after a signal.
    #[step(after(open), signal, within = "1h", output = approval, compensate = revoke, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn approved(&self, cx: &StepContext, signal: &Approved) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| signal.sum)
    }
    async fn revoke(&self, cx: &StepContext, signal: &Approved, approval: &u32) -> Result<(), StepError> {
        self.notes.add(format!("revoke {} of {approval}", signal.sum));
        self.world.compensate(cx).await
    }

    #[step(after(approved), child = Policy)]
    fn insure(&self, approval: &u32) -> u32 {
        *approval
    }

    #[step(compensate = unconfirm, idempotent, retry(attempts = 2, initial = "10ms"))]
    async fn confirm(
        &self,
        cx: &StepContext,
        open: &u32,
        rooms: Option<&[String]>,
        remind: &u32,
        insure: &String,
    ) -> Result<String, StepError> {
        let _ = remind;
        self.world.forward(cx).await.map(|_| format!("trip {open}, {rooms:?}, {insure}"))
    }
    async fn unconfirm(&self, cx: &StepContext, rooms: Option<&[String]>) -> Result<(), StepError> {
        self.notes.add(format!("unconfirm {}", rooms.map_or(0, <[String]>::len)));
        self.world.compensate(cx).await
    }
}

impl Story for Trip {
    fn world(&self) -> &World {
        &self.world
    }

    fn apart(&self) -> Self {
        Self {
            world: self.world.snapshot(),
            is_long: self.is_long.apart(),
            cities: self.cities.apart(),
            notes: Notes::default(),
        }
    }

    fn register(&self, builder: Builder) -> Builder {
        builder.register(self.clone()).register(Policy { world: self.world.clone() })
    }

    async fn begin(&self, orchestrator: &Orchestrator) -> Handle<Self> {
        let handle = orchestrator.start::<Self>(ID, 5).await.unwrap();
        // Whoever sends it sends it until it is acknowledged, and perhaps once more.
        match handle.signal("approval-1", Approved { sum: 40 }).await {
            Ok(()) | Err(Error::Finished { .. }) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    fn assert_sound(&self, outcome: &Outcome<Self>, what: &str) {
        let in_force = self.world.in_force();
        match outcome {
            Outcome::Completed(text) => {
                let rooms = if text.contains("None") { 0 } else { text.matches("room in").count() };
                // Opened, reminded, approved, signed, filed, confirmed.
                assert_eq!(in_force.len(), 6 + rooms, "{what}: {text}, {in_force:?}");
                assert!(text.starts_with("trip 5, ") && text.ends_with(", policy over 40"), "{what}: {text}");
            }
            Outcome::Compensated(_) => assert!(in_force.is_empty(), "{what}: {in_force:?}"),
            Outcome::Parked(parked) => panic!("{what}: {parked}"),
        }
    }
}

fn stories() -> Vec<(&'static str, Trip)> {
    let fickle = || {
        let cities = [vec![1, 2], vec![1, 2, 3], vec![1]].map(Some);
        Trip { is_long: Answers::new([true, false].map(Some)), cities: Answers::new(cities), ..Trip::new() }
    };
    vec![
        ("all succeed", Trip::new()),
        ("it is short", Trip::new().short()),
        ("fickle", fickle()),
        ("the last is refused", fickle().script("confirm", &[Act::LoseAnswer, Act::Reject])),
        ("an item is refused", Trip::new().script("reserve/1", &[Act::NotDone, Act::Reject])),
        ("an item is in doubt", Trip::new().script("reserve/0", &[Act::LoseAnswer; 3])),
        ("an item is lost", fickle().script("reserve/0", &[Act::LoseRequest; 3])),
        ("the approval is refused", Trip::new().short().script("approved", &[Act::Reject])),
        ("the child fails", Trip::new().script("file", &[Act::LoseRequest, Act::Reject])),
        ("the child retries", Trip::new().script("sign", &[Act::LoseAnswer]).script("file", &[Act::NotDone])),
        (
            "compensations fail",
            fickle()
                .script("remind", &[Act::Reject])
                .script("sign/compensate", &[Act::LoseAnswer])
                .script("reserve/1/compensate", &[Act::NotDone, Act::Reject]),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn branches_wait_for_their_own_time_word_and_child_and_join() {
    let trip = Trip::new();
    let builder = trip.register(Orchestrator::builder(Data::memory().open()));
    let orchestrator = builder.build().await.unwrap();
    let handle = orchestrator.start::<Trip>(ID, 5).await.unwrap();
    soon(trip.world.called("reserve", 3)).await;
    assert!(matches!(handle.try_outcome().await, Ok(None)));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let states = async || {
        let status = handle.status().await.unwrap();
        status.steps.iter().map(|step| step.state).collect::<Vec<_>>()
    };
    let (succeeded, waiting, pending) = (StepState::Succeeded, StepState::Waiting, StepState::Pending);
    assert_eq!(states().await, [succeeded, succeeded, waiting, waiting, pending, pending]);
    handle.signal("approval-1", Approved { sum: 40 }).await.unwrap();
    soon(trip.world.called("file", 1)).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(states().await, [succeeded, succeeded, waiting, succeeded, succeeded, pending]);
    assert_eq!(trip.world.count("remind"), 0, "its time is not over");
    let outcome = tokio::time::timeout(Duration::from_secs(600), handle.outcome()).await.unwrap().unwrap();
    let expected = "trip 5, Some([\"room in 1\", \"room in 2\", \"room in 3\"]), policy over 40";
    assert_eq!(outcome, Outcome::Completed(expected.to_owned()));
    trip.assert_sound(&outcome, "all of it");
    orchestrator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_word_that_does_not_come_in_time_compensates_all_branches() {
    let trip = Trip::new();
    let builder = trip.register(Orchestrator::builder(Data::memory().open()));
    let orchestrator = builder.build().await.unwrap();
    let handle = orchestrator.start::<Trip>(ID, 5).await.unwrap();
    let hours = Duration::from_secs(2 * 3600);
    let outcome = tokio::time::timeout(hours, handle.outcome()).await.unwrap().unwrap();
    let Outcome::Compensated(failure) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.step, failure.kind), (Some(TripStep::Approved), FailureKind::Rejected));
    assert_eq!(failure.code.as_deref(), Some("signal_timeout"));
    trip.assert_sound(&outcome, "no word came");
    assert_eq!((trip.world.count("remind"), trip.world.count("reserve/compensate")), (1, 3));
    assert_eq!(trip.world.count("sign"), 0);
    orchestrator.shutdown().await;
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_the_whole_language_ends_sound() {
    for (at, (what, _)) in stories().iter().enumerate() {
        let make = || stories().swap_remove(at).1;
        assert!(crash_everywhere(Data::memory, what, make) >= 8, "{what}");
    }
}

#[test]
fn i3_i5_i8_after_crashes_in_a_row_the_whole_language_ends_sound() {
    for what in ["all succeed", "the last is refused", "the child fails", "compensations fail"] {
        let make = || stories().into_iter().find(|story| story.0 == what).unwrap().1;
        assert!(crash_again_and_again(what, make) >= 8, "{what}");
    }
}

#[test]
fn i5_every_prefix_of_a_journal_with_the_whole_language_is_gone_on_from() {
    let mut seen = Vec::new();
    for (at, (what, _)) in stories().iter().enumerate() {
        seen.extend(go_on_from_every_prefix(what, || stories().swap_remove(at).1));
    }
    for event in [
        "StepSkipped",
        "ConditionHeld",
        "StepDelayed",
        "ItemsListed",
        "SignalAwaited",
        "SignalReceived",
        "CheckStarted",
        "CompensationDecided",
        "Completed",
        "Compensated",
    ] {
        assert!(seen.contains(&event), "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_story_is_over_for_a_signal_that_comes_late() {
    let trip = Trip::new();
    let orchestrator = lives::open(Data::memory().open(), &trip).await;
    let handle = trip.begin(&orchestrator).await;
    let outcome = tokio::time::timeout(Duration::from_secs(3600), handle.outcome()).await.unwrap().unwrap();
    trip.assert_sound(&outcome, "its word came early");
    let late = handle.signal("approval-2", Approved { sum: 1 }).await;
    assert!(matches!(late, Err(Error::Finished { .. })), "{late:?}");
    orchestrator.shutdown().await;
}

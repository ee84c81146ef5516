//! Children: steps that are instances of other sagas.
//!
//! The parent's journal says that a child is wanted, or that it is to be taken back; what became of it the child's
//! own journal says. So a crash loses nothing: whoever has the parent in memory looks at the child, starts what
//! is not there, and tells the parent what has ended. A child that ends wakes its parent in the commit that ends
//! it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use crate::error::Error;
use crate::fault::{FaultKind, FaultRecord};
use crate::id::{InstanceId, StepIndex, StepName};
use crate::journal::{InstanceState, ParkReason, Payload};
use crate::machine::{AttemptEnd, Input};
use crate::outcome::Failure;
use crate::runtime::attempt::text_of;
use crate::runtime::command::command;
use crate::runtime::instance::{Arrival, Live};
use crate::runtime::line;
use crate::runtime::output::Output;
use crate::runtime::revive::{load, replay};
use crate::runtime::shared::Shared;
use crate::runtime::start::{Start, compare, first_of, start, start_queued};
use crate::runtime::verdict::{Verdict, What};
use crate::store::Stored;

/// How long a store that fails is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// The id of the child that a step of `parent` is.
pub(crate) fn child_id(parent: &InstanceId, step: &StepName) -> Result<InstanceId, Error> {
    Ok(InstanceId::new(format!("{parent}/{step}"))?)
}

/// What a parent wishes of its child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChildWish {
    /// That it runs to its end.
    End,
    /// That it ends soon: the parent compensates, and nobody wants what it is about to do.
    BeCancelled,
    /// That it is taken back, whatever became of it.
    BeCompensated,
}

/// Looks after the child of a step in a task of its own, for as long as something is to be done about it.
pub(crate) fn look_after(live: Arc<Live>, step: StepIndex) {
    live.shared().runtime.clone().spawn(async move {
        while let Some((wish, attempt)) = live.next_child_need(step) {
            match look(&live, step, wish).await {
                Ok(Some(told)) => {
                    let wish_of_park = matches!(told, Told::Park(..)).then_some((step, wish));
                    let input = input_of(step, wish, attempt, told);
                    live.feed(Arrival { wish: wish_of_park, ..input.into() });
                }
                Ok(None) => {}
                // Nobody knows yet whether the child is started: for whoever reads the instance next it is ready.
                Err(Ending) => return,
            }
        }
    });
}

/// Tells the parent of an instance that this has ended.
pub(crate) fn tell_parent(shared: &Arc<Shared>, parent: &InstanceId) {
    if !shared.driven(parent).is_some_and(|live| live.attend_children()) {
        line::call(shared, parent);
    }
    // If it has left memory, the child's end has made it due.
    shared.note_due(shared.now());
}

/// What the parent's machine is told.
fn input_of(step: StepIndex, wish: ChildWish, attempt: u32, told: Told) -> Input {
    match (told, wish) {
        (Told::Park(reason, message), _) => Input::Park { step, item: None, reason, message },
        (Told::Ended(end), ChildWish::End | ChildWish::BeCancelled) => {
            Input::StepEnded { step, item: None, attempt, end }
        }
        (Told::Ended(end), ChildWish::BeCompensated) => {
            Input::CompensationEnded { step, item: None, attempt, end }
        }
    }
}

/// The orchestrator ends.
struct Ending;

/// What there is to tell of a child, if there is something. A store that fails is asked again.
async fn look(live: &Arc<Live>, step: StepIndex, wish: ChildWish) -> Result<Option<Told>, Ending> {
    loop {
        let told = match wish {
            ChildWish::End => end_of(live, step).await,
            ChildWish::BeCancelled => cancelled(live, step).await,
            ChildWish::BeCompensated => compensated(live, step).await,
        };
        match told {
            Ok(told) => return Ok(told),
            Err(Error::ShuttingDown) => return Err(Ending),
            Err(error) => {
                warn!(parent: live.span(), %error, "a child could not be looked after, trying again");
                live.yield_place();
                tokio::select! {
                    biased;
                    () = tokio::time::sleep(PAUSE) => {}
                    () = live.shared().lifecycle.ending() => return Err(Ending),
                }
            }
        }
    }
}

/// What there is to tell of a child.
enum Told {
    Ended(AttemptEnd),
    Park(ParkReason, String),
}

/// Starts the child, unless it was started, and tells how it ended, if it has.
async fn end_of(live: &Arc<Live>, step: StepIndex) -> Result<Option<Told>, Error> {
    let shared = live.shared();
    let begun = match begin(live, step) {
        Ok(begun) => begun,
        Err(told) => return Ok(Some(told)),
    };
    let id = begun.id.clone();
    let (started, state) = match load(&*shared.store, &id).await {
        Ok(child) => (compare(&child, &begun), child.head.progress.state),
        // If it was started meanwhile, its end is told.
        Err(Error::NotFound { .. }) => (start(shared, begun).await, InstanceState::Running),
        Err(error) => return Err(error),
    };
    match started {
        // One whose first entry cannot be read is waited for, like any whose journal cannot.
        Ok(()) | Err(Error::Unreadable { .. }) => {}
        Err(
            error @ (Error::Conflict { .. } | Error::PayloadTooLarge { .. } | Error::NotEncodable { .. }),
        ) => {
            return Ok(Some(Told::Park(ParkReason::Refused, error.to_string())));
        }
        Err(other) => return Err(other),
    }
    match state {
        InstanceState::Completed => completed(live, step, &id).await.map(Some),
        InstanceState::Compensated => refused(shared, &id).await.map(Some),
        InstanceState::Running
        | InstanceState::Compensating
        | InstanceState::Parked
        | InstanceState::Unreadable => Ok(None),
    }
}

/// The child as its parent's pure method describes it.
fn begin(live: &Arc<Live>, step: StepIndex) -> Result<Start, Told> {
    let refuse = |message: String| Told::Park(ParkReason::Refused, message);
    let definition = live.saga().definition();
    let name =
        definition.step(step).map(|step| &step.name).ok_or_else(|| refuse("no such step".to_owned()))?;
    let id = child_id(live.id(), name).map_err(|error| refuse(describe(&error)))?;
    let memory = live.memory().ok_or_else(|| refuse("its values cannot be read".to_owned()))?;
    let child = match catch_unwind(AssertUnwindSafe(|| memory.child(step))) {
        Ok(child) => child.ok_or_else(|| refuse("the step has no child".to_owned()))?,
        Err(panic) => {
            return Err(Told::Park(ParkReason::Panicked, format!("panicked: {}", text_of(&*panic))));
        }
    };
    let saga = live
        .shared()
        .registry
        .by_type(child.saga())
        .ok_or_else(|| refuse(format!("saga {} is not registered", child.saga_name())))?;
    let (memory, input) = saga.begin(child.into_input()).map_err(refuse)?;
    let (parent, trace) = (Some(live.id().clone()), live.trace().cloned());
    Ok(Start { id, saga: Arc::clone(saga), memory, input, parent, trace })
}

/// An error with its cause, in one line.
fn describe(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The output of a completed child becomes that of its step.
async fn completed(live: &Arc<Live>, step: StepIndex, id: &InstanceId) -> Result<Told, Error> {
    let stored = load(&*live.shared().store, id).await?;
    let Some(saga) = live.shared().registry.of(&stored.head) else {
        let message = format!("saga {} of {id} is not registered in its version", stored.head.saga);
        return Ok(Told::Park(ParkReason::Decode, message));
    };
    let definition = saga.definition();
    let replayed = match replay(definition, &stored) {
        Ok(replayed) => replayed,
        Err(what) => {
            return Ok(Told::Park(ParkReason::Decode, format!("the journal of {id} cannot be read: {what}")));
        }
    };
    let mut output = Output::default();
    for event in replayed.entries.iter().flat_map(|entry| &entry.events) {
        output.note(definition, definition.output(), event);
    }
    let output = output.to_payload();
    let restored = live.memory().and_then(|memory| memory.slot(step)).map(|slot| slot.restore(&output));
    Ok(match restored {
        Some(Err(message)) => Told::Park(ParkReason::Decode, message),
        Some(Ok(())) | None => Told::Ended(AttemptEnd::Succeeded(output)),
    })
}

/// A child that compensated has had no effect: its step was refused, for the child's reason.
async fn refused(shared: &Arc<Shared>, id: &InstanceId) -> Result<Told, Error> {
    let stored = load(&*shared.store, id).await?;
    let failure = match shared.registry.of(&stored.head) {
        Some(saga) => replay(saga.definition(), &stored).ok().and_then(|replayed| replayed.machine.failure()),
        None => None,
    };
    let (code, message) = match failure {
        Some(Failure { step: Some(step), code, message, .. }) => (code, format!("{step}: {message}")),
        Some(Failure { code, message, .. }) => (code, message),
        None => (None, "it compensated".to_owned()),
    };
    let code = code.unwrap_or_else(|| "child_compensated".to_owned());
    Ok(Told::Ended(AttemptEnd::Failed(FaultRecord::new(FaultKind::Rejected, &code, message))))
}

/// Cancels the child of a parent that compensates, and tells how it ended. One that is past its pivot runs to
/// its end.
async fn cancelled(live: &Arc<Live>, step: StepIndex) -> Result<Option<Told>, Error> {
    let shared = live.shared();
    let never = || {
        let message = "it was not started before the instance compensated";
        Ok(Some(Told::Ended(AttemptEnd::Failed(FaultRecord::new(
            FaultKind::NotDone,
            "not_started",
            message,
        )))))
    };
    let Some(id) = id_of_child(live, step) else { return never() };
    let child = match find_or_forestall(live, step, &id).await? {
        Sought::There(child) => child,
        Sought::Never => return never(),
        Sought::Unknown(message) => return Ok(Some(panicked(message))),
    };
    match child.head.progress.state {
        InstanceState::Completed => completed(live, step, &id).await.map(Some),
        InstanceState::Compensated => refused(shared, &id).await.map(Some),
        InstanceState::Running | InstanceState::Parked => match take_back(live, &id, What::Cancel).await {
            Ok(()) | Err(Error::PastPivot { .. }) => Ok(None),
            Err(Error::Finished { .. }) => Box::pin(cancelled(live, step)).await,
            Err(other) => Err(other),
        },
        InstanceState::Compensating | InstanceState::Unreadable => Ok(None),
    }
}

/// Takes the child back, and tells once that is done: a completed one is reverted, one on its way is cancelled.
async fn compensated(live: &Arc<Live>, step: StepIndex) -> Result<Option<Told>, Error> {
    let done = || Ok(Some(Told::Ended(AttemptEnd::Succeeded(Payload::NOTHING))));
    let Some(id) = id_of_child(live, step) else { return done() };
    let child = match find_or_forestall(live, step, &id).await? {
        Sought::There(child) => child,
        Sought::Never => return done(),
        Sought::Unknown(message) => return Ok(Some(panicked(message))),
    };
    let what: fn(String) -> What = match child.head.progress.state {
        InstanceState::Compensated => return done(),
        InstanceState::Completed => What::Revert,
        InstanceState::Running | InstanceState::Parked => What::Cancel,
        InstanceState::Compensating | InstanceState::Unreadable => return Ok(None),
    };
    match take_back(live, &id, what).await {
        Ok(()) => Ok(None),
        // It has gone on meanwhile: look again.
        Err(Error::Finished { .. } | Error::NotRevertible { .. }) => Box::pin(compensated(live, step)).await,
        Err(error @ Error::PastPivot { .. }) => {
            let fault = FaultRecord::new(FaultKind::Rejected, "past_pivot", error.to_string());
            Ok(Some(Told::Ended(AttemptEnd::Failed(fault))))
        }
        Err(other) => Err(other),
    }
}

/// What a method that panics leaves open: it is asked again, as often as the policy of the compensation says.
fn panicked(message: String) -> Told {
    Told::Ended(AttemptEnd::Failed(FaultRecord::new(FaultKind::InDoubt, "panicked", message)))
}

/// What there is of a child that is to be taken back.
enum Sought {
    There(Stored),
    /// It was never started, and nobody is about to start it.
    Never,
    /// It is not there, and a start of it may be on its way, which cannot be forestalled: the method that says what it is
    /// started with panicked, as is told.
    Unknown(String),
}

impl From<Option<Stored>> for Sought {
    fn from(found: Option<Stored>) -> Self {
        found.map_or(Self::Never, Self::There)
    }
}

/// The child of that id, unless that is somebody else's. One that is not there is started, to be taken back like any
/// other: a start of it may be on its way from whoever had the parent before, and would come after nobody looks any more.
async fn find_or_forestall(live: &Arc<Live>, step: StepIndex, id: &InstanceId) -> Result<Sought, Error> {
    if let Some(found) = find(live, id).await? {
        return Ok(Sought::There(found));
    }
    let begun = match begin(live, step) {
        Ok(begun) => begun,
        // It may have done better before, and the next time.
        Err(Told::Park(ParkReason::Panicked, message)) => return Ok(Sought::Unknown(message)),
        // Where the parent cannot say what it is started with, it never was.
        Err(_) => return Ok(Sought::Never),
    };
    match start_queued(live.shared(), begun).await {
        Ok(()) | Err(Error::Unreadable { .. }) => find(live, id).await.map(Sought::from),
        Err(Error::Conflict { .. } | Error::PayloadTooLarge { .. } | Error::NotEncodable { .. }) => {
            Ok(Sought::Never)
        }
        Err(other) => Err(other),
    }
}

/// The child of that id, unless there is none, or somebody else's.
async fn find(live: &Arc<Live>, id: &InstanceId) -> Result<Option<Stored>, Error> {
    let stored = match load(&*live.shared().store, id).await {
        Ok(stored) => stored,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_own = match first_of(&stored) {
        Ok((_, parent)) => parent.as_ref() == Some(live.id()),
        // Nobody can tell, so it is left alone and waited for.
        Err(_) => true,
    };
    Ok(is_own.then_some(stored))
}

/// Has the child compensate.
async fn take_back(live: &Arc<Live>, child: &InstanceId, what: fn(String) -> What) -> Result<(), Error> {
    let what = what(format!("{} compensates", live.id()));
    command(live.shared(), child, Verdict { who: None, saga: None, what }).await
}

/// The id of the child of a step; one whose id cannot be one never was.
fn id_of_child(live: &Live, step: StepIndex) -> Option<InstanceId> {
    let name = &live.saga().definition().step(step)?.name;
    child_id(live.id(), name).ok()
}

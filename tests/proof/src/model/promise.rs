//! What always has to be true in a model, and what has to happen in it for that to mean anything.

use std::fmt;

use saga_core::definition::StepKind;
use saga_core::journal::InstanceState;
use stateright::Property;

use super::saga::Saga;
use super::state::State;

/// A promise that is judged as things happen, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Promise {
    I1,
    I4,
    I5,
    I6,
    I7,
    I9,
    I10,
    I11,
    I12,
    I15,
    I16,
}

/// A promise that was broken on the way to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) what: &'static str,
}

/// Something that has to happen somewhere in a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Seen {
    StaleRefused,
    DeadRefused,
    DeadLanded,
    StaleCalled,
    StaleEffectCompensated,
    StoppedWhenLost,
    CompensatedAfterDoubt,
    LateRefused,
    RefusedFirst,
    CompletedAfterCrash,
    CompensatedAfterCrash,
    RecoveredAttempt,
    RecoveredCheck,
    RecoveredWait,
    RecoveredCompensation,
    RecoveredParked,
    RecoveredSignal,
    TriedAgain,
    Settled,
    CheckedDone,
    CheckedVoid,
    Parked,
    CrashLoop,
    Resolved,
    PivotPassed,
    PastPivot,
    Cancelled,
    Deadline,
    Signalled,
    SignalEarly,
    SignalMissed,
    Together,
    SideBySide,
}

impl Seen {
    pub(super) const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// What it is.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::StaleRefused => "an entry of a worker that has lost the instance is refused",
            Self::DeadRefused => {
                "an entry of a dead worker comes after the instance was taken over, and is refused"
            }
            Self::DeadLanded => "an entry becomes durable after its worker has died",
            Self::StaleCalled => "a worker that has lost the instance calls a service",
            Self::StaleEffectCompensated => "an effect of a worker that has lost the instance is compensated",
            Self::StoppedWhenLost => "a worker hears that its lease has passed, and stops",
            Self::CompensatedAfterDoubt => "compensated after an attempt in doubt",
            Self::LateRefused => "a request arrives after its compensation, and is refused",
            Self::RefusedFirst => "a service refuses what it has done, and has it compensated",
            Self::CompletedAfterCrash => "completed after a crash",
            Self::CompensatedAfterCrash => "compensated after a crash",
            Self::RecoveredAttempt => "read back while a step was running",
            Self::RecoveredCheck => "read back while a check was running",
            Self::RecoveredWait => "read back while a step waited",
            Self::RecoveredCompensation => "read back while a compensation was running",
            Self::RecoveredParked => "read back while a step was parked",
            Self::RecoveredSignal => "read back while it waited for a message",
            Self::TriedAgain => "tried again when the time has come",
            Self::Settled => "called again after the decision, to learn the output",
            Self::CheckedDone => "a check finds the step done",
            Self::CheckedVoid => "a check finds that nothing was done",
            Self::Parked => "parked",
            Self::CrashLoop => "parked since its attempts take the process with them",
            Self::Resolved => "resolved, and came to its end",
            Self::PivotPassed => "the pivot succeeds",
            Self::PastPivot => "refused to be cancelled past the pivot",
            Self::Cancelled => "cancelled and compensated",
            Self::Deadline => "turned around by its deadline",
            Self::Signalled => "a message comes while it is awaited",
            Self::SignalEarly => "a message is there before it is awaited",
            Self::SignalMissed => "a message does not come in time",
            Self::Together => "two answers make one entry",
            Self::SideBySide => "two compensations run at once",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.promise, self.what)
    }
}

/// What always has to be true. Most is judged as it happens, and kept in the state.
pub(super) fn always() -> Vec<Property<Saga>> {
    macro_rules! kept {
        ($($promise:ident $what:literal),* $(,)?) => {
            vec![$(Property::always(concat!(stringify!($promise), ": ", $what), |_, state: &State| {
                state.broken.is_none_or(|broken| broken.promise != Promise::$promise)
            })),*]
        };
    }
    let mut all = kept![
        I1 "what is called was announced, and what comes before it is durable",
        I4 "the state in memory is the fold of the journal",
        I5 "every journal can be recovered from",
        I6 "a step succeeds at most once",
        I7 "there is one decision, and it stands",
        I9 "nothing follows the end",
        I10 "no compensation while its step runs",
        I11 "what comes later is compensated first",
        I12 "nothing goes back past the pivot",
        I15 "no entry of an earlier stay follows one of a later",
        I16 "a worker that knows that its lease has passed starts nothing",
    ];
    all.push(Property::always("I8: compensated is no effect, completed is each effect once", net_effect));
    all.push(Property::always("I13: it ends, is parked, waits for a message, or goes on", goes_on));
    all.push(Property::always("I14: what was cancelled does not complete", |_, state: &State| {
        !(state.client.is_cancelled && state.store.ledger.has_completed())
    }));
    all
}

/// I8, in every state after the end, so also when what still travelled arrives.
fn net_effect(saga: &Saga, state: &State) -> bool {
    let wanted = if state.store.ledger.has_completed() {
        1
    } else if state.store.ledger.has_compensated() {
        0
    } else {
        return true;
    };
    saga.definition.steps().zip(&state.services).all(|((_, step), service)| match step.kind {
        StepKind::ReadOnly => service.effects == 0,
        StepKind::Compensatable | StepKind::Pivot | StepKind::Retriable => service.effects == wanted,
    })
}

/// I13: what goes on does so without a fault.
fn goes_on(_: &Saga, state: &State) -> bool {
    match state.store.state() {
        // It was never started, or it has ended.
        None | Some(InstanceState::Completed | InstanceState::Compensated) => return true,
        Some(_) if state.broken.is_some() => return true,
        Some(_) => {}
    }
    let Some(owner) = state.owner() else {
        // Somebody has to be there to take it over.
        return state.workers.iter().any(Option::is_none);
    };
    let Some(live) = &state.workers[owner] else { return false };
    let machine = &live.machine.machine;
    let waits_for_answer = state.calls.iter().any(|call| call.caller.map(usize::from) == Some(owner));
    live.writing.is_some()
        || waits_for_answer
        || live.machine.wake.is_some()
        || machine.waits_for_signal()
        || machine.instance_state() == InstanceState::Parked
}

/// What has to happen at least once.
pub(super) fn sometimes(wanted: &[Seen]) -> Vec<Property<Saga>> {
    macro_rules! seen {
        ($($seen:ident)*) => {
            [$((Seen::$seen, (|saga, _| saga.counts.has_news_of(Seen::$seen)) as fn(&Saga, &State) -> bool)),*]
        };
    }
    let all = seen![
        StaleRefused DeadRefused DeadLanded StaleCalled StaleEffectCompensated StoppedWhenLost
        CompensatedAfterDoubt LateRefused RefusedFirst CompletedAfterCrash CompensatedAfterCrash RecoveredAttempt RecoveredCheck
        RecoveredWait RecoveredCompensation RecoveredParked RecoveredSignal TriedAgain Settled CheckedDone CheckedVoid
        Parked CrashLoop Resolved PivotPassed PastPivot Cancelled Deadline Signalled SignalEarly SignalMissed Together
        SideBySide
    ];
    let wanted = all.into_iter().filter(|(seen, _)| wanted.contains(seen));
    wanted.map(|(seen, condition)| Property::sometimes(seen.name(), condition)).collect()
}

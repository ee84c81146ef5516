//! Clients: what they ask for, and what they are told.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sagas::Error;
use sagas::prelude::{Orchestrator, Outcome};
use tokio::time::{sleep, timeout};

use super::draw::Draw;
use super::drawn::{Drawn, Message};
use super::fleet::{Fleet, Running};
use super::place::{Who, saga_of};
use super::plan::Family;
use super::seen::{Seen, Told};
use super::world::World;

/// How long a client waits before it asks again.
const AGAIN: Duration = Duration::from_secs(2);

/// What a client does at a moment.
#[derive(Debug, Clone)]
struct Act {
    at: Duration,
    pick: u64,
    /// How long it waits for an answer before it drops what it waits with.
    patience: Duration,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Start(u32),
    Signal { who: Who, saga: usize, step: usize, id: String },
    Cancel(Who),
    Revert,
    Outcome,
}

/// Lets the clients of all instances begin.
pub(crate) fn begin(fleet: &Arc<Fleet>) {
    let seed = fleet.world.seed;
    let count = Draw::of(seed, &[6]).small(1, 3);
    for root in 0..u8::try_from(count).unwrap_or(1) {
        let draw = &mut Draw::of(seed, &[7, root.into()]);
        let who = Who::root(root);
        for act in acts(&fleet.world.family, who, draw) {
            tokio::spawn(perform(Arc::clone(fleet), who, act));
        }
    }
}

/// What the clients of one instance do.
fn acts(family: &Family, who: Who, draw: &mut Draw) -> Vec<Act> {
    let begins = if draw.once_in(2) { 0 } else { draw.below(3_000) };
    let input = draw.small(0, 9);
    let mut acts = vec![act(begins, What::Start(input), draw)];
    let mut add = |after_max: u64, what: What, draw: &mut Draw| {
        let at = if draw.once_in(2) { draw.below(after_max) } else { draw.below(1_000) };
        acts.push(act(begins + at, what, draw));
    };
    if draw.once_in(3) {
        add(10_000, What::Start(input), draw);
    }
    if draw.once_in(5) {
        add(10_000, What::Start(input + 1), draw);
    }
    for (who, saga, step) in signals(family, who) {
        for _ in 0..draw.below(3) {
            let id = format!("g{}", draw.below(2));
            add(30_000, What::Signal { who, saga, step, id }, draw);
        }
    }
    if draw.once_in(4) {
        add(20_000, What::Cancel(who), draw);
    }
    if draw.once_in(12) {
        let child = Who { step: Some(draw.one(&[0, 1, 2, 3])), ..who };
        add(20_000, What::Cancel(child), draw);
    }
    if draw.once_in(6) {
        add(40_000, What::Revert, draw);
    }
    for _ in 0..draw.below(3) {
        add(20_000, What::Outcome, draw);
    }
    acts
}

fn act(at: u64, what: What, draw: &mut Draw) -> Act {
    let patience = if draw.once_in(4) { draw.millis(0, 50) } else { draw.millis(1_000, 20_000) };
    Act { at: Duration::from_millis(at), pick: draw.next(), patience, what }
}

/// The steps of an instance and of its children that wait for a signal, with the numbers of their sagas.
pub(crate) fn signals(family: &Family, who: Who) -> Vec<(Who, usize, usize)> {
    let waits = |saga: usize| {
        family.saga(saga).steps().filter(|(_, step)| step.signal.is_some()).map(|(at, _)| at.get())
    };
    let mut found: Vec<_> = waits(0).map(|step| (who, 0, step)).collect();
    for (at, step) in family.saga(0).steps() {
        if let Some(saga) = step.child.as_deref().and_then(saga_of) {
            let child = Who { step: u8::try_from(at.get()).ok(), ..who };
            found.extend(waits(saga).map(|step| (child, saga, step)));
        }
    }
    found
}

async fn perform(fleet: Arc<Fleet>, who: Who, act: Act) {
    sleep(act.at).await;
    loop {
        let is_asked = match fleet.find(act.pick) {
            Some(running) => ask(&fleet, &running, who, &act).await,
            None => false,
        };
        // A start is asked for until it is answered, anything else once.
        if is_asked || fleet.world.is_calm() {
            return;
        }
        sleep(AGAIN).await;
    }
}

/// Asks for it; `false` if that was in vain, and may be asked for again.
async fn ask(fleet: &Fleet, running: &Running, who: Who, act: &Act) -> bool {
    let Running { orchestrator, process: _ } = running;
    let id = who.to_string();
    let told = match &act.what {
        What::Start(input) => {
            let input = *input;
            match answered(&fleet.world, running, act.patience, orchestrator.start::<Drawn<0>>(id, input))
                .await
            {
                Some(Ok(_handle)) => Told::Started(input),
                Some(Err(Error::Conflict { .. })) => Told::Conflict(input),
                _ => return false,
            }
        }
        What::Signal { who: to, saga, step, id } => {
            let signal = signal(orchestrator, *to, *saga, *step, id);
            let told = match answered(&fleet.world, running, act.patience, signal).await {
                Some(Ok(())) => Told::Signalled(id.clone()),
                Some(Err(error)) => refused(&error),
                None => return true,
            };
            fleet.world.see(Seen::Told { who: *to, what: told });
            return true;
        }
        What::Cancel(whom) => {
            let handle = orchestrator.instance(whom.to_string());
            let cancel = handle.cancel("the client does not want it");
            let told = match answered(&fleet.world, running, act.patience, cancel).await {
                Some(Ok(())) => Told::Cancelled,
                Some(Err(error)) => refused(&error),
                None => return true,
            };
            fleet.world.see(Seen::Told { who: *whom, what: told });
            return true;
        }
        What::Revert => {
            let handle = orchestrator.handle::<Drawn<0>>(id);
            match answered(
                &fleet.world,
                running,
                act.patience,
                handle.revert("the client has changed its mind"),
            )
            .await
            {
                Some(Ok(())) => Told::Reverted,
                Some(Err(error)) => refused(&error),
                None => return true,
            }
        }
        What::Outcome => match outcome(&fleet.world, running, act.patience, who).await {
            Some(told) => told,
            None => return true,
        },
    };
    fleet.world.see(Seen::Told { who, what: told });
    true
}

/// The answer to a question, if it comes in time: a client that has waited for so long drops what it waits with.
pub(crate) async fn answered<T>(
    world: &World,
    running: &Running,
    patience: Duration,
    question: impl Future<Output = Result<T, Error>>,
) -> Option<Result<T, Error>> {
    let answer = async {
        let answer = question.await;
        running.process.gate().await;
        answer
    };
    let answered = timeout(patience, answer).await;
    if answered.is_err() {
        world.count("client: drops what it waits with");
    }
    answered.ok()
}

/// What a client is told who waits for the outcome.
pub(crate) async fn outcome(world: &World, running: &Running, patience: Duration, who: Who) -> Option<Told> {
    let handle = running.orchestrator.handle::<Drawn<0>>(who.to_string());
    Some(match answered(world, running, patience, handle.outcome()).await? {
        Ok(Outcome::Completed(output)) => Told::Completed(output),
        Ok(Outcome::Compensated(_)) => Told::Compensated,
        Ok(Outcome::Parked(_)) => Told::Parked,
        Err(Error::Stopped { why, .. }) => Told::Stopped(why),
        Err(error) => refused(&error),
    })
}

/// Sends a signal.
pub(crate) async fn signal(
    orchestrator: &Orchestrator,
    who: Who,
    saga: usize,
    step: usize,
    id: &str,
) -> Result<(), Error> {
    match saga {
        0 => signal_to::<0>(orchestrator, who, step, id).await,
        1 => signal_to::<1>(orchestrator, who, step, id).await,
        _ => signal_to::<2>(orchestrator, who, step, id).await,
    }
}

async fn signal_to<const N: usize>(
    orchestrator: &Orchestrator,
    who: Who,
    step: usize,
    id: &str,
) -> Result<(), Error> {
    // A name of its own for each step: the inbox is the instance's.
    let name = id.to_owned();
    let handle = orchestrator.handle::<Drawn<N>>(who.to_string());
    match step {
        0 => handle.signal(name, Message::<0>(0)).await,
        1 => handle.signal(name, Message::<1>(1)).await,
        2 => handle.signal(name, Message::<2>(2)).await,
        3 => handle.signal(name, Message::<3>(3)).await,
        4 => handle.signal(name, Message::<4>(4)).await,
        _ => handle.signal(name, Message::<5>(5)).await,
    }
}

/// What is told where it comes to nothing.
fn refused(error: &Error) -> Told {
    Told::Refused(match error {
        Error::Conflict { .. } => "conflict",
        Error::NotFound { .. } => "not found",
        Error::Finished { .. } => "finished",
        Error::PastPivot { .. } => "past the pivot",
        Error::NotRevertible { .. } => "not revertible",
        Error::NotParked { .. } => "not parked",
        Error::Stopped { .. } => "stopped",
        Error::Store(_) => "store",
        Error::ShuttingDown => "shutting down",
        _ => "another error",
    })
}

//! Calls of services, as the drawn sagas make them.

use std::sync::Arc;
use std::time::Duration;

use sagas::__private::StepKind;
use sagas::prelude::*;
use tokio::sync::oneshot;

use super::place::{Method, Slot, Who, step_of};
use super::process::{Moment, Process};
use super::seen::{Seen, Way};
use super::services::{Done, Request, Will};
use super::world::World;

/// What the sagas of a process call services with.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) world: Arc<World>,
    pub(crate) process: Arc<Process>,
}

/// What is called.
#[derive(Debug, Clone, Copy)]
struct Target {
    saga: usize,
    slot: Slot,
    method: Method,
}

impl Caller {
    /// Calls a step's service.
    pub(crate) async fn forward(&self, saga: usize, cx: &StepContext) -> Result<u32, StepError> {
        let target = target(saga, cx, Method::Step);
        match self.call(target, cx.attempt()).await? {
            Done::Applied | Done::Again => Ok(target.slot.output()),
            other => Err(failed(other)),
        }
    }

    /// Has a step's service take it back.
    pub(crate) async fn compensate(&self, saga: usize, cx: &StepContext) -> Result<(), StepError> {
        match self.call(target(saga, cx, Method::Compensation), cx.attempt()).await? {
            Done::TookBack | Done::NothingToTakeBack => Ok(()),
            other => Err(failed(other)),
        }
    }

    /// Asks a step's service.
    pub(crate) async fn check(&self, saga: usize, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        let target = target(saga, cx, Method::Check);
        match self.call(target, cx.attempt()).await? {
            Done::FoundEffect => Ok(Checked::Done(target.slot.output())),
            Done::FoundNothing => Ok(Checked::NotDone),
            Done::FoundUnknown => Ok(Checked::Unknown),
            other => Err(failed(other)),
        }
    }

    async fn call(&self, target: Target, attempt: u32) -> Result<Done, StepError> {
        let Target { saga, slot, method } = target;
        let (world, process) = (&self.world, &self.process);
        let way = world.call(process.life, slot, method, attempt, process.runs());
        let _until_it_ends = Call { caller: self, slot, method };
        // What stands still sends nothing.
        process.gate().await;
        world.passes(process, Moment::Calls);
        process.gate().await;
        let service = world.service(saga, usize::from(slot.step));
        let answer = self
            .go(way, world.send(process.life, slot, method, service, will(way, method, service.kind)))
            .await;
        world.passes(process, Moment::Called);
        process.gate().await;
        answer
    }

    async fn go(&self, way: Way, request: Request) -> Result<Done, StepError> {
        let world = &self.world;
        let lost = || StepError::in_doubt("no answer");
        // Without the hook of `panic!`, which would write to the terminal.
        let panics = || std::panic::resume_unwind(Box::new("a service panics"));
        match way {
            Way::Well | Way::Refused | Way::NotDone | Way::Unknown => Ok(world.arrive(&request)),
            Way::Slow => {
                let (there, back) = world.draw(|draw| (draw.millis(0, 400), draw.millis(0, 400)));
                let done = travel(world, there, request);
                world.passes(&self.process, Moment::Called);
                let done = done.await.map_err(|_| lost())?;
                tokio::time::sleep(back).await;
                Ok(done)
            }
            Way::Late => {
                // Some are there only after a lease has passed, and another worker has taken over.
                let time = world.draw(|draw| match draw.once_in(3) {
                    true => draw.millis(20_000, 70_000),
                    false => draw.millis(500, 20_000),
                });
                let done = travel(world, time, request);
                world.passes(&self.process, Moment::Called);
                done.await.map_err(|_| lost())
            }
            Way::AnswerLost => {
                world.arrive(&request);
                Err(lost())
            }
            Way::RequestLost => {
                world.services(|services| services.lose());
                Err(lost())
            }
            Way::Hangs => {
                world.arrive(&request);
                std::future::pending().await
            }
            Way::HangsBefore => {
                world.services(|services| services.lose());
                std::future::pending().await
            }
            Way::Panics => {
                world.arrive(&request);
                panics()
            }
            Way::PanicsBefore => {
                world.services(|services| services.lose());
                panics()
            }
        }
    }
}

/// A request on its way: it arrives, whatever becomes of its caller.
fn travel(world: &Arc<World>, time: Duration, request: Request) -> oneshot::Receiver<Done> {
    let (tell, told) = oneshot::channel();
    let world = Arc::clone(world);
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        // Who gave up does not hear it.
        let _gone = tell.send(world.arrive(&request));
    });
    told
}

/// What a service means to do.
fn will(way: Way, method: Method, kind: StepKind) -> Will {
    match way {
        // What cannot be refused rarely is, so that not every run has to wait for a person.
        Way::Refused if method == Method::Step && kind == StepKind::Retriable => Will::Nothing,
        Way::Refused => Will::Refuse,
        Way::NotDone if method == Method::Check => Will::Refuse,
        Way::NotDone | Way::Unknown => Will::Nothing,
        _ => Will::Do,
    }
}

fn failed(done: Done) -> StepError {
    match done {
        Done::Refused => StepError::rejected("refused"),
        other => StepError::not_done(format!("{other:?}")),
    }
}

/// The slot of a call: its item is what follows the step in its key.
fn target(saga: usize, cx: &StepContext, method: Method) -> Target {
    let who = Who::of(cx.instance_id()).expect("an instance of the simulation");
    let step = step_of(cx.step()).expect("a step of the saga");
    let last = cx.step_key().rsplit_once('/').map(|(_, last)| last);
    let item = last.filter(|last| *last != cx.step()).and_then(|last| last.parse().ok());
    Target { saga, slot: Slot { who, step, item }, method }
}

/// A call under way.
struct Call<'a> {
    caller: &'a Caller,
    slot: Slot,
    method: Method,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let (slot, method) = (self.slot, self.method);
        self.caller.world.see(Seen::Ended { life: self.caller.process.life, slot, method });
    }
}

//! What the sagas call: services that do as the script says.

use std::sync::Arc;

use sagas::prelude::*;

use super::act::{Act, LATE, Method};
use super::recorder::Recorder;
use super::script::Wish;
use super::seen::{Done, Seen};
use super::shape::Slot;

/// Services that do as the script says.
#[derive(Debug, Clone)]
pub(crate) struct Services(pub(crate) Arc<Recorder>);

impl Services {
    /// Calls a step's service.
    pub(crate) async fn forward(&self, cx: &StepContext) -> Result<u32, StepError> {
        let call = self.call(cx, Method::Step);
        match call.go().await? {
            Done::Applied | Done::Again => Ok(1 + u32::from(call.slot.place)),
            Done::Refused => Err(StepError::rejected("refused")),
            other => Err(StepError::not_done(format!("{other:?}"))),
        }
    }

    /// Has a step's service take it back.
    pub(crate) async fn compensate(&self, cx: &StepContext) -> Result<(), StepError> {
        match self.call(cx, Method::Compensation).go().await? {
            Done::TookBack | Done::NothingToTakeBack => Ok(()),
            Done::Refused => Err(StepError::rejected("refused")),
            other => Err(StepError::not_done(format!("{other:?}"))),
        }
    }

    /// Asks a step's service.
    pub(crate) async fn check(&self, cx: &StepContext) -> Result<Checked<u32>, StepError> {
        let call = self.call(cx, Method::Check);
        Ok(match call.go().await? {
            Done::FoundEffect => Checked::Done(1 + u32::from(call.slot.place)),
            Done::FoundNothing => Checked::NotDone,
            _ => Checked::Unknown,
        })
    }

    /// What the pure method of a step answers, which should be `well`.
    pub(crate) fn answer<T>(&self, step: &str, well: T, otherwise: T) -> T {
        match self.0.ask(step, Method::Ask) {
            Act::Otherwise => otherwise,
            Act::PanicBefore => std::panic::resume_unwind(Box::new("a pure method panics")),
            _ => well,
        }
    }

    fn call(&self, cx: &StepContext, method: Method) -> Call<'_> {
        let recorder = &*self.0;
        let key = cx.step_key();
        let item = item_of(cx);
        let slot = Slot::find(recorder.places, |of| of.is(cx.instance_id()), cx.step(), item)
            .expect("a step of the shape");
        let act = recorder.call(slot, method, key, cx.attempt());
        Call { recorder, slot, method, act }
    }
}

/// The item of a call: what follows the step in its key.
fn item_of(cx: &StepContext) -> Option<u32> {
    let (_, last) = cx.step_key().rsplit_once('/')?;
    if last == cx.step() { None } else { last.parse().ok() }
}

/// A call under way.
struct Call<'a> {
    recorder: &'a Recorder,
    slot: Slot,
    method: Method,
    act: Act,
}

impl Call<'_> {
    async fn go(&self) -> Result<Done, StepError> {
        let arrive = || self.recorder.arrive(self.slot, self.method, self.act);
        self.recorder.lives().await;
        let lost = || StepError::in_doubt("no answer");
        // Without the hook of `panic!`, which would write to the terminal.
        let panics = || std::panic::resume_unwind(Box::new("a service panics"));
        match self.act {
            Act::Succeed | Act::Refuse | Act::NotDone | Act::Unknown => Ok(arrive()),
            Act::Late => {
                tokio::time::sleep(LATE).await;
                self.recorder.lives().await;
                Ok(arrive())
            }
            Act::Cancel => {
                self.recorder.wish(Wish::Cancel);
                self.recorder.cancelled.notified().await;
                Ok(arrive())
            }
            Act::LoseAnswer => {
                arrive();
                Err(lost())
            }
            Act::LoseRequest => Err(lost()),
            Act::Hang => {
                arrive();
                std::future::pending().await
            }
            Act::HangBefore => std::future::pending().await,
            Act::Panic => {
                arrive();
                panics()
            }
            Act::PanicBefore => panics(),
            Act::Otherwise
            | Act::Silent
            | Act::Later
            | Act::AtTheLast
            | Act::TooLate
            | Act::Twice
            | Act::Another => unreachable!("no service does that"),
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let (slot, method) = (self.slot, self.method);
        let hangs = matches!(self.act, Act::Hang | Act::HangBefore);
        self.recorder.note(if hangs {
            Seen::Dropped { slot, method }
        } else {
            Seen::Answered { slot, method }
        });
    }
}

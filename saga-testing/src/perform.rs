//! A call, made in the way that the director wants.

use std::future::{pending, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use saga_core::fault::{FaultKind, FaultRecord};
use saga_core::private::{CallEnd, Calling, Role};
use saga_core::runtime::{Intercept, Intercepted};

use crate::deviation::Deviation;
use crate::director::{Begun, Director, Method, name_of};
use crate::panics::in_one_line;
use crate::timeline::{Kind, LineId};

/// How long a call that arrives late may take: nobody waits for it.
const LATE_CALL: Duration = Duration::from_secs(60);

/// Stands between the runtime and the saga's methods.
#[derive(Debug)]
pub(crate) struct Between(pub(crate) Arc<Director>);

impl Intercept for Between {
    fn call(&self, call: Intercepted) -> Calling<'static> {
        let director = Arc::clone(&self.0);
        Box::pin(async move {
            director.let_clients_go_first().await;
            match director.begin(&call) {
                Some(begun) => Performance { director, call, begun }.run().await,
                None => pending().await,
            }
        })
    }
}

/// One call under way.
struct Performance {
    director: Arc<Director>,
    call: Intercepted,
    begun: Begun,
}

/// Whether the caller hears the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Heard,
    Lost,
}

impl Drop for Performance {
    fn drop(&mut self) {
        self.director.end_call(&self.begun);
    }
}

impl Performance {
    async fn run(self) -> CallEnd {
        let end = match self.begun.deviation {
            None => self.make(Answer::Heard).await,
            Some(deviation) => self.deviate(deviation).await,
        };
        self.director.live().await;
        self.director.end(self.begun.line, told(&end));
        let is_over = match self.call.role() {
            Role::Step => false,
            Role::Check => end == CallEnd::NothingDone,
            Role::Compensation => matches!(end, CallEnd::Succeeded(_)),
        };
        if is_over {
            deliver(&self.director, Some(&self.begun.method)).await;
        }
        end
    }

    async fn deviate(&self, deviation: Deviation) -> CallEnd {
        match deviation {
            Deviation::Refuse => failed(FaultKind::Rejected, "the service refuses"),
            Deviation::NotDone | Deviation::Down => failed(FaultKind::NotDone, "the service is down"),
            Deviation::LoseRequest | Deviation::LoseRequests => {
                failed(FaultKind::InDoubt, "the request was lost")
            }
            Deviation::LoseAnswer | Deviation::LoseAnswers => {
                self.make(Answer::Lost).await;
                failed(FaultKind::InDoubt, "it was done, and the answer was lost")
            }
            Deviation::Hang => self.wait_for_good("the request was lost").await,
            Deviation::HangAfter => {
                self.make(Answer::Lost).await;
                self.wait_for_good("it was done, and there is no answer").await
            }
            Deviation::Panic => self.panic("the caller panics before the call"),
            Deviation::PanicAfter => {
                self.make(Answer::Lost).await;
                self.panic("it was done, and the caller panics")
            }
            Deviation::Late => {
                self.put_off();
                self.wait_for_good("no answer in time, and the request is still travelling").await
            }
            Deviation::Twice => {
                let end = self.make(Answer::Heard).await;
                let line = self.director.note(Kind::Deviates, self.named("the same call once more"));
                let again = self.make(Answer::Lost).await;
                self.director.end(line, told(&again));
                end
            }
            Deviation::CrashAfterCall => {
                self.make(Answer::Lost).await;
                self.die("it was done", " before anything is recorded of it").await
            }
            Deviation::CrashLate => {
                self.put_off();
                self.die("the request is travelling", " meanwhile").await
            }
            // These are not about calls.
            Deviation::CrashBefore
            | Deviation::CrashAfter
            | Deviation::Overdue
            | Deviation::Unsent
            | Deviation::Cancel
            | Deviation::Revert => self.make(Answer::Heard).await,
        }
    }

    /// Calls the method itself.
    async fn make(&self, answer: Answer) -> CallEnd {
        self.director.may_have_effect(&self.begun.method);
        let made = match answer {
            Answer::Heard => guarded(|| self.call.make()).await,
            Answer::Lost => guarded(|| self.call.make_unheard()).await,
        };
        let end = match made {
            Ok(end) => end,
            Err(panic) => {
                self.director.end(self.begun.line, format!("it panicked ({})", in_one_line(&*panic)));
                panic::resume_unwind(panic)
            }
        };
        if let CallEnd::Failed(FaultRecord { kind: FaultKind::Rejected | FaultKind::NotDone, .. }) = end {
            self.director.had_no_effect(&self.begun.method);
        }
        end
    }

    fn put_off(&self) {
        self.director.may_have_effect(&self.begun.method);
        self.director.put_off(&self.begun.method, self.call.clone());
    }

    async fn wait_for_good(&self, why: &str) -> CallEnd {
        self.director.end(self.begun.line, why);
        self.director.hangs(&self.begun);
        pending().await
    }

    fn panic(&self, why: &str) -> CallEnd {
        self.director.end(self.begun.line, why);
        // Without the hook of `panic!`: it is no news.
        panic::resume_unwind(Box::new(why.to_owned()))
    }

    async fn die(&self, end: &str, when: &str) -> CallEnd {
        self.director.end(self.begun.line, end);
        self.director.die(when);
        pending().await
    }

    fn named(&self, what: &str) -> String {
        format!("{} ({what})", name_of(&self.call, self.director.id()))
    }
}

/// Lets calls arrive that were put off: all, or those of the step that `of` is a method of.
pub(crate) async fn deliver(director: &Arc<Director>, of: Option<&Method>) {
    for (_, call) in director.take_late(of) {
        let what = format!("{} (the call that was travelling arrives)", name_of(&call, director.id()));
        let line: Option<LineId> = director.note(Kind::Deviates, what);
        // In a task of its own, since it may panic.
        let arrived = tokio::spawn(async move { call.make_unheard().await });
        let end = match tokio::time::timeout(LATE_CALL, arrived).await {
            Ok(Ok(end)) => told(&end),
            Ok(Err(_)) => "it panicked".to_owned(),
            Err(_) => "it does not end".to_owned(),
        };
        director.end(line, end);
    }
}

/// What came of a call, or what it panicked with.
async fn guarded<'a>(make: impl FnOnce() -> Calling<'a>) -> thread::Result<CallEnd> {
    let mut calling = panic::catch_unwind(AssertUnwindSafe(make))?;
    poll_fn(|cx| match panic::catch_unwind(AssertUnwindSafe(|| calling.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn failed(kind: FaultKind, message: &str) -> CallEnd {
    CallEnd::Failed(FaultRecord::new(kind, "injected", message))
}

/// What came of a call, in words.
fn told(end: &CallEnd) -> String {
    match end {
        CallEnd::Succeeded(_) => "succeeded".to_owned(),
        CallEnd::NothingDone => "nothing was done".to_owned(),
        CallEnd::Unknown => "the service does not know".to_owned(),
        CallEnd::Failed(fault) => {
            let kind = match fault.kind {
                FaultKind::Rejected => "rejected",
                FaultKind::NotDone => "not done",
                FaultKind::InDoubt => "in doubt",
            };
            format!("{kind} ({})", fault.message)
        }
    }
}

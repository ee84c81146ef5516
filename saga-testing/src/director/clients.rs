//! What clients of the instance do: they send signals, cancel it, and revert it.

use std::time::Duration;

use super::script::At;
use super::{Director, Stand};
use crate::deviation::Deviation;
use crate::options::Choice;
use crate::timeline::{Kind, LineId};

/// What a client has asked of the instance, without an answer so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Whether it is still to be brought to the instance.
    is_new: bool,
    line: Option<LineId>,
}

impl Director {
    /// Whether a signal is sent: the one of this place in the list, called `name`, for a step that waits for it at most
    /// `within`.
    pub(crate) fn sends(&self, signal: usize, name: &str, within: Option<Duration>) -> bool {
        let mut inner = self.inner();
        if inner.unsent.contains(&signal) {
            return false;
        }
        let unsent = || within.map(|_| Deviation::Unsent).into_iter().collect();
        if inner.course.next(At::Signal, unsent).is_some() {
            inner.unsent.push(signal);
            drop(inner);
            self.note(Kind::Deviates, format!("the signal {name} is not sent"));
            return false;
        }
        true
    }

    /// A client cancels the instance, which [`wants_to_cancel`](Self::wants_to_cancel) tells it. `begun` names the
    /// attempts that are under way since this moment.
    pub(crate) fn has_cancelled(&self, begun: impl FnOnce() -> Vec<String>) {
        let begun = if self.is_recording() { begun() } else { Vec::new() };
        let line = match begun.as_slice() {
            [] if self.inner().root.is_parked() => "a client cancels it, which is parked".to_owned(),
            [] => "a client cancels it".to_owned(),
            _ => format!("a client cancels it while {} is under way", begun.join(", ")),
        };
        let line = self.note(Kind::Deviates, line);
        self.inner().asked = Some(Asked { is_new: true, line });
        self.clients.notify_one();
    }

    /// Whether a client is to cancel the instance now.
    pub(crate) fn wants_to_cancel(&self) -> bool {
        let mut inner = self.inner();
        inner.asked.as_mut().is_some_and(|asked| std::mem::replace(&mut asked.is_new, false))
    }

    /// Whether a client reverts the instance, which has ended. Then it asks for it at once.
    pub(crate) fn reverts(&self) -> bool {
        let mut inner = self.inner();
        if !inner.root.can_be_reverted() {
            return false;
        }
        let tried = self.scope.reverting == Choice::Tried;
        let options = || tried.then_some(Deviation::Revert).into_iter().collect();
        if inner.course.next(At::End, options) != Some(Deviation::Revert) {
            return false;
        }
        drop(inner);
        self.note(Kind::Plain, "completed");
        let line = self.note(Kind::Deviates, "a client reverts it");
        self.inner().asked = Some(Asked { is_new: false, line });
        self.settle();
        true
    }

    /// The client has its answer: nothing, or why it was refused.
    pub(crate) fn answered(&self, refused: Option<String>) {
        let asked = self.inner().asked.take();
        if let Some(why) = refused {
            self.end(asked.and_then(|asked| asked.line), format!("refused ({why})"));
        }
        self.settle();
    }

    /// The client is left without an answer.
    pub(super) fn leave_unanswered(&self) {
        let asked = self.inner().asked.take();
        self.end(asked.and_then(|asked| asked.line), "there is no answer, since the process dies");
    }

    /// Whether an instance is there.
    pub(crate) fn is_there(&self, id: &str) -> bool {
        self.inner().there.contains(id)
    }

    /// Waits until clients may have something to do.
    pub(crate) async fn clients_are_called(&self) {
        self.clients.notified().await;
    }

    /// Waits until no client waits for an answer: a call that begins meanwhile is slower than the client.
    pub(crate) async fn let_clients_go_first(&self) {
        self.stands(|stand| stand != Stand::Asked).await;
    }
}

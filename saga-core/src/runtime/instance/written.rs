//! From what became of an entry to what is done about it.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::decide::reply_with;
use super::live::{Core, Created, Live, Writing};
use crate::error::Error;
use crate::runtime::committer::Written;
use crate::runtime::shared::Ended;
use crate::store::{Refusal, StoreError};

/// How long an instance that cannot be written is left alone.
const COMES_BACK_AFTER: Duration = Duration::from_secs(1);

impl Live {
    /// Whether somebody waits for its first entry to be durable.
    pub(crate) fn is_awaited(&self) -> bool {
        self.core().creators.iter().any(|creator| !creator.is_closed())
    }

    /// The store does not tell whether the first entry is durable. Who waits for it is told so; what is found of
    /// the instance later goes on.
    pub(crate) fn doubt_creation(&self, error: &StoreError) {
        let mut core = self.core();
        core.doubted = true;
        for creator in core.creators.drain(..) {
            let _gone = creator.send(Created::Failed(error.clone()));
        }
    }

    /// Learns what became of the entry that was handed in.
    pub(crate) fn written(self: &Arc<Self>, written: Written) {
        let mut core = self.core();
        let Some(writing) = core.writing.take() else { return };
        if core.gone {
            return self.written_when_gone(&mut core, writing, &written);
        }
        match written {
            Written::Durable => {
                self.note_created();
                for creator in core.creators.drain(..) {
                    let _gone = creator.send(Created::Durable);
                }
                self.tell(&mut core, &writing.events);
                if writing.calls_for_attention {
                    self.tell_attention(&core);
                }
                self.act(&mut core, &writing.events);
                core.suspicion = None;
                for reply in writing.replies {
                    let _gone = reply.send(Ok(()));
                }
                self.decide(&mut core);
            }
            Written::Refused(refusal) => self.refused(&mut core, &writing, refusal),
            Written::Failed(error) => self.failed(&mut core, writing, &error),
        }
    }

    /// The instance is no longer here, so nothing is done about what was written; who asked is told.
    pub(super) fn written_when_gone(&self, core: &mut Core, writing: Writing, written: &Written) {
        if let Written::Durable = written {
            self.note_created();
            self.tell(core, &writing.events);
            if writing.calls_for_attention {
                self.tell_attention(core);
            }
            for creator in core.creators.drain(..) {
                let _gone = creator.send(Created::Durable);
            }
            writing.replies.into_iter().for_each(|reply| reply_with(Some(reply), Ok(())));
        }
        // Who gets no answer asks again, and finds what there is.
        core.creators.clear();
    }

    /// Nobody knows whether the entry is durable, and nothing more is done about that. While the store works for others,
    /// a page of this one is damaged: it is read back later, and goes on once it can be.
    fn failed(&self, core: &mut Core, writing: Writing, error: &StoreError) {
        if core.doubted {
            // Who came after the others were told gets no answer, and asks again.
            core.creators.clear();
        }
        for creator in core.creators.drain(..) {
            let _gone = creator.send(Created::Failed(error.clone()));
        }
        for reply in writing.replies {
            let _gone = reply.send(Err(Error::Store(error.clone())));
        }
        let comes_back = self.is_created() && !self.shared.lifecycle.is_ending();
        if comes_back {
            core.attempts.drain(..).for_each(|running| running.task.abort());
        }
        // Else it is called out of a line again at once.
        self.shared.forget_in_line(&self.id);
        self.leave(core, Some(Ended::Stopped(format!("its journal cannot be written: {error}"))));
        if comes_back {
            self.come_back_later();
        } else if !self.is_created() {
            // Should it be there after all, nobody drives it.
            self.shared.mislaid.may_have(&self.id);
        }
    }

    /// Is read back after a while: at once it would likely be in vain, and each time costs the others a commit.
    fn come_back_later(&self) {
        let (shared, id) = (Arc::clone(&self.shared), self.id.clone());
        self.shared.runtime.spawn(async move {
            tokio::select! {
                biased;
                () = tokio::time::sleep(COMES_BACK_AFTER) => shared.admission.enqueue_resumed(id),
                () = shared.lifecycle.ending() => {}
            }
        });
    }

    pub(super) fn refused(self: &Arc<Self>, core: &mut Core, writing: &Writing, refusal: Refusal) {
        if !self.is_created() {
            for creator in core.creators.drain(..) {
                let _gone = creator.send(Created::Exists);
            }
            // Called from there, the instance of this id would go on here, wherever it is.
            self.shared.forget_start_in_line(&self.id);
            // Not an end, since that one goes on.
            return self.leave(core, None);
        }
        warn!(parent: self.span(), %refusal, "the journal went on elsewhere, stopping here");
        self.shared.forget_in_line(&self.id);
        // What was announced and has not begun yet does not begin any more: for whoever has the instance it is lost.
        core.attempts.drain(..).for_each(|running| running.task.abort());
        self.leave(core, Some(Ended::Stopped(format!("its journal went on elsewhere: {refusal}"))));
        if refusal == Refusal::Sequence || writing.handed_out {
            // It belongs to this stay: it was read before it went on here, or was handed out after this was refused. Both were
            // told to this one, so nobody drives it.
            self.shared.mislaid.may_have(&self.id);
            self.shared.admission.nudge();
        }
    }
}

//! Faults of writing.

use saga_core::id::{Epoch, InstanceId, Seq, StepName};
use saga_core::journal::{EncodedEntry, InstanceState, Payload, Progress};
use saga_core::store::{Refusal, SIGNALS_MAX, Signal, Store, StoreError, Wanted, Write};
use saga_core::time::Timestamp;

use super::{Fault, FaultyStore};

impl FaultyStore {
    /// The answer to a write that a fault gives before the store is asked.
    async fn refused(&self, write: &Write) -> Result<Option<Refusal>, StoreError> {
        Ok(match (self.fault, write) {
            (Fault::SignalsAreFenced, Write::Signal { .. }) if self.epochs().len() > 1 => {
                Some(Refusal::Fenced)
            }
            (Fault::FullInboxesForgetRepeats, Write::Signal { id, .. }) => {
                let stored = self.inner().load(std::slice::from_ref(id)).await?.remove(0);
                stored.filter(|stored| stored.signals.len() >= SIGNALS_MAX).map(|_| Refusal::Full)
            }
            (Fault::WakingNeedsSomebody, Write::Append { wake: Some(id), .. }) => {
                let head = self.inner().head(id).await?;
                if head.is_none() { Some(Refusal::NotFound) } else { None }
            }
            (Fault::DeletedIdsStayTaken, Write::Create { head, .. }) => {
                let was_deleted = self.with(|memory| memory.deleted.contains_key(&head.id));
                was_deleted.then_some(Refusal::Exists)
            }
            (Fault::EndedStaysCreateNothing, Write::Create { entry, .. }) => {
                let has_ended = self.with(|memory| memory.released.contains(&entry.epoch));
                has_ended.then_some(Refusal::Fenced)
            }
            _ => None,
        })
    }

    /// Makes a write, with the faults that change it or its answer.
    pub(super) async fn write(&self, write: &Write) -> Result<Result<(), Refusal>, StoreError> {
        let count = self.with(|memory| {
            memory.writes += 1;
            memory.writes
        });
        if self.has(Fault::WritesGetLost) && count.is_multiple_of(100) {
            return Ok(Ok(()));
        }
        if let Some(refusal) = self.refused(write).await? {
            return Ok(Err(refusal));
        }
        let mut write = write.clone();
        match &mut write {
            Write::Create { head, .. } if head.progress.due == Some(Timestamp::NEVER) => {
                self.with(|memory| memory.asleep.push(head.id.clone()));
                if self.has(Fault::CallsOutliveDeletion) {
                    head.progress.due = self.first_call(&head.id).or(head.progress.due);
                }
            }
            Write::Signal { id, signal } => {
                self.with(|memory| memory.sent.push((id.clone(), signal.clone())));
            }
            Write::Create { entry, .. } if self.has(Fault::AnyNumberIsFirst) => entry.seq = Seq::FIRST,
            Write::Create { head, entry }
                if self.has(Fault::IdleStaysWithTheLiving)
                    || self.has(Fault::UnreadableStaysWithTheLiving) =>
            {
                self.with(|memory| memory.creators.insert(head.id.clone(), entry.epoch));
            }
            Write::Create { head, .. } if self.has(Fault::ChildrenAreForgotten) => {
                let parent = head.parent.take();
                self.with(|memory| memory.parents.extend(parent.map(|parent| (head.id.clone(), parent))));
            }
            Write::Append { id, entry, .. } if self.has(Fault::GapsAreClosed) => {
                if let Some(head) = self.inner().head(id).await?.filter(|head| head.seq < entry.seq) {
                    entry.seq = head.seq.next();
                }
            }
            Write::Append { progress, .. } if self.has(Fault::ProgressIsForgotten) => *progress = None,
            Write::MarkUnreadable { .. } if self.has(Fault::MarkIsForgotten) => return Ok(Ok(())),
            Write::Append { id, progress: Some(Progress { due: Some(_), state, .. }), .. }
                if !state.is_unfinished() =>
            {
                self.with(|memory| memory.inactive_due.push(id.clone()));
            }
            Write::Create { .. } | Write::Append { .. } | Write::MarkUnreadable { .. } => {}
        }
        self.mishear(&mut write).await?;
        self.miscall(&mut write).await?;
        let answer = self.one(&write).await?;
        if self.has(Fault::CallsCountOnce) {
            self.end_call(&write).await?;
        }
        self.answer(&write, answer).await
    }

    /// Lets a write call nobody, or only whom the faults let be called.
    async fn mishear(&self, write: &mut Write) -> Result<(), StoreError> {
        match (self.fault, write) {
            (Fault::SignalsWakeNobody, Write::Signal { signal, .. }) => signal.at = Timestamp::NEVER,
            (Fault::EntriesWakeNobody, Write::Append { wake, .. }) => *wake = None,
            (Fault::SignalsCallOnlyTheRunning, Write::Signal { id, signal }) if self.is_deaf(id).await? => {
                signal.at = Timestamp::NEVER;
            }
            (Fault::EntriesCallOnlyTheRunning, Write::Append { wake: wake @ Some(_), .. }) => {
                if let Some(id) = wake.take()
                    && !self.is_deaf(&id).await?
                {
                    *wake = Some(id);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether an instance is not running, and waits for nothing.
    async fn is_deaf(&self, id: &InstanceId) -> Result<bool, StoreError> {
        let progress = self.inner().head(id).await?.map(|head| head.progress);
        Ok(progress.is_some_and(|of| of.state != InstanceState::Running && of.due.is_none()))
    }

    /// Calls an instance that begins to wait as the faults do: never, or for every signal that it has had.
    async fn miscall(&self, write: &mut Write) -> Result<(), StoreError> {
        let Write::Append { id, progress: Some(Progress { due: Some(due), .. }), .. } = write else {
            return Ok(());
        };
        if self.has(Fault::CallsOutliveHandingOut) {
            *due = self.first_call(id).map_or(*due, |called| called.min(*due));
        }
        if self.has(Fault::CallsAreForgotten) {
            self.end_call(write).await?;
        }
        Ok(())
    }

    /// Ends the call of an instance that begins to wait, by handing it out to who has it.
    async fn end_call(&self, write: &Write) -> Result<(), StoreError> {
        if let Write::Append { id, entry, progress: Some(Progress { due: Some(_), .. }), .. } = write {
            self.inner().claim(entry.epoch, Timestamp::from_millis(0), Wanted::One(id)).await?;
        }
        Ok(())
    }

    /// The earliest signal that was sent to an instance.
    fn first_call(&self, id: &InstanceId) -> Option<Timestamp> {
        let sent = self.with(|memory| memory.sent.clone());
        sent.iter().filter(|(to, _)| to == id).map(|(_, signal)| signal.at).min()
    }

    /// The answer to a write, as the fault has it.
    async fn answer(
        &self,
        write: &Write,
        answer: Result<(), Refusal>,
    ) -> Result<Result<(), Refusal>, StoreError> {
        match (self.fault, answer) {
            (Fault::TakenIdsAreTakenAgain, Err(Refusal::Exists))
            | (Fault::RepeatsAreFine, Err(Refusal::Sequence))
            | (Fault::SignalsComeAfterTheEnd, Err(Refusal::Finished))
            | (Fault::InboxesAreEndless, Err(Refusal::Full)) => Ok(Ok(())),
            (Fault::UnknownIsSequence, Err(Refusal::NotFound)) => Ok(Err(Refusal::Sequence)),
            (Fault::EpochIsNotChecked, Err(Refusal::Fenced)) => {
                for epoch in self.epochs() {
                    let answer = self.one(&under(write, epoch)).await?;
                    if answer != Err(Refusal::Fenced) {
                        return Ok(answer);
                    }
                }
                Ok(answer)
            }
            (Fault::RefusedProgressIsKept, Err(Refusal::Sequence)) => {
                if let Write::Append { id, entry, progress, wake } = write
                    && let Some(head) = self.inner().head(id).await?
                {
                    let entry = EncodedEntry { seq: head.seq.next(), ..entry.clone() };
                    let (id, progress, wake) = (id.clone(), progress.clone(), wake.clone());
                    self.one(&Write::Append { id, entry, progress, wake }).await?.ok();
                }
                Ok(answer)
            }
            (Fault::RefusedEntriesWake, Err(_)) => {
                if let Write::Append { entry, wake: Some(id), .. } = write {
                    let payload = Payload::NOTHING;
                    let signal = Signal { id: String::new(), step: StepName::new(""), payload, at: entry.at };
                    self.one(&Write::Signal { id: id.clone(), signal }).await?.ok();
                }
                Ok(answer)
            }
            (_, answer) => Ok(answer),
        }
    }

    pub(super) async fn one(&self, write: &Write) -> Result<Result<(), Refusal>, StoreError> {
        Ok(self.inner().append(std::slice::from_ref(write)).await?.remove(0))
    }
}

/// The same write under another epoch.
fn under(write: &Write, epoch: Epoch) -> Write {
    let mut write = write.clone();
    match &mut write {
        Write::Create { entry, .. } | Write::Append { entry, .. } => entry.epoch = epoch,
        Write::Signal { .. } => {}
        Write::MarkUnreadable { epoch: of, .. } => *of = epoch,
    }
    write
}

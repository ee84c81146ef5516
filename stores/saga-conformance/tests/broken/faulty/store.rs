//! A store as its fault has it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::{Head, InstanceState};
use saga_core::store::{
    Defined, Due, InUse, LeftBehind, MemoryStore, Position, Query, Refusal, SKEW_MAX, Store, StoreError,
    StoreErrorKind, Stored, Unfinished, Wanted, Write,
};
use saga_core::time::Timestamp;

use super::{FAR, Fault, FaultyStore};

impl FaultyStore {
    /// Fails where somebody else is appending.
    async fn one_at_a_time(&self) -> Result<(), StoreError> {
        let others = self.appending.fetch_add(1, Ordering::AcqRel);
        tokio::task::yield_now().await;
        self.appending.fetch_sub(1, Ordering::AcqRel);
        if others == 0 { Ok(()) } else { Err(StoreError::new(StoreErrorKind::Locked, "the store is busy")) }
    }

    /// Whether an instance that nobody drives stays with the stay that has it.
    async fn keeps_idle(&self, id: &InstanceId) -> Result<bool, StoreError> {
        Ok(match self.fault {
            Fault::IdleStaysWithTheLiving => true,
            Fault::UnreadableStaysWithTheLiving => {
                let head = self.inner().head(id).await?;
                head.is_some_and(|head| head.progress.state == InstanceState::Unreadable)
            }
            _ => false,
        })
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn join(&self, now: Timestamp, lease_until: Timestamp) -> Result<Epoch, StoreError> {
        let (told, latest) = self.with(|memory| (memory.told.unwrap_or(now), memory.latest.unwrap_or(now)));
        let epoch = match self.fault {
            Fault::ClocksNeverGoBack => self.inner().join(now.max(told), lease_until).await?,
            Fault::ClocksGoBackAtOnce if now < told => {
                self.inner().join(now.minus(SKEW_MAX), lease_until).await?
            }
            Fault::ClocksGoBackAgain => {
                // The latest time is told anew.
                let early = self.inner().join(now, lease_until).await?;
                self.inner().renew(early, told.max(now), lease_until).await?;
                early
            }
            // It seems to have gone back by as much less as the last time is before the latest.
            Fault::RenewalsTellTheLastTime => {
                self.inner().join(now.plus(latest.since(told)), lease_until).await?
            }
            _ => self.inner().join(now, lease_until).await?,
        };
        self.with(|memory| {
            memory.epochs.push(epoch);
            memory.joined.push((epoch, now));
            memory.told = Some(now);
            memory.latest = Some(now);
        });
        Ok(if self.has(Fault::EpochsRepeat) { Epoch::new(1) } else { epoch })
    }

    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError> {
        let joined = self.with(|memory| memory.joined.iter().find(|(of, _)| *of == epoch).map(|(_, at)| *at));
        let time = if self.has(Fault::RenewalsTellNoTime) { joined.unwrap_or(now) } else { now };
        let renewed = self.inner().renew(epoch, time, lease_until).await?;
        if renewed {
            self.with(|memory| {
                memory.told = Some(now);
                memory.latest = memory.latest.max(Some(now));
            });
        }
        Ok(renewed || self.has(Fault::LeasesNeverPass))
    }

    async fn release(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.with(|memory| memory.released.push(epoch));
        if self.has(Fault::ReleaseIsForgotten) { Ok(()) } else { self.inner().release(epoch).await }
    }

    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        self.misremembered(epoch).await
    }

    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError> {
        match self.fault {
            Fault::SettlingIsForgotten => Ok(()),
            Fault::SettlingForgetsAll => self.inner().settle(Epoch::new(u64::MAX)).await,
            _ => self.inner().settle(epoch).await,
        }
    }

    async fn define(&self, definition: &Defined) -> Result<(), StoreError> {
        self.inner().define(definition).await
    }

    async fn defined(&self, saga: &str, version: u32) -> Result<Vec<(Defined, InUse)>, StoreError> {
        let mut defined = self.inner().defined(saga, version).await?;
        match self.fault {
            Fault::DefinitionsAreDoubled => defined.extend(defined.clone()),
            Fault::NothingIsInUse => defined.iter_mut().for_each(|(_, in_use)| *in_use = InUse::No),
            _ => {}
        }
        Ok(defined)
    }

    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        self.inner().reopen().await?;
        if batch.is_empty() && self.has(Fault::EmptyBatchFails) {
            return Err(StoreError::new(StoreErrorKind::Io, "the batch is empty"));
        }
        if self.has(Fault::BusyWhenCrowded) {
            self.one_at_a_time().await?;
        }
        let (mut answers, mut written) = (Vec::new(), HashSet::new());
        for write in batch {
            let again = !written.insert(write.id().clone()) && self.has(Fault::OneWriteAnInstance);
            let stopped = answers.iter().any(Result::is_err) && self.has(Fault::BatchStopsAtRefusal);
            let cut = answers.len() >= 1_000 && self.has(Fault::BatchesAreCut);
            let answer =
                if again || stopped || cut { Err(Refusal::Sequence) } else { self.write(write).await? };
            answers.push(answer);
        }
        Ok(answers)
    }

    async fn load(&self, ids: &[InstanceId]) -> Result<Vec<Option<Stored>>, StoreError> {
        let ids: Vec<InstanceId> = ids.iter().map(|id| self.id(id)).collect();
        let found = self.inner().load(&ids).await?.into_iter().map(|found| {
            found.map(|found| Stored {
                signals: self.signals_as_read(&found.head.id, found.signals),
                entries: self.journal_as_read(&found.head.id, found.entries),
                head: self.head_as_read(found.head),
            })
        });
        Ok(if self.has(Fault::PagesAreBackwards) { found.rev().collect() } else { found.collect() })
    }

    async fn head(&self, id: &InstanceId) -> Result<Option<Head>, StoreError> {
        Ok(self.inner().head(&self.id(id)).await?.map(|head| self.head_as_read(head)))
    }

    async fn claim(
        &self,
        epoch: Epoch,
        now: Timestamp,
        wanted: Wanted<'_>,
    ) -> Result<Vec<InstanceId>, StoreError> {
        let inner = self.inner();
        let now = if self.has(Fault::StaysComeBack) { Timestamp::from_millis(0) } else { now };
        if self.has(Fault::ClaimTakesFromTheLiving) {
            self.end_others(epoch).await?;
        }
        if let Wanted::One(id) = wanted
            && self.with(|memory| memory.creators.get(id).is_some_and(|creator| *creator != epoch))
            && self.keeps_idle(id).await?
        {
            return Ok(Vec::new());
        }
        let mut claimed = inner.claim(epoch, now, wanted).await?;
        match (self.fault, wanted) {
            (Fault::EndedStaysAreServed, Wanted::One(id)) if claimed.is_empty() => claimed.push(id.clone()),
            (Fault::OnlyActiveIsOne, Wanted::One(id)) => {
                let active = inner.head(id).await?.is_some_and(|head| head.progress.state.is_active());
                claimed.retain(|_| active);
            }
            (Fault::ClaimIsBackwards, _) => claimed.reverse(),
            (Fault::ClaimTakesWhatWaits, Wanted::Active { limit }) => {
                claimed.extend(inner.due(epoch, FAR, limit).await?.ids);
            }
            (Fault::ClaimClearsDue, _) => drop(inner.due(epoch, FAR, usize::MAX).await?),
            (Fault::ClaimGivesTwice, Wanted::Active { .. }) => {
                let before = self.with(|memory| std::mem::replace(&mut memory.claimed, claimed.clone()));
                claimed.extend(before);
            }
            _ => {}
        }
        Ok(claimed)
    }

    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        if self.has(Fault::DueTakesFromTheLiving) {
            self.end_others(epoch).await?;
        }
        let mut due = self.inner().due(epoch, now, limit).await?;
        match self.fault {
            Fault::DueIsBackwards => due.ids.reverse(),
            Fault::DueComesTwice => {
                let before = self.with(|memory| std::mem::replace(&mut memory.due, due.ids.clone()));
                due.ids.extend(before);
            }
            Fault::NeverIsDue => due.ids.extend(self.with(|memory| memory.asleep.clone())),
            Fault::NeverIsNext if self.with(|memory| !memory.asleep.is_empty()) => {
                due.next = due.next.or(Some(Timestamp::NEVER));
            }
            Fault::DueForgetsTheState => due.ids.extend(self.with(|memory| memory.inactive_due.clone())),
            _ => {}
        }
        Ok(due)
    }

    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        let found = self.misasked(query).await?;
        Ok(found.into_iter().map(|(place, head)| (place, self.head_as_read(head))).collect())
    }

    async fn unfinished(&self) -> Result<Unfinished, StoreError> {
        self.miscounted().await
    }

    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        self.misdeleted(ids).await
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        match self.fault {
            Fault::StaysEndAtReopening => self.end_others(Epoch::new(0)).await,
            Fault::ReopeningForgets => {
                *self.inner.write().unwrap() = Arc::new(MemoryStore::new());
                Ok(())
            }
            _ => self.inner().reopen().await,
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        if self.has(Fault::CloseIsForgotten) { Ok(()) } else { self.inner().close().await }
    }
}

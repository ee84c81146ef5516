//! Where instances come from that are brought into memory, and in which order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::suspects;
use crate::id::InstanceId;
use crate::runtime::admission::{Origin, Place};
use crate::runtime::revive::{Deaf, Revived, hear_late_signals, revive};
use crate::runtime::shared::Shared;
use crate::store::{StoreError, StoreErrorKind, Stored, Wanted};
use crate::time::Timestamp;

/// How many instances are claimed or read at a time: reading many costs little more than reading one, and one
/// page must not hold up what starts meanwhile.
pub(super) const PAGE: usize = 128;

/// How often a worker looks for instances of workers that have gone, and for what it does not know to be due.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long a failing store is left alone.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// What is known to be brought in, and where more may come from.
pub(super) struct Feeder {
    pub(super) shared: Arc<Shared>,
    pub(super) backlog: VecDeque<InstanceId>,
    pub(super) claim_at: Timestamp,
    due_at: Timestamp,
    /// Not all suspects have been brought in yet.
    pub(super) has_suspects: bool,
    /// What could not be read.
    unread: Vec<InstanceId>,
    /// When that is tried again.
    unread_at: Timestamp,
}

/// Brings instances in until the end.
pub(crate) async fn run(shared: Arc<Shared>) {
    let now = shared.now();
    let mut feeder = Feeder {
        has_suspects: shared.suspects.ends() > 0,
        shared,
        backlog: VecDeque::new(),
        claim_at: now,
        due_at: now,
        unread: Vec::new(),
        unread_at: Timestamp::NEVER,
    };
    feeder.shared.mislaid.may_have_parked();
    if feeder.has_suspects {
        feeder.try_suspects().await;
    }
    while !feeder.shared.lifecycle.is_ending() {
        match feeder.round().await {
            Ok(true) => {}
            Ok(false) => feeder.wait().await,
            Err(error) => {
                warn!(%error, "instances could not be read, trying again");
                feeder.shared.mend().await;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Feeder {
    /// One page of each kind. `false` if there was nothing to do. What fails of one kind keeps the others from nothing: it
    /// may be one instance that is damaged.
    async fn round(&mut self) -> Result<bool, StoreError> {
        let queued = self.shared.admission.next_queued(PAGE);
        let had_queued = !queued.is_empty();
        let brought_queued = self.bring_in(queued).await;
        let refilled = if self.backlog.is_empty() { self.refill().await } else { Ok(()) };
        let mut page = Vec::new();
        while page.len() < PAGE
            && !self.backlog.is_empty()
            && let Some(place) = self.shared.admission.try_place(Origin::Revived)
        {
            page.extend(self.backlog.pop_front().map(|id| (id, place)));
        }
        let had_backlog = !page.is_empty();
        let brought = self.bring_in(page).await;
        let searched = self.search().await;
        brought_queued.and(refilled).and(brought)?;
        let has_searched = searched?;
        if self.has_suspects && self.backlog.is_empty() && self.claim_at > self.shared.now() {
            self.has_suspects = false;
            self.shared.runtime.spawn(suspects::settle(Arc::clone(&self.shared)));
        }
        Ok(had_queued || had_backlog || has_searched)
    }

    /// Claims what workers that have gone left behind, then takes what is due, then what could not be read before.
    async fn refill(&mut self) -> Result<(), StoreError> {
        let now = self.shared.now();
        let epoch = self.shared.epoch();
        if self.claim_at <= now {
            let claimed = self.shared.store.claim(epoch, now, Wanted::Active { limit: PAGE }).await;
            let claimed = claimed.inspect_err(|_| self.shared.mislaid.may_have_some())?;
            if claimed.len() < PAGE {
                self.claim_later();
            }
            if !claimed.is_empty() {
                self.shared.mislaid.may_have_parked();
                info!(instances = claimed.len(), "going on with what was left unfinished");
            }
            self.backlog.extend(claimed.iter().cloned());
            self.look_into(&claimed).await?;
        }
        if let Some(noted) = self.shared.take_due() {
            self.due_at = self.due_at.min(noted);
        }
        if self.backlog.is_empty() && self.due_at <= now {
            let due = self.shared.store.due(epoch, now, PAGE).await;
            let due = due.inspect_err(|_| self.shared.mislaid.may_have_some())?;
            self.due_at = due.next.unwrap_or_else(|| now.plus(LOOK_EVERY)).min(now.plus(LOOK_EVERY));
            self.backlog.extend(due.ids);
        }
        if self.unread_at <= now {
            self.backlog.extend(self.unread.drain(..));
            self.unread_at = Timestamp::NEVER;
        }
        Ok(())
    }

    /// Nothing is left to be claimed for now.
    pub(super) fn claim_later(&mut self) {
        self.claim_at = self.shared.now().plus(LOOK_EVERY);
    }

    /// Reads a page of instances and lets them go on. If the store fails, they are brought in later.
    pub(super) async fn bring_in(&mut self, page: Vec<(InstanceId, Place)>) -> Result<(), StoreError> {
        if page.is_empty() {
            return Ok(());
        }
        let (ids, places): (Vec<_>, Vec<_>) = page.into_iter().unzip();
        let Ok(stored) = self.shared.store.load(&ids).await else {
            return self.bring_in_each(ids.into_iter().zip(places)).await;
        };
        let mut deaf = Vec::new();
        for ((id, place), stored) in ids.into_iter().zip(places).zip(stored) {
            deaf.extend(self.let_go_on(id, place, stored).await);
        }
        self.hear_late_signals(deaf).await;
        Ok(())
    }

    /// Reads the instances of a page that cannot be read as a whole, one by one: one that is damaged is left alone
    /// for a while, and holds up no other.
    async fn bring_in_each(
        &mut self,
        mut page: impl Iterator<Item = (InstanceId, Place)>,
    ) -> Result<(), StoreError> {
        let mut has_read = false;
        while let Some((id, place)) = page.next() {
            match self.shared.store.load(std::slice::from_ref(&id)).await {
                Ok(stored) => {
                    has_read = true;
                    let deaf = self.let_go_on(id, place, stored.into_iter().flatten().next()).await;
                    self.hear_late_signals(deaf.into_iter().collect()).await;
                }
                Err(error) if has_read || error.kind() == StoreErrorKind::Corrupt => {
                    warn!(instance = %id, %error, "the instance could not be read, trying it again later");
                    self.put_off(id, LOOK_EVERY);
                }
                Err(error) => {
                    // It is likely the store that fails, not this one; in case it is, the others come first then.
                    for (other, _) in page {
                        self.put_off(other, PAUSE);
                    }
                    self.put_off(id, PAUSE);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Lets an instance go on that was read, or puts it off. One that is still deaf is returned.
    async fn let_go_on(&mut self, id: InstanceId, place: Place, stored: Option<Stored>) -> Option<Deaf> {
        match revive(&self.shared, &stored?, Some(place), None).await {
            Revived::Settled => None,
            Revived::Deaf(deaf) => Some(deaf),
            Revived::Busy => {
                // Its creation may take the store a while, and would wait for ever if this went on without a pause.
                self.put_off(id, PAUSE);
                None
            }
        }
    }

    async fn hear_late_signals(&mut self, deaf: Vec<Deaf>) {
        if let Err(ids) = hear_late_signals(&self.shared, deaf).await {
            ids.into_iter().for_each(|id| self.put_off(id, PAUSE));
        }
    }

    /// Leaves an instance that could not be read alone for a while.
    fn put_off(&mut self, id: InstanceId, pause: Duration) {
        self.unread.push(id);
        self.unread_at = self.unread_at.min(self.shared.now().plus(pause));
    }

    /// Waits until there may be something to do. Whoever was called out of a line and did not come is passed over
    /// then.
    async fn wait(&self) {
        self.shared.serve_line();
        let now = self.shared.now();
        let next = self.claim_at.min(self.due_at).min(self.unread_at).since(now);
        let next = next.clamp(Duration::from_millis(1), LOOK_EVERY);
        tokio::select! {
            biased;
            () = self.shared.admission.changed() => {}
            () = self.shared.earlier_due() => {}
            () = tokio::time::sleep(if self.backlog.is_empty() { next } else { LOOK_EVERY }) => {}
            () = self.shared.lifecycle.ending() => {}
        }
    }
}

//! Bringing instances into memory: those that a crash left unfinished, those whose time has come, those that
//! were queued. By pages, and only as places are free.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::id::InstanceId;
use crate::runtime::admission::{Origin, Place};
use crate::runtime::revive::{Revived, revive};
use crate::runtime::shared::Shared;
use crate::store::{StoreError, Wanted};
use crate::time::Timestamp;

/// How many instances are claimed or read at a time: reading many costs little more than reading one, and one
/// page must not hold up what starts meanwhile.
const PAGE: usize = 128;

/// How often a worker looks for instances of workers that have gone, and for what it does not know to be due.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long a failing store is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// What is known to be brought in, and where more may come from.
struct Feeder {
    shared: Arc<Shared>,
    backlog: VecDeque<InstanceId>,
    claim_at: Timestamp,
    due_at: Timestamp,
}

/// Brings instances in until the end.
pub(crate) async fn run(shared: Arc<Shared>) {
    let now = shared.now();
    let mut feeder = Feeder { shared, backlog: VecDeque::new(), claim_at: now, due_at: now };
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
    /// One page of each kind. `false` if there was nothing to do.
    async fn round(&mut self) -> Result<bool, StoreError> {
        let queued = self.shared.admission.next_queued(PAGE);
        let had_queued = !queued.is_empty();
        self.bring_in(queued).await?;
        if self.backlog.is_empty() {
            self.refill().await?;
        }
        let mut page = Vec::new();
        while page.len() < PAGE
            && !self.backlog.is_empty()
            && let Some(place) = self.shared.admission.try_place(Origin::Revived)
        {
            page.extend(self.backlog.pop_front().map(|id| (id, place)));
        }
        let had_backlog = !page.is_empty();
        self.bring_in(page).await?;
        Ok(had_queued || had_backlog)
    }

    /// Claims what workers that have gone left behind, then takes what is due.
    async fn refill(&mut self) -> Result<(), StoreError> {
        let now = self.shared.now();
        let epoch = self.shared.epoch();
        if self.claim_at <= now {
            let claimed = self.shared.store.claim(epoch, now, Wanted::Active { limit: PAGE }).await?;
            if claimed.len() < PAGE {
                self.claim_at = now.plus(LOOK_EVERY);
            }
            if !claimed.is_empty() {
                info!(instances = claimed.len(), "going on with what was left unfinished");
            }
            self.backlog.extend(claimed);
        }
        if let Some(noted) = self.shared.take_due() {
            self.due_at = self.due_at.min(noted);
        }
        if self.backlog.is_empty() && self.due_at <= now {
            let due = self.shared.store.due(epoch, now, PAGE).await?;
            self.due_at = due.next.unwrap_or_else(|| now.plus(LOOK_EVERY)).min(now.plus(LOOK_EVERY));
            self.backlog.extend(due.ids);
        }
        Ok(())
    }

    /// Reads a page of instances and lets them go on. If the store fails, they are brought in later.
    async fn bring_in(&mut self, page: Vec<(InstanceId, Place)>) -> Result<(), StoreError> {
        if page.is_empty() {
            return Ok(());
        }
        let (ids, places): (Vec<_>, Vec<_>) = page.into_iter().unzip();
        let stored = match self.shared.store.load(&ids).await {
            Ok(stored) => stored,
            Err(error) => {
                self.backlog.extend(ids);
                return Err(error);
            }
        };
        for ((id, place), stored) in ids.into_iter().zip(places).zip(stored) {
            let Some(stored) = stored else { continue };
            if let Revived::Busy = revive(&self.shared, &stored, Some(place), None).await {
                self.backlog.push_back(id);
            }
        }
        Ok(())
    }

    /// Waits until there may be something to do. Whoever was called out of a line and did not come is passed over
    /// then.
    async fn wait(&self) {
        self.shared.serve_line();
        let now = self.shared.now();
        let next = self.claim_at.min(self.due_at).since(now).clamp(Duration::from_millis(1), LOOK_EVERY);
        tokio::select! {
            () = self.shared.admission.changed() => {}
            () = self.shared.earlier_due() => {}
            () = tokio::time::sleep(if self.backlog.is_empty() { next } else { LOOK_EVERY }) => {}
            () = self.shared.lifecycle.ending() => {}
        }
    }
}

//! The first thing after an unclean end: who was running then, and is it one of them.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::feeder::{Feeder, PAGE, PAUSE};
use super::suspects::TRIAL_MAX;
use crate::id::InstanceId;
use crate::runtime::admission::Origin;
use crate::store::{StoreError, Stored, Wanted};

/// What was found unfinished.
#[derive(Default)]
struct Found {
    suspects: Vec<InstanceId>,
    others: Vec<InstanceId>,
}

impl Feeder {
    /// Finds out who was running when the process died. If it has died more than once in a row, those are brought back
    /// in groups before anything else goes on.
    pub(super) async fn try_suspects(&mut self) {
        let until = Instant::now() + TRIAL_MAX;
        let mut found = Found::default();
        while let Err(error) = self.look_for_suspects(&mut found).await {
            warn!(%error, "what the process left behind could not be read, trying again");
            self.shared.mend().await;
            tokio::time::sleep(PAUSE).await;
            if Instant::now() > until || self.shared.lifecycle.is_ending() {
                break;
            }
        }
        if self.shared.suspects.holds_others_back() {
            let size = self.shared.suspects.group_of(found.suspects.len());
            let (ends, suspects) = (self.shared.suspects.ends(), found.suspects.len());
            warn!(
                ends,
                suspects,
                at_once = size,
                "the process died several times in a row: looking for the cause"
            );
            let mut suspects = VecDeque::from(found.suspects);
            while !suspects.is_empty() && Instant::now() < until && !self.shared.lifecycle.is_ending() {
                let group = suspects.drain(..size.min(suspects.len())).collect();
                self.try_group(group, until).await;
            }
            self.backlog.extend(suspects);
            self.shared.admission.hold_back(false);
        } else {
            self.backlog.extend(found.suspects);
        }
        self.backlog.extend(found.others);
    }

    /// Claims what is unfinished, and tells who was running from who was not; all of them, or as many as it takes to
    /// know that nobody was alone.
    async fn look_for_suspects(&mut self, found: &mut Found) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        loop {
            let wanted = Wanted::Active { limit: PAGE };
            let claimed = shared.store.claim(shared.epoch(), shared.now(), wanted).await;
            let claimed = claimed.inspect_err(|_| shared.mislaid.may_have_some())?;
            let is_last = claimed.len() < PAGE;
            match shared.store.load(&claimed).await {
                Ok(stored) => stored.into_iter().flatten().for_each(|stored| self.sort(stored, found)),
                Err(error) => {
                    warn!(%error, "instances could not be read, they come last");
                    found.others.extend(claimed);
                }
            }
            if is_last {
                self.claim_later();
                info!(
                    suspects = found.suspects.len(),
                    others = found.others.len(),
                    "going on after an unclean end"
                );
                return Ok(());
            }
            if found.suspects.len() > 1 && !shared.suspects.holds_others_back() {
                return Ok(());
            }
        }
    }

    /// Looks into instances that were claimed later: of stays that have ended meanwhile.
    pub(super) async fn look_into(&mut self, claimed: &[InstanceId]) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        if claimed.is_empty()
            || !shared.suspects.learn(shared.store.left_behind(shared.epoch()).await?.unclean)
        {
            return Ok(());
        }
        let mut found = Found::default();
        shared
            .store
            .load(claimed)
            .await?
            .into_iter()
            .flatten()
            .for_each(|stored| self.sort(stored, &mut found));
        if claimed.len() == PAGE {
            // Who knows who comes on the next page.
            shared.suspects.note_others();
        }
        self.has_suspects = true;
        Ok(())
    }

    fn sort(&self, stored: Stored, found: &mut Found) {
        let registered = self.shared.registry.of(&stored.head);
        let was_running =
            registered.is_some_and(|saga| self.shared.suspects.note(saga.definition(), &stored));
        let list = if was_running { &mut found.suspects } else { &mut found.others };
        list.push(stored.head.id);
    }

    /// Brings a group of suspects in, and waits until their attempts have ended.
    async fn try_group(&mut self, mut group: VecDeque<InstanceId>, until: Instant) {
        while !group.is_empty() {
            let mut page = Vec::new();
            while page.len() < PAGE
                && !group.is_empty()
                && let Some(place) = self.shared.admission.try_place(Origin::Revived)
            {
                page.extend(group.pop_front().map(|id| (id, place)));
            }
            if page.is_empty() {
                if timeout_at(until, self.shared.admission.changed()).await.is_err() {
                    return self.backlog.extend(group);
                }
            } else if let Err(error) = self.bring_in(page).await {
                warn!(%error, "suspects could not be read, they come later");
            }
        }
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            biased;
            _ended_or_late = timeout_at(until, shared.suspects.all_closed()) => {}
            () = shared.lifecycle.ending() => {}
        }
    }
}

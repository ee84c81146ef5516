//! Faults of asking, of deleting, and of what stays leave behind.

use std::collections::HashSet;

use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::{EncodedEntry, Head, InstanceState, Progress};
use saga_core::store::{LeftBehind, Position, Query, Store, StoreError, Unfinished, Write};
use saga_core::time::Timestamp;

use super::{Fault, FaultyStore};

/// A part of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Saga,
    States,
    NeedsAttention,
    Step,
    Reason,
    SinceUntil,
    CreatedUntil,
    IdPrefix,
}

const ALL: Query = Query {
    saga: None,
    states: Vec::new(),
    needs_attention: None,
    step: None,
    reason: None,
    since_until: None,
    created_until: None,
    id_prefix: None,
    after: None,
    limit: usize::MAX,
};

impl FaultyStore {
    pub(super) async fn misremembered(&self, epoch: Epoch) -> Result<LeftBehind, StoreError> {
        let mut left = self.inner().left_behind(epoch).await?;
        let before = |of: &Epoch| *of < epoch;
        match self.fault {
            Fault::UncleanEndsAreForgotten => left.unclean.clear(),
            Fault::CleanEndsAreUnclean => left.unclean = self.epochs().into_iter().filter(before).collect(),
            Fault::UncleanEndsAreEndless => {
                let released = self.with(|memory| memory.released.clone());
                left.unclean = self
                    .epochs()
                    .into_iter()
                    .filter(before)
                    .filter(|epoch| !released.contains(epoch))
                    .collect();
            }
            _ => {}
        }
        Ok(left)
    }

    pub(super) async fn misasked(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError> {
        let mut query = query.clone();
        let sooner = |until: Timestamp| Timestamp::from_millis(until.as_millis() - 1);
        match self.fault {
            Fault::QueryForgets(part) => forget(&mut query, part),
            Fault::UntilIsExclusive => {
                query.since_until = query.since_until.map(sooner);
                query.created_until = query.created_until.map(sooner);
            }
            Fault::PagesAreLarger => query.limit = query.limit.saturating_add(1),
            Fault::PagesOverlap => {
                query.after = query.after.map(|after| Position::new(after.get().saturating_sub(1)));
            }
            Fault::PrefixHasNoCase => return self.without_case(query).await,
            Fault::PlacesAreCounted => return self.counted(query).await,
            _ => {}
        }
        let mut found = self.inner().query(&query).await?;
        match self.fault {
            Fault::QueryIsSorted => {
                found.sort_by(|(_, one), (_, other)| one.id.as_str().cmp(other.id.as_str()))
            }
            Fault::PagesSkip if query.after.is_some() && found.len() > 1 => drop(found.remove(0)),
            _ => {}
        }
        Ok(found)
    }

    /// Compares ids without regard to case.
    async fn without_case(&self, query: Query) -> Result<Vec<(Position, Head)>, StoreError> {
        let lower = query.id_prefix.clone().unwrap_or_default().to_lowercase();
        let found =
            self.inner().query(&Query { id_prefix: None, limit: usize::MAX, ..query.clone() }).await?;
        let fits = |head: &Head| head.id.as_str().to_lowercase().starts_with(&lower);
        Ok(found.into_iter().filter(|(_, head)| fits(head)).take(query.limit).collect())
    }

    /// Takes the number of instances before one for its place.
    async fn counted(&self, query: Query) -> Result<Vec<(Position, Head)>, StoreError> {
        let all = self.inner().query(&ALL).await?;
        let places = (0..).map(Position::new);
        let after = |place: &Position| query.after.is_none_or(|after| *place > after);
        let placed = places.zip(all).map(|(place, (_, head))| (place, head));
        Ok(placed.filter(|(place, head)| after(place) && query.fits(head)).take(query.limit).collect())
    }

    pub(super) async fn miscounted(&self) -> Result<Unfinished, StoreError> {
        let mut unfinished = self.inner().unfinished().await?;
        let all = self.inner().query(&ALL).await?;
        let mut open = all.iter().filter(|(_, head)| !head.progress.state.is_terminal());
        match self.fault {
            Fault::CountsForgetTheUnreadable => unfinished.unreadable = 0,
            Fault::CountsFlagTheEnded => {
                let flagged = all.iter().filter(|(_, head)| head.progress.needs_attention);
                unfinished.needs_attention = flagged.count() as u64;
            }
            Fault::OldestIsTheFirst => unfinished.oldest = open.next().map(|(_, head)| head.created_at),
            _ => {}
        }
        Ok(unfinished)
    }

    pub(super) async fn misdeleted(&self, ids: &[InstanceId]) -> Result<usize, StoreError> {
        let before = self.inner().load(ids).await?;
        match self.fault {
            Fault::DeleteIsForgotten => {
                let ended = before.iter().flatten().filter(|found| found.head.progress.state.is_terminal());
                return Ok(ended.map(|found| &found.head.id).collect::<HashSet<_>>().len());
            }
            Fault::DeleteTakesTheUnfinished => {
                for found in before.iter().flatten() {
                    self.end(&found.head).await?;
                }
            }
            _ => {}
        }
        let deleted = self.inner().delete(ids).await?;
        for (id, before) in ids.iter().zip(before) {
            let gone = self.inner().head(id).await?.is_none();
            if let Some(before) = before.filter(|_| gone) {
                self.with(|memory| memory.deleted.insert(id.clone(), before.entries));
            }
        }
        Ok(if self.has(Fault::DeleteCountsAll) { ids.len() } else { deleted })
    }

    /// Lets an instance be completed.
    async fn end(&self, head: &Head) -> Result<(), StoreError> {
        let progress = Some(Progress::new(InstanceState::Completed, head.progress.since));
        for epoch in self.epochs() {
            let (seq, at, events) = (head.seq.next(), head.progress.since, String::from("[]"));
            let entry = EncodedEntry { seq, epoch, at, format: 1, events };
            let (id, progress) = (head.id.clone(), progress.clone());
            self.one(&Write::Append { id, entry, progress, wake: None }).await?.ok();
        }
        Ok(())
    }
}

fn forget(query: &mut Query, part: Part) {
    match part {
        Part::Saga => query.saga = None,
        Part::States => query.states.clear(),
        Part::NeedsAttention => query.needs_attention = None,
        Part::Step => query.step = None,
        Part::Reason => query.reason = None,
        Part::SinceUntil => query.since_until = None,
        Part::CreatedUntil => query.created_until = None,
        Part::IdPrefix => query.id_prefix = None,
    }
}

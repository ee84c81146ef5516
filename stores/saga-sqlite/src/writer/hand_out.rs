//! Handing out instances of ended stays.

use rusqlite::{OptionalExtension, Row, Transaction};
use saga_core::id::{Epoch, InstanceId};
use saga_core::store::{Due, Wanted};
use saga_core::time::Timestamp;

use super::Writer;
use crate::convert::{integer, millis, timestamp};

/// Which instances to hand out; [`Wanted`] without its borrow.
#[derive(Debug)]
pub(crate) enum Claim {
    Active { limit: usize },
    One(InstanceId),
}

impl From<Wanted<'_>> for Claim {
    fn from(wanted: Wanted<'_>) -> Self {
        match wanted {
            Wanted::Active { limit } => Self::Active { limit },
            Wanted::One(id) => Self::One(id.clone()),
        }
    }
}

/// An instance that may be handed out.
struct Candidate {
    number: i64,
    id: InstanceId,
}

impl Writer<'_> {
    pub(crate) fn claim(&mut self, epoch: Epoch, claim: &Claim) -> rusqlite::Result<Vec<InstanceId>> {
        let transaction = self.transaction()?;
        if !self.is_live(epoch)? {
            return Ok(Vec::new());
        }
        let candidates = match claim {
            Claim::Active { limit } => ready(&transaction, epoch, *limit)?,
            // All other stays have ended.
            Claim::One(id) => {
                self.number(id)?.map(|number| Candidate { number, id: id.clone() }).into_iter().collect()
            }
        };
        give(&transaction, &candidates, "UPDATE instance SET epoch = ?2 WHERE number = ?1", epoch)?;
        transaction.commit()?;
        Ok(candidates.into_iter().map(|candidate| candidate.id).collect())
    }

    pub(crate) fn due(&mut self, epoch: Epoch, now: Timestamp, limit: usize) -> rusqlite::Result<Due> {
        let transaction = self.transaction()?;
        if !self.is_live(epoch)? {
            return Ok(Due::default());
        }
        let candidates = overdue(&transaction, now, limit)?;
        give(
            &transaction,
            &candidates,
            "UPDATE instance SET epoch = ?2, due = NULL WHERE number = ?1",
            epoch,
        )?;
        let next = next_due(&transaction)?;
        transaction.commit()?;
        Ok(Due { ids: candidates.into_iter().map(|candidate| candidate.id).collect(), next })
    }
}

/// The oldest active instances of stays before `epoch`. They are looked up stay by stay, so that those which are
/// handed out already are not looked at again.
fn ready(transaction: &Transaction<'_>, epoch: Epoch, limit: usize) -> rusqlite::Result<Vec<Candidate>> {
    let mut next_stay = transaction.prepare(
        "SELECT epoch FROM instance
         WHERE due IS NULL AND state IN ('running', 'compensating') AND epoch > ?1 AND epoch < ?2
         ORDER BY epoch LIMIT 1",
    )?;
    let mut of_stay = transaction.prepare(
        "SELECT number, id FROM instance
         WHERE due IS NULL AND state IN ('running', 'compensating') AND epoch = ?1
         ORDER BY number LIMIT ?2",
    )?;
    let mut candidates = Vec::new();
    let mut stay: i64 = -1;
    while let Some(found) = next_stay.query_row((stay, integer(epoch.get())), |row| row.get(0)).optional()? {
        stay = found;
        candidates.extend(readable(of_stay.query_map((stay, rows(limit)), candidate)?)?);
    }
    candidates.sort_unstable_by_key(|candidate| candidate.number);
    candidates.truncate(limit);
    Ok(candidates)
}

/// The instances whose time has come, the earliest first.
fn overdue(transaction: &Transaction<'_>, now: Timestamp, limit: usize) -> rusqlite::Result<Vec<Candidate>> {
    let mut overdue = transaction.prepare(
        "SELECT number, id FROM instance
         WHERE due IS NOT NULL AND state IN ('running', 'compensating') AND due <= ?1
         ORDER BY due, number LIMIT ?2",
    )?;
    readable(overdue.query_map((millis(now), rows(limit)), candidate)?)
}

/// When the next instance is due.
fn next_due(transaction: &Transaction<'_>) -> rusqlite::Result<Option<Timestamp>> {
    transaction
        .query_row(
            "SELECT due FROM instance
             WHERE due IS NOT NULL AND state IN ('running', 'compensating')
             ORDER BY due LIMIT 1",
            [],
            |row| timestamp(row, 0),
        )
        .optional()
}

/// Makes the instances those of `epoch`.
fn give(
    transaction: &Transaction<'_>,
    candidates: &[Candidate],
    update: &str,
    epoch: Epoch,
) -> rusqlite::Result<()> {
    let mut give = transaction.prepare(update)?;
    for candidate in candidates {
        give.execute((candidate.number, integer(epoch.get())))?;
    }
    Ok(())
}

/// A number of rows, for a limit.
fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// `None` if what stands there cannot be an id: somebody else wrote it.
fn candidate(row: &Row<'_>) -> rusqlite::Result<Option<Candidate>> {
    let (number, id) = (row.get(0)?, row.get::<_, String>(1)?);
    Ok(InstanceId::new(id).ok().map(|id| Candidate { number, id }))
}

fn readable(
    rows: impl Iterator<Item = rusqlite::Result<Option<Candidate>>>,
) -> rusqlite::Result<Vec<Candidate>> {
    rows.filter_map(Result::transpose).collect()
}

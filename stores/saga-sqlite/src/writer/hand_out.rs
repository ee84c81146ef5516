//! Handing out instances of ended stays.

use rusqlite::{OptionalExtension, Row, Transaction};
use saga_core::id::{Epoch, InstanceId};
use saga_core::store::{Due, Wanted};
use saga_core::time::Timestamp;

use super::Writer;
use crate::convert::{integer, millis, timestamp};
use crate::worker::Failed;

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

/// A stay that has instances to hand out.
struct Stay {
    epoch: i64,
    /// The number of the oldest of them.
    oldest: i64,
}

impl Writer<'_> {
    pub(crate) fn claim(&mut self, epoch: Epoch, claim: &Claim) -> Result<Vec<InstanceId>, Failed> {
        self.transact(|writer, transaction| {
            if !writer.is_live(epoch)? {
                return Ok(Vec::new());
            }
            let candidates = match claim {
                Claim::Active { limit } => ready(transaction, epoch, *limit)?,
                // All other stays have ended.
                Claim::One(id) => {
                    let number = writer.number(id)?;
                    number.map(|number| Candidate { number, id: id.clone() }).into_iter().collect()
                }
            };
            give(
                transaction,
                &candidates,
                "UPDATE instance SET epoch = ?2, called = NULL WHERE number = ?1",
                epoch,
            )?;
            Ok(candidates.into_iter().map(|candidate| candidate.id).collect())
        })
    }

    pub(crate) fn due(&mut self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, Failed> {
        self.transact(|writer, transaction| {
            if !writer.is_live(epoch)? {
                return Ok(Due::default());
            }
            let candidates = overdue(transaction, now, limit)?;
            give(
                transaction,
                &candidates,
                "UPDATE instance SET epoch = ?2, due = NULL, called = NULL WHERE number = ?1",
                epoch,
            )?;
            let next = next_due(transaction)?;
            Ok(Due { ids: candidates.into_iter().map(|candidate| candidate.id).collect(), next })
        })
    }
}

/// The next stay, by its epoch, that has active instances which wait for no time, with the oldest of these.
const NEXT_STAY: &str = "SELECT epoch, number FROM instance
     WHERE due IS NULL AND state IN ('running', 'compensating') AND epoch > ?1 AND epoch < ?2
     ORDER BY epoch, number LIMIT 1";

/// The oldest of these of a stay, up to a number.
const READY_OF_STAY: &str = "SELECT number, id FROM instance
     WHERE due IS NULL AND state IN ('running', 'compensating') AND epoch = ?1 AND number < ?2
     ORDER BY number LIMIT ?3";

/// The unfinished instances whose time has come, the earliest first. These and the next query name the condition of
/// the index as it stands in the schema: it is how SQLite knows that the index will do.
const OVERDUE: &str = "SELECT number, id FROM instance
     WHERE due <> 9223372036854775807 AND state NOT IN ('completed', 'compensated', 'unreadable') AND due <= ?1
     ORDER BY due, number LIMIT ?2";

/// When the next instance is due.
const NEXT_DUE: &str = "SELECT due FROM instance
     WHERE due <> 9223372036854775807 AND state NOT IN ('completed', 'compensated', 'unreadable')
     ORDER BY due LIMIT 1";

/// The oldest active instances of stays before `epoch`. They are looked up stay by stay, so that those which are
/// handed out already are not looked at again; the stay with the oldest first, and of the others only what is older
/// than the youngest found so far.
fn ready(transaction: &Transaction<'_>, epoch: Epoch, limit: usize) -> rusqlite::Result<Vec<Candidate>> {
    let mut of_stay = transaction.prepare(READY_OF_STAY)?;
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut before = i64::MAX;
    for stay in ready_stays(transaction, epoch)? {
        candidates.extend(readable(of_stay.query_map((stay.epoch, before, rows(limit)), candidate)?)?);
        candidates.sort_unstable_by_key(|candidate| candidate.number);
        candidates.truncate(limit);
        if candidates.len() == limit {
            before = candidates.last().map_or(0, |youngest| youngest.number);
        }
    }
    Ok(candidates)
}

/// The stays before `epoch` that have active instances which wait for no time, the one with the oldest first.
fn ready_stays(transaction: &Transaction<'_>, epoch: Epoch) -> rusqlite::Result<Vec<Stay>> {
    let mut next_stay = transaction.prepare(NEXT_STAY)?;
    let mut stays: Vec<Stay> = Vec::new();
    loop {
        let after = stays.last().map_or(-1, |last| last.epoch);
        let stay = next_stay.query_row((after, integer(epoch.get())), |row| {
            Ok(Stay { epoch: row.get(0)?, oldest: row.get(1)? })
        });
        match stay.optional()? {
            Some(stay) => stays.push(stay),
            None => break,
        }
    }
    stays.sort_unstable_by_key(|stay| stay.oldest);
    Ok(stays)
}

/// The instances whose time has come, the earliest first.
fn overdue(transaction: &Transaction<'_>, now: Timestamp, limit: usize) -> rusqlite::Result<Vec<Candidate>> {
    let mut overdue = transaction.prepare(OVERDUE)?;
    readable(overdue.query_map((millis(now), rows(limit)), candidate)?)
}

/// When the next instance is due.
fn next_due(transaction: &Transaction<'_>) -> rusqlite::Result<Option<Timestamp>> {
    transaction.query_row(NEXT_DUE, [], |row| timestamp(row, 0)).optional()
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
pub(crate) fn rows(limit: usize) -> i64 {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rusqlite::Connection;
    use rusqlite::types::Null;

    use super::*;
    use crate::schema;

    /// How many instances there are. A page takes fewer steps of SQLite's machine, so it does not look at each.
    const INSTANCES: usize = 20_000;

    const PAGE: usize = 128;

    const STAY: Epoch = Epoch::new(100);

    /// How many steps make one call of the handler that counts them.
    const COUNTED: usize = 10;

    /// A database whose instances are made of these expressions over `n`, from 1 to [`INSTANCES`], and what counts
    /// the steps that are taken in it.
    fn database(epoch: &str, state: &str, due: &str) -> (Connection, Arc<AtomicUsize>) {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::create(&connection).unwrap();
        connection
            .execute_batch(&format!(
                "INSERT INTO stay VALUES ({STAY}, 0, 0, 'live');
                 WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {INSTANCES})
                 INSERT INTO instance
                 SELECT n, 'order-' || n, 'order-flow', 1, 'shape', NULL, 0, {epoch}, {state}, {due}, NULL, 0, NULL, NULL, 0, 0
                 FROM number"
            ))
            .unwrap();
        let steps = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&steps);
        let count = move || {
            counter.fetch_add(COUNTED, Ordering::Relaxed);
            false
        };
        connection.progress_handler(i32::try_from(COUNTED).unwrap(), Some(count)).unwrap();
        (connection, steps)
    }

    #[test]
    fn each_query_is_one_look_into_an_index() {
        let (connection, _) = database("1", "'running'", "NULL");
        for (query, expected) in [
            (NEXT_STAY, "SEARCH instance USING INDEX instance_ready (epoch>? AND epoch<?)"),
            (READY_OF_STAY, "SEARCH instance USING INDEX instance_ready (epoch=? AND rowid<?)"),
            (OVERDUE, "SEARCH instance USING INDEX instance_due (due<?)"),
            (NEXT_DUE, "SCAN instance USING INDEX instance_due"),
        ] {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let parameters = rusqlite::params_from_iter(vec![Null; explain.parameter_count()]);
            let plan: rusqlite::Result<Vec<String>> =
                explain.query_map(parameters, |row| row.get(3)).unwrap().collect();
            // Nothing is sorted, and nothing else is looked at.
            assert_eq!(plan.unwrap(), [expected], "{query}");
        }
    }

    #[test]
    fn what_is_due_costs_the_same_whatever_most_wait_for() {
        for (most, state, due, next) in [
            ("something", "running", "9223372036854775807", None),
            ("later", "compensating", "1000 + n", Some(1_001)),
            ("their turn", "running", "NULL", None),
            ("a person", "parked", "NULL", None),
            ("nothing any more", "completed", "0", None),
        ] {
            let (state, due) = (
                format!("CASE WHEN n % 1000 = 0 THEN 'running' ELSE '{state}' END"),
                format!("CASE WHEN n % 1000 = 0 THEN 5 ELSE {due} END"),
            );
            let (connection, steps) = database("100", &state, &due);
            let mut writer = Writer::new(&connection).unwrap();
            let due = writer.due(STAY, Timestamp::from_millis(10), PAGE).unwrap();
            assert_eq!(due.ids.len(), INSTANCES / 1_000);
            assert_eq!(due.next, next.map(Timestamp::from_millis), "most wait for {most}");
            let steps = steps.load(Ordering::Relaxed);
            assert!(steps < INSTANCES, "{steps} steps where most wait for {most}");
        }
    }

    #[test]
    fn each_page_of_a_claim_costs_the_same() {
        for stays in ["1", "1 + n % 50", "50 - n / 400"] {
            let (connection, steps) = database(stays, "'running'", "NULL");
            let mut writer = Writer::new(&connection).unwrap();
            let mut claimed = 0;
            let mut most = 0;
            loop {
                steps.store(0, Ordering::Relaxed);
                let page = writer.claim(STAY, &Claim::Active { limit: PAGE }).unwrap();
                most = most.max(steps.load(Ordering::Relaxed));
                if page.is_empty() {
                    break;
                }
                claimed += page.len();
            }
            assert_eq!(claimed, INSTANCES);
            assert!(most < INSTANCES, "{most} steps for a page where the stays are {stays}");
        }
    }
}

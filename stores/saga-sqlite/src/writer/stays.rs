//! Stays of workers.
//!
//! One process has the file for itself, so there is nobody to take instances from a worker that lives: its lease
//! never passes, and the next stay to begin is the end of all before it.

use rusqlite::{OptionalExtension, Transaction};
use saga_core::id::Epoch;
use saga_core::store::{SKEW_MAX, UNCLEAN_MAX};
use saga_core::time::Timestamp;

use super::Writer;
use super::hand_out::rows;
use crate::convert::{integer, millis, timestamp};
use crate::schema::STAYS_KEPT;
use crate::worker::Failed;

impl Writer<'_> {
    pub(crate) fn join(&mut self, now: Timestamp) -> Result<Epoch, Failed> {
        self.transact(|_, transaction| {
            set_back(transaction, now)?;
            transaction.execute("UPDATE stay SET state = 'unclean' WHERE state = 'live'", [])?;
            transaction.execute(
                "UPDATE stay SET state = 'ended' WHERE state = 'unclean' AND epoch NOT IN (
                     SELECT epoch FROM stay WHERE state = 'unclean' ORDER BY epoch DESC LIMIT ?1)",
                [rows(UNCLEAN_MAX)],
            )?;
            let epoch = transaction.query_row(
                "INSERT INTO stay (epoch, joined_at, seen, state)
                 SELECT coalesce(max(epoch), 0) + 1, ?1, ?1, 'live' FROM stay
                 RETURNING epoch",
                [millis(now)],
                |row| row.get::<_, i64>(0),
            )?;
            forget_before(transaction, epoch - STAYS_KEPT)?;
            Ok(Epoch::new(epoch.unsigned_abs()))
        })
    }

    /// Prolongs a stay, if it has not ended: leases do not pass, but what time it was is remembered.
    pub(crate) fn renew(&mut self, epoch: Epoch, now: Timestamp) -> Result<bool, Failed> {
        let Some(seen) = self.seen_by_live(epoch)? else { return Ok(false) };
        if now <= seen {
            return Ok(true);
        }
        self.transact(|_, transaction| {
            let seen = (integer(epoch.get()), millis(now));
            transaction.execute("UPDATE stay SET seen = ?2 WHERE epoch = ?1", seen)?;
            Ok(true)
        })
    }

    pub(crate) fn release(&mut self, epoch: Epoch) -> Result<(), Failed> {
        self.transact(|_, transaction| {
            transaction.execute(
                "UPDATE stay SET state = 'ended' WHERE epoch = ?1 AND state = 'live'",
                [integer(epoch.get())],
            )?;
            Ok(())
        })
    }

    /// Forgets that stays before `epoch` ended uncleanly.
    pub(crate) fn settle(&mut self, epoch: Epoch) -> Result<(), Failed> {
        self.transact(|_, transaction| {
            transaction.execute(
                "UPDATE stay SET state = 'ended' WHERE epoch < ?1 AND state = 'unclean'",
                [integer(epoch.get())],
            )?;
            Ok(())
        })
    }

    /// Whether a stay has not ended.
    pub(crate) fn is_live(&mut self, epoch: Epoch) -> rusqlite::Result<bool> {
        Ok(self.seen_by_live(epoch)?.is_some())
    }

    /// The latest time that a stay has seen, if it has not ended.
    fn seen_by_live(&mut self, epoch: Epoch) -> rusqlite::Result<Option<Timestamp>> {
        self.connection
            .query_row(
                "SELECT seen FROM stay WHERE epoch = ?1 AND state = 'live'",
                [integer(epoch.get())],
                |row| timestamp(row, 0),
            )
            .optional()
    }
}

/// Goes on in a new reckoning if the clock has been set back. This reads every instance, once in a clock's life.
fn set_back(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<()> {
    let seen = transaction.query_row("SELECT max(seen) FROM stay", [], |row| row.get::<_, Option<i64>>(0))?;
    let setback = seen.map_or(0, |seen| seen - millis(now));
    if setback <= i64::try_from(SKEW_MAX.as_millis()).unwrap_or(i64::MAX) {
        return Ok(());
    }
    transaction.execute("UPDATE stay SET seen = ?1 WHERE seen > ?1", [millis(now)])?;
    transaction
        .execute("UPDATE instance SET due = max(due - ?1, 0) WHERE due <> 9223372036854775807", [setback])?;
    transaction
        .execute("UPDATE instance SET called = max(called - ?1, 0) WHERE called IS NOT NULL", [setback])?;
    Ok(())
}

/// Deletes the stays up to `epoch`, but for unclean ones. What they have seen the first one after them keeps.
fn forget_before(transaction: &Transaction<'_>, epoch: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE stay SET seen = (SELECT max(seen) FROM stay WHERE epoch <= ?1 + 1) WHERE epoch = ?1 + 1",
        [epoch],
    )?;
    transaction.execute("DELETE FROM stay WHERE epoch <= ?1 AND state <> 'unclean'", [epoch])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use saga_core::store::LeftBehind;

    use super::*;
    use crate::reader::Reading;
    use crate::schema;
    use crate::worker::Role;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn what_counts_of_stays_outlives_their_rows() {
        let connection = Connection::open_in_memory().unwrap();
        schema::create(&connection).unwrap();
        let mut writer = Writer::new(&connection).unwrap();
        let unclean = writer.join(at(5)).unwrap();
        let far_ahead = writer.join(at(9_000)).unwrap();
        writer.release(far_ahead).unwrap();
        let mut last = far_ahead;
        for _ in 0..STAYS_KEPT + 3 {
            last = writer.join(at(10)).unwrap();
            writer.release(last).unwrap();
        }
        let rows: i64 = connection.query_row("SELECT count(*) FROM stay", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, STAYS_KEPT + 1);
        let left = Reading::begin(&connection).unwrap().left_behind(last).unwrap();
        assert_eq!(left, LeftBehind { unclean: vec![unclean] });
        let seen: i64 = connection.query_row("SELECT max(seen) FROM stay", [], |row| row.get(0)).unwrap();
        assert_eq!(seen, 9_000);
    }
}

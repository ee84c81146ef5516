//! Stays of workers.
//!
//! One process has the file for itself, so there is nobody to take instances from a worker that lives: its lease
//! never passes, and the next stay to begin is the end of all before it.

use rusqlite::OptionalExtension;
use saga_core::id::Epoch;
use saga_core::time::Timestamp;

use super::Writer;
use crate::convert::{integer, millis};
use crate::schema::STAYS_KEPT;
use crate::worker::Failed;

impl Writer<'_> {
    pub(crate) fn join(&mut self, now: Timestamp) -> Result<Epoch, Failed> {
        self.transact(|_, transaction| {
            transaction.execute("UPDATE stay SET state = 'ended' WHERE state = 'live'", [])?;
            let epoch = transaction.query_row(
                "INSERT INTO stay (epoch, joined_at, state)
                 SELECT coalesce(max(epoch), 0) + 1, ?1, 'live' FROM stay
                 RETURNING epoch",
                [millis(now)],
                |row| row.get::<_, i64>(0),
            )?;
            transaction.execute("DELETE FROM stay WHERE epoch <= ?1", [epoch - STAYS_KEPT])?;
            Ok(Epoch::new(epoch.unsigned_abs()))
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

    /// Whether a stay has not ended.
    pub(crate) fn is_live(&mut self, epoch: Epoch) -> rusqlite::Result<bool> {
        let live = self
            .connection
            .query_row(
                "SELECT 1 FROM stay WHERE epoch = ?1 AND state = 'live'",
                [integer(epoch.get())],
                |_| Ok(()),
            )
            .optional()?;
        Ok(live.is_some())
    }
}

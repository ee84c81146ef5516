//! Deleting what has ended.

use rusqlite::{Connection, OptionalExtension};
use saga_core::id::InstanceId;

use super::Writer;
use crate::worker::Failed;

/// The highest number that was given to an instance, deleted ones too.
pub(super) fn last_number(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row(
        "SELECT max(last, (SELECT coalesce(max(number), 0) FROM instance)) FROM deleted",
        [],
        |row| row.get(0),
    )
}

/// An instance that has ended, with the words of the library, and is no child of one that is there.
const DELETABLE: &str = "SELECT number FROM instance
     WHERE id = ?1 AND state IN ('completed', 'compensated')
         AND NOT EXISTS (SELECT 1 FROM instance AS parent WHERE parent.id = instance.parent)";

impl Writer<'_> {
    /// Deletes what has ended and is no child of an instance that is there, and says how many there were.
    pub(crate) fn delete(&mut self, ids: &[InstanceId]) -> Result<usize, Failed> {
        self.transact(|writer, transaction| {
            let mut deletable = transaction.prepare(DELETABLE)?;
            let mut signals = transaction.prepare("DELETE FROM signal WHERE instance = ?1")?;
            let mut entries = transaction.prepare("DELETE FROM entry WHERE instance = ?1")?;
            let mut instance = transaction.prepare("DELETE FROM instance WHERE number = ?1")?;
            let (mut deleted, mut last) = (0, 0);
            for id in ids {
                let number = deletable.query_row([id.as_str()], |row| row.get::<_, i64>(0)).optional()?;
                let Some(number) = number else { continue };
                for delete in [&mut signals, &mut entries, &mut instance] {
                    delete.execute([number])?;
                }
                writer.numbers.forget(id);
                deleted += 1;
                last = last.max(number);
            }
            // Else the next instance would get the number of this one, once the store is opened anew.
            if deleted > 0 && last == writer.last {
                transaction.execute("UPDATE deleted SET last = ?1", [last])?;
            }
            Ok(deleted)
        })
    }
}

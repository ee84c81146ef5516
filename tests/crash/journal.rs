//! Looking into the journal while the program writes it, and after its death.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// A reader of a journal that may not be there yet.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    reader: Option<Reader>,
}

/// What was committed at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Committed {
    pub(crate) entries: u32,
    /// Orders that were started and have not come to their end.
    pub(crate) unfinished: u32,
}

#[derive(Debug)]
struct Reader {
    connection: Connection,
    /// The number that SQLite changes with each commit of others, and what was there then.
    last: Option<(i64, Committed)>,
}

impl Journal {
    /// The journal of the run in `db`.
    pub(crate) fn of(db: &Path) -> Self {
        Self { path: db.join("journal.db"), reader: None }
    }

    /// What is committed now; nothing as long as there is no journal.
    pub(crate) fn committed(&mut self) -> rusqlite::Result<Committed> {
        Ok(match self.reader()? {
            Some(reader) => reader.committed()?,
            None => Committed::default(),
        })
    }

    /// How many payments a kill has prevented: nothing was charged, as a check found out, and so the order was
    /// compensated.
    pub(crate) fn payments_void(&mut self) -> rusqlite::Result<u32> {
        let sql = "SELECT count(*) FROM entry WHERE events LIKE '%\"checked_void\"%'";
        self.reader()?.map_or(Ok(0), |reader| reader.connection.query_row(sql, [], |row| row.get(0)))
    }

    fn reader(&mut self) -> rusqlite::Result<Option<&mut Reader>> {
        if self.reader.is_none() && self.path.exists() {
            self.reader = Some(Reader::open(&self.path)?);
        }
        Ok(self.reader.as_mut())
    }
}

impl Reader {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // The last one to close a database moves the log into it. What the dead program left stays as it is.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(Self { connection, last: None })
    }

    /// Counts only where something was committed, so that looking again and again leaves the processor to the
    /// program.
    fn committed(&mut self) -> rusqlite::Result<Committed> {
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if let Some((seen, committed)) = self.last
            && seen == version
        {
            return Ok(committed);
        }
        let sql = "SELECT (SELECT count(*) FROM entry),
            (SELECT count(*) FROM instance WHERE state NOT IN ('completed', 'compensated'))";
        let committed = self
            .connection
            .query_row(sql, [], |row| Ok(Committed { entries: row.get(0)?, unfinished: row.get(1)? }))?;
        self.last = Some((version, committed));
        Ok(committed)
    }
}

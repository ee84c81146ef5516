//! Reading, on a connection of its own: no question waits for a commit.

use rusqlite::{Connection, OptionalExtension, Statement, Transaction, TransactionBehavior};
use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::{EncodedEntry, Head, codec};
use saga_core::store::{Defined, InUse, LeftBehind, Signal, StoreError, Stored};

use crate::connection::{self, Access};
use crate::convert;
use crate::convert::{DAMAGED, head_columns, integer};
use crate::files::Files;
use crate::worker::Role;

/// The role of the thread that reads.
pub(crate) enum Reading {}

impl Role for Reading {
    type Session<'c> = Reader<'c>;

    const NAME: &'static str = "sagas-read";

    fn connect(files: &Files) -> Result<Connection, StoreError> {
        connection::open(&files.database, Access::Read)
    }

    fn begin(connection: &Connection) -> rusqlite::Result<Reader<'_>> {
        Reader::new(connection)
    }
}

/// A connection for reading, with its statements.
pub(crate) struct Reader<'c> {
    connection: &'c Connection,
    head: Statement<'c>,
    entries: Statement<'c>,
    signals: Statement<'c>,
    defined: Statement<'c>,
}

impl<'c> Reader<'c> {
    fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            head: connection.prepare(concat!("SELECT ", head_columns!(), " FROM instance WHERE id = ?1"))?,
            entries: connection.prepare(
                "SELECT seq, epoch, at, format, events FROM entry WHERE instance = ?1 ORDER BY seq",
            )?,
            signals: connection
                .prepare("SELECT id, step, at, payload FROM signal WHERE instance = ?1 ORDER BY number")?,
            // An instance that is unfinished is in one of the three indexes.
            defined: connection.prepare(
                "SELECT steps,
                     EXISTS (
                         SELECT 1 FROM instance AS i INDEXED BY instance_ready
                         WHERE due IS NULL AND state IN ('running', 'compensating')
                             AND i.saga = saga.name AND i.version = saga.version AND i.shape = saga.shape)
                     OR EXISTS (
                         SELECT 1 FROM instance AS i INDEXED BY instance_due
                         WHERE due <> 9223372036854775807
                             AND state NOT IN ('completed', 'compensated', 'unreadable')
                             AND i.saga = saga.name AND i.version = saga.version AND i.shape = saga.shape)
                     OR EXISTS (
                         SELECT 1 FROM instance AS i INDEXED BY instance_stuck
                         WHERE (state IN ('parked', 'unreadable') OR due = 9223372036854775807)
                             AND i.saga = saga.name AND i.version = saga.version AND i.shape = saga.shape)
                 FROM saga WHERE name = ?1 AND version = ?2 ORDER BY rowid",
            )?,
        })
    }

    pub(crate) fn head(&mut self, id: &InstanceId) -> rusqlite::Result<Option<Head>> {
        Ok(self.numbered_head(id)?.map(|(_, head)| head))
    }

    /// The instances as they are at one moment.
    pub(crate) fn load(&mut self, ids: &[InstanceId]) -> rusqlite::Result<Vec<Option<Stored>>> {
        let moment = Transaction::new_unchecked(self.connection, TransactionBehavior::Deferred)?;
        let stored = ids.iter().map(|id| self.stored(id)).collect();
        moment.finish()?;
        stored
    }

    pub(crate) fn defined(&mut self, saga: &str, version: u32) -> rusqlite::Result<Vec<(Defined, InUse)>> {
        let defined = self.defined.query_map((saga, version), |row| {
            let steps: String = row.get(0)?;
            let shape = codec::decode_shape(&steps).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
            })?;
            let in_use = if row.get(1)? { InUse::Yes } else { InUse::No };
            Ok((Defined { saga: saga.to_owned(), version, shape }, in_use))
        })?;
        defined.collect()
    }

    /// What stays before `epoch` left behind. At most so many are unclean as may be remembered.
    pub(crate) fn left_behind(&mut self, epoch: Epoch) -> rusqlite::Result<LeftBehind> {
        let before = integer(epoch.get());
        let mut unclean = self
            .connection
            .prepare("SELECT epoch FROM stay WHERE state = 'unclean' AND epoch < ?1 ORDER BY epoch")?;
        let unclean = unclean.query_map([before], |row| convert::epoch(row, 0))?;
        Ok(LeftBehind { unclean: unclean.collect::<Result<_, _>>()? })
    }

    fn stored(&mut self, id: &InstanceId) -> rusqlite::Result<Option<Stored>> {
        let Some((number, head)) = self.numbered_head(id)? else { return Ok(None) };
        let mut entries =
            self.entries.query_map([number], convert::entry)?.collect::<Result<Vec<EncodedEntry>, _>>()?;
        let signals: Option<Vec<Signal>> =
            self.signals.query_map([number], convert::signal)?.collect::<rusqlite::Result<_>>()?;
        if signals.is_none() {
            // A signal that was acknowledged and cannot be read is not left out: nobody takes this for readable.
            entries.iter_mut().for_each(|entry| entry.format = DAMAGED);
        }
        Ok(Some(Stored { head, entries, signals: signals.unwrap_or_default() }))
    }

    fn numbered_head(&mut self, id: &InstanceId) -> rusqlite::Result<Option<(i64, Head)>> {
        self.head.query_row([id.as_str()], |row| Ok((row.get(0)?, convert::head(row, id)?))).optional()
    }
}

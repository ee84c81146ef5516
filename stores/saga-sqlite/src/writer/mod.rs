//! Writing batches, on the one connection that writes.

mod delete;
mod hand_out;
mod numbers;
mod signals;
mod stays;

use rusqlite::{Connection, OptionalExtension, Statement, Transaction, TransactionBehavior};
use saga_core::id::{Epoch, InstanceId, Seq};
use saga_core::journal::{EncodedEntry, Head, InstanceState, Progress, codec};
use saga_core::store::{Defined, Refusal, StoreError, Write};
use saga_core::time::Timestamp;

pub(crate) use self::hand_out::Claim;
use self::numbers::Numbers;
use self::signals::Signals;
use crate::connection::{self, Access};
use crate::convert::{integer, millis};
use crate::files::Files;
use crate::worker::{Failed, Role};

/// The role of the thread that writes.
pub(crate) enum Writing {}

impl Role for Writing {
    type Session<'c> = Writer<'c>;

    const NAME: &'static str = "sagas-write";

    fn connect(files: &Files) -> Result<Connection, StoreError> {
        let connection = connection::open(&files.database, Access::Write)?;
        connection::harden(&connection, &files.database)?;
        Ok(connection)
    }

    fn begin(connection: &Connection) -> rusqlite::Result<Writer<'_>> {
        Writer::new(connection)
    }
}

/// The connection that writes, with its statements.
pub(crate) struct Writer<'c> {
    connection: &'c Connection,
    create: Statement<'c>,
    first_entry: Statement<'c>,
    append: Statement<'c>,
    progress: Statement<'c>,
    mark: Statement<'c>,
    owner: Statement<'c>,
    wake: Statement<'c>,
    call: Statement<'c>,
    signals: Signals<'c>,
    numbers: Numbers,
    /// The highest number that was given to an instance.
    last: i64,
}

/// What a write came to: an error of SQLite fails the batch, a refusal this write alone.
type Written = rusqlite::Result<Result<(), Refusal>>;

impl<'c> Writer<'c> {
    fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            create: connection.prepare(
                "INSERT INTO instance (number, id, saga, version, shape, parent, created_at, epoch,
                     state, due, needs_attention, step, reason, attempts, since)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
                 ON CONFLICT (id) DO NOTHING",
            )?,
            first_entry: connection.prepare(
                "INSERT INTO entry (instance, seq, epoch, at, format, events) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            // As one row of values, whose instance is NULL and ignored where the conditions are not met. The same as
            // INSERT .. SELECT would count as many rows, for which SQLite copies each page it changes.
            append: connection.prepare(
                "INSERT OR IGNORE INTO entry (instance, seq, epoch, at, format, events) VALUES (
                     (SELECT number FROM instance
                      WHERE number = ?1 AND epoch = ?3
                          AND EXISTS (SELECT 1 FROM entry WHERE instance = ?1 AND seq = ?2 - 1)),
                     ?2, ?3, ?4, ?5, ?6)",
            )?,
            progress: connection.prepare(
                "UPDATE instance SET state = ?2, due = min(?3, ifnull(called, ?3)), needs_attention = ?4, step = ?5,
                     reason = ?6, attempts = ?7, since = ?8
                 WHERE number = ?1",
            )?,
            mark: connection.prepare(
                "UPDATE instance SET state = ?2, due = NULL, needs_attention = FALSE, step = NULL, reason = NULL,
                     attempts = 0, since = ?3
                 WHERE number = ?1 AND epoch = ?4",
            )?,
            owner: connection.prepare("SELECT number, epoch FROM instance WHERE id = ?1")?,
            wake: connection.prepare("UPDATE instance SET due = ?2 WHERE number = ?1 AND due > ?2")?,
            call: connection.prepare(
                "UPDATE instance SET called = ?2
                 WHERE number = ?1 AND (called IS NULL OR called > ?2)",
            )?,
            signals: Signals::new(connection)?,
            numbers: Numbers::default(),
            last: delete::last_number(connection)?,
        })
    }

    /// Writes a batch in one transaction.
    pub(crate) fn append(&mut self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, Failed> {
        self.transact(|writer, _| batch.iter().map(|write| writer.write(write)).collect())
    }

    pub(crate) fn define(&mut self, definition: &Defined) -> Result<(), Failed> {
        let steps = codec::encode_shape(&definition.shape)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        self.transact(|_, transaction| {
            transaction.execute(
                "INSERT INTO saga (name, version, shape, steps) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                (&definition.saga, definition.version, definition.shape_id().as_str(), steps),
            )?;
            Ok(())
        })
    }

    /// Does `work` in a transaction and commits it.
    ///
    /// The transaction writes from its beginning: one that only becomes so fails at once when another program has
    /// written in between, however long it would be ready to wait. An error before it has begun leaves everything
    /// as it was. After any other the statements and [`Numbers`] of this writer may tell of what was taken back, and
    /// the disk of what was not.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Self, &Transaction<'c>) -> rusqlite::Result<T>,
    ) -> Result<T, Failed> {
        let transaction = Transaction::new_unchecked(self.connection, TransactionBehavior::Immediate)?;
        let done = work(self, &transaction).and_then(|value| transaction.commit().map(|()| value));
        done.map_err(Failed::Writing)
    }

    fn write(&mut self, write: &Write) -> Written {
        match write {
            Write::Create { head, entry } => self.create(head, entry),
            Write::Append { id, entry, progress, wake } => {
                let appended = self.append_entry(id, entry, progress.as_ref())?;
                if let (Ok(()), Some(id)) = (appended, wake) {
                    self.wake(id, entry.at)?;
                }
                Ok(appended)
            }
            Write::Signal { id, signal } => self.signal(id, signal),
            Write::MarkUnreadable { id, epoch, at } => self.mark_unreadable(id, *epoch, *at),
        }
    }

    fn create(&mut self, head: &Head, entry: &EncodedEntry) -> Written {
        if entry.seq != Seq::FIRST {
            let taken = self.number(&head.id)?.is_some();
            return Ok(Err(if taken { Refusal::Exists } else { Refusal::Sequence }));
        }
        let progress = &head.progress;
        let number = self.last + 1;
        let created = self.create.execute(rusqlite::params![
            number,
            head.id.as_str(),
            &*head.saga,
            head.version,
            head.shape.as_str(),
            head.parent.as_ref().map(InstanceId::as_str),
            millis(head.created_at),
            integer(entry.epoch.get()),
            progress.state.as_str(),
            progress.due.map(millis),
            progress.needs_attention,
            progress.step.as_ref().map(|step| step.as_str()),
            progress.reason.map(|reason| reason.as_str()),
            progress.attempts,
            millis(progress.since),
        ])?;
        if created == 0 {
            return Ok(Err(Refusal::Exists));
        }
        self.last = number;
        self.first_entry.execute((
            number,
            integer(entry.seq.get()),
            integer(entry.epoch.get()),
            millis(entry.at),
            entry.format,
            &entry.events,
        ))?;
        self.numbers.keep(&head.id, number);
        Ok(Ok(()))
    }

    fn append_entry(
        &mut self,
        id: &InstanceId,
        entry: &EncodedEntry,
        progress: Option<&Progress>,
    ) -> Written {
        let Some(number) = self.number(id)? else { return Ok(Err(Refusal::NotFound)) };
        let appended = self.append.execute((
            number,
            integer(entry.seq.get()),
            integer(entry.epoch.get()),
            millis(entry.at),
            entry.format,
            &entry.events,
        ))?;
        if appended == 0 {
            return Ok(Err(self.why(id, entry.epoch)?));
        }
        if let Some(progress) = progress {
            self.set_progress(number, progress)?;
            if progress.state.is_terminal() {
                self.numbers.forget(id);
            }
        }
        Ok(Ok(()))
    }

    fn mark_unreadable(&mut self, id: &InstanceId, epoch: Epoch, at: Timestamp) -> Written {
        let Some(number) = self.number(id)? else { return Ok(Err(Refusal::NotFound)) };
        let state = InstanceState::Unreadable.as_str();
        match self.mark.execute((number, state, millis(at), integer(epoch.get())))? {
            0 => Ok(Err(self.why(id, epoch)?)),
            _ => Ok(Ok(())),
        }
    }

    /// Makes an instance due at `at`, if it is there and waits for longer, or once it does.
    fn wake(&mut self, id: &InstanceId, at: Timestamp) -> rusqlite::Result<()> {
        if let Some(number) = self.number(id)? {
            self.wake.execute((number, millis(at)))?;
            // Who drives it may be about to let it wait.
            self.call.execute((number, millis(at)))?;
        }
        Ok(())
    }

    fn set_progress(&mut self, number: i64, progress: &Progress) -> rusqlite::Result<()> {
        self.progress.execute((
            number,
            progress.state.as_str(),
            progress.due.map(millis),
            progress.needs_attention,
            progress.step.as_ref().map(|step| step.as_str()),
            progress.reason.map(|reason| reason.as_str()),
            progress.attempts,
            millis(progress.since),
        ))?;
        Ok(())
    }

    /// Why a write of `epoch` to an instance changed nothing.
    fn why(&mut self, id: &InstanceId, epoch: Epoch) -> rusqlite::Result<Refusal> {
        Ok(match self.owner(id)? {
            None => Refusal::NotFound,
            Some((_, owner)) if owner != integer(epoch.get()) => Refusal::Fenced,
            Some(_) => Refusal::Sequence,
        })
    }

    /// The number of an instance.
    fn number(&mut self, id: &InstanceId) -> rusqlite::Result<Option<i64>> {
        if let Some(number) = self.numbers.of(id) {
            return Ok(Some(number));
        }
        let number = self.owner(id)?.map(|(number, _)| number);
        if let Some(number) = number {
            self.numbers.keep(id, number);
        }
        Ok(number)
    }

    /// The number of an instance, and the epoch it belongs to.
    fn owner(&mut self, id: &InstanceId) -> rusqlite::Result<Option<(i64, i64)>> {
        self.owner.query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }
}

#[cfg(test)]
impl Writer<'_> {
    /// Fails at once where another program has a lock.
    pub(crate) fn do_not_wait(&mut self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(std::time::Duration::ZERO)
    }

    /// Lets the disk be full.
    pub(crate) fn limit_pages(&mut self, pages: i64) -> rusqlite::Result<()> {
        self.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
    }
}

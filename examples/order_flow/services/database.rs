//! A service's database: one SQLite file, and one thread that makes its transactions.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sagas::prelude::*;
use tokio::sync::oneshot;

/// The most calls that share a transaction, so that the first is not kept waiting for an endless queue.
const BATCH_CALLS_MAX: usize = 256;

/// A service could not do what it was asked for, for reasons of its own.
#[derive(Debug, thiserror::Error, Fault)]
pub(crate) enum ServiceError {
    /// The call did not reach it.
    #[error("the service has stopped")]
    #[fault(not_done)]
    Stopped,
    /// The call reached it, and no answer came.
    #[error("the service did not answer")]
    #[fault(in_doubt)]
    NoAnswer,
    /// The call's changes were taken out of the transaction again.
    #[error("the service's database failed: {0}")]
    #[fault(not_done)]
    Failed(#[source] rusqlite::Error),
}

/// A database file that calls are made on, one after the other.
///
/// Calls that wait at the same time share a transaction, and all are answered when it is committed. With
/// `synchronous=FULL` an answered call is on disk, whatever happens to the process or the machine.
#[derive(Debug)]
pub(crate) struct Database {
    calls: Sender<Call>,
}

/// A call: what it does to the database, and how to answer it once that is durable.
type Call = Box<dyn FnOnce(&Connection) -> Answer + Send>;
/// Sends the answer, or that there is none because the commit failed.
type Answer = Box<dyn FnOnce(Result<(), ()>) + Send>;

impl Database {
    /// Opens the database in `path`. If it is new, `prepare` makes its tables and fills them, in one
    /// transaction: a process that dies meanwhile leaves an empty file, that the next one prepares.
    pub(crate) fn open(
        path: &Path,
        prepare: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? == 0 {
            super::barrier::prepare(&transaction)?;
            prepare(&transaction)?;
            transaction.pragma_update(None, "user_version", 1)?;
        }
        transaction.commit()?;

        let (calls, queue) = mpsc::channel();
        thread::spawn(move || serve(connection, &queue));
        Ok(Self { calls })
    }

    /// Does `work` in a transaction, and answers what it returns once that is durable. If it returns an error,
    /// nothing of it is kept.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let (sender, answer) = oneshot::channel();
        let call: Call = Box::new(move |connection| {
            let result = in_savepoint(connection, work).map_err(ServiceError::Failed);
            Box::new(move |committed| {
                let result = match committed {
                    Ok(()) => result,
                    Err(()) => Err(ServiceError::NoAnswer),
                };
                // A caller that has gone away finds the answer under its key when it calls again.
                drop(sender.send(result));
            })
        });
        self.calls.send(call).map_err(|_| ServiceError::Stopped)?;
        answer.await.unwrap_or(Err(ServiceError::NoAnswer))
    }
}

/// Makes the calls of `queue` until the last [`Database`] that could send one is gone.
fn serve(mut connection: Connection, queue: &Receiver<Call>) {
    while let Ok(first) = queue.recv() {
        // Calls that are dropped here unanswered are in doubt for their callers.
        let Ok(transaction) = connection.transaction_with_behavior(TransactionBehavior::Immediate) else {
            continue;
        };
        let answers = batch(&transaction, first, queue);
        let committed = transaction.commit().map_err(drop);
        for answer in answers {
            answer(committed);
        }
    }
}

fn batch(transaction: &Transaction<'_>, first: Call, queue: &Receiver<Call>) -> Vec<Answer> {
    let mut answers = vec![first(transaction)];
    while answers.len() < BATCH_CALLS_MAX
        && let Ok(call) = queue.try_recv()
    {
        answers.push(call(transaction));
    }
    answers
}

/// Does `work` so that its failure leaves the other calls of the transaction as they are.
fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT call")?;
    let result = work(connection);
    let end = if result.is_ok() { "RELEASE call" } else { "ROLLBACK TO call; RELEASE call" };
    connection.execute_batch(end)?;
    result
}

//! A thread that owns a connection, and does what it is asked to, in order.

use std::path::Path;
use std::thread;

use rusqlite::Connection;
use saga_core::store::{StoreError, StoreErrorKind};
use tokio::sync::{mpsc, oneshot};

use crate::error;
use crate::files::Files;

/// How many requests wait for a thread before those that ask wait too. The orchestrator has one batch under way
/// at a time, and a few other questions.
const REQUESTS_MAX: usize = 64;

/// What a thread uses its connection for.
pub(crate) trait Role: 'static {
    /// The connection with its prepared statements.
    type Session<'c>;

    /// The name of the thread.
    const NAME: &'static str;

    /// Whether nothing more is done after an error until the store is opened anew: after a failed write it is not
    /// known what is on the disk.
    const STOPS_AT_ERROR: bool;

    fn connect(files: &Files) -> Result<Connection, StoreError>;

    fn begin(connection: &Connection) -> rusqlite::Result<Self::Session<'_>>;
}

/// The handle to a thread. The thread ends when this is dropped, after what was asked of it.
pub(crate) struct Worker<R: Role> {
    requests: mpsc::Sender<Request<R>>,
}

enum Request<R: Role> {
    Job(Job<R>),
    Disconnect(oneshot::Sender<()>),
    Connect(Opener),
    Stop,
}

/// Runs with the session, or with the reason why there is none. Answers with the error to stop at, if any.
type Job<R> = Box<
    dyn for<'a, 'c> FnOnce(Result<&'a mut <R as Role>::Session<'c>, &'a Broken>) -> Option<Broken> + Send,
>;

/// Why a thread has no connection.
struct Broken {
    kind: StoreErrorKind,
    message: String,
}

impl Broken {
    fn at(error: &StoreError) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }

    fn error(&self) -> StoreError {
        StoreError::new(self.kind, format!("the store must be opened anew: {}", self.message))
    }
}

impl<R: Role> Worker<R> {
    /// Opens a connection and starts a thread that owns it, and that keeps the lock of `files` as long as it
    /// lives.
    pub(crate) fn spawn(files: Files) -> Result<Self, StoreError> {
        let connection = R::connect(&files)?;
        // A table that is missing shows here, not at the first use.
        drop(begin::<R>(&files, &connection)?);
        let database = files.database.clone();
        let (requests, mut received) = mpsc::channel(REQUESTS_MAX);
        let serve = move || {
            serve::<R>(&files, connection, &mut received);
            // Who waits for the end of `received` may open the database again at once.
            drop(files);
            drop(received);
        };
        thread::Builder::new()
            .name(R::NAME.into())
            .spawn(serve)
            .map_err(|error| error::io(&database, "starting a thread for", error))?;
        Ok(Self { requests })
    }

    /// Does `job` in the thread. `None` if the thread has ended.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        database: &Path,
        doing: &'static str,
        job: impl for<'a, 'c> FnOnce(&'a mut R::Session<'c>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Option<Result<T, StoreError>> {
        let (answer, answered) = oneshot::channel();
        let database = database.to_owned();
        let job: Job<R> = Box::new(move |session| {
            let result = match session {
                Ok(session) => job(session).map_err(|error| error::sqlite(&database, doing, error)),
                Err(broken) => Err(broken.error()),
            };
            let broken = result.as_ref().err().map(Broken::at);
            // Nobody need wait for the answer: a write is made all the same.
            let _ = answer.send(result);
            broken
        });
        self.requests.send(Request::Job(job)).await.ok()?;
        answered.await.ok()
    }

    /// Closes the connection; the thread goes on.
    pub(crate) async fn disconnect(&self) -> Option<()> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Disconnect(answer)).await.ok()?;
        answered.await.ok()
    }

    /// Opens the connection anew.
    pub(crate) async fn connect(&self) -> Option<Result<(), StoreError>> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Connect(answer)).await.ok()?;
        answered.await.ok()
    }

    /// Ends the thread after what was asked before, and returns when it holds nothing any more.
    pub(crate) async fn stop(&self) {
        // Where the thread has ended already there is nobody to tell.
        let _ = self.requests.send(Request::Stop).await;
        self.requests.closed().await;
    }
}

/// Why a thread stops using its connection.
enum End {
    Failed(Broken),
    Disconnect(oneshot::Sender<()>),
    Stop,
}

/// Who waits for a connection to be usable.
type Opener = oneshot::Sender<Result<(), StoreError>>;

fn serve<R: Role>(files: &Files, first: Connection, requests: &mut mpsc::Receiver<Request<R>>) {
    let mut connection = first;
    let mut opener = None;
    loop {
        let end = work::<R>(files, &connection, opener.take(), requests);
        drop(connection);
        let broken = match end {
            End::Failed(broken) => broken,
            End::Disconnect(answer) => {
                // Who asked may have gone; the connection is closed all the same.
                let _ = answer.send(());
                Broken { kind: StoreErrorKind::Io, message: String::from("it is being opened") }
            }
            End::Stop => return,
        };
        match wait::<R>(files, &broken, requests) {
            Some((opened, waiting)) => (connection, opener) = (opened, Some(waiting)),
            None => return,
        }
    }
}

/// Does what is asked with a connection.
fn work<R: Role>(
    files: &Files,
    connection: &Connection,
    opener: Option<Opener>,
    requests: &mut mpsc::Receiver<Request<R>>,
) -> End {
    let mut session = match begin::<R>(files, connection) {
        Ok(session) => session,
        Err(error) => {
            let broken = Broken::at(&error);
            answer(opener, Err(error));
            return End::Failed(broken);
        }
    };
    answer(opener, Ok(()));
    while let Some(request) = requests.blocking_recv() {
        match request {
            Request::Job(job) => match job(Ok(&mut session)) {
                Some(broken) if R::STOPS_AT_ERROR => return End::Failed(broken),
                Some(_) | None => {}
            },
            Request::Disconnect(answer) => return End::Disconnect(answer),
            Request::Connect(opener) => answer(Some(opener), Ok(())),
            Request::Stop => return End::Stop,
        }
    }
    End::Stop
}

/// Refuses what is asked until there is a connection again. `None` if the thread is to end.
fn wait<R: Role>(
    files: &Files,
    broken: &Broken,
    requests: &mut mpsc::Receiver<Request<R>>,
) -> Option<(Connection, Opener)> {
    while let Some(request) = requests.blocking_recv() {
        match request {
            Request::Job(job) => drop(job(Err(broken))),
            Request::Disconnect(answer) => drop(answer.send(())),
            Request::Connect(opener) => match R::connect(files) {
                Ok(connection) => return Some((connection, opener)),
                Err(error) => answer(Some(opener), Err(error)),
            },
            Request::Stop => return None,
        }
    }
    None
}

fn begin<'c, R: Role>(files: &Files, connection: &'c Connection) -> Result<R::Session<'c>, StoreError> {
    R::begin(connection).map_err(|error| error::sqlite(&files.database, "reading", error))
}

/// Answers who waits, if anybody still does.
fn answer(opener: Option<Opener>, result: Result<(), StoreError>) {
    if let Some(opener) = opener {
        let _ = opener.send(result);
    }
}

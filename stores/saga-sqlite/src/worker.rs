//! A thread that owns a connection, and does what it is asked to, in order.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

    fn connect(files: &Files) -> Result<Connection, StoreError>;

    fn begin(connection: &Connection) -> rusqlite::Result<Self::Session<'_>>;
}

/// How a job failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It changed nothing, and the next job may succeed: another program has a lock, or a page is damaged.
    Harmlessly(rusqlite::Error),
    /// It was writing, and it is not known what is on the disk: nothing more is done until the store is opened
    /// anew.
    Writing(rusqlite::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Harmlessly(error)
    }
}

/// The handle to a thread. The thread ends when this is dropped, after what was asked of it.
pub(crate) struct Worker<R: Role> {
    requests: mpsc::Sender<Request<R>>,
    /// Whether nothing has failed on its connection but the wait for a lock.
    sound: Arc<AtomicBool>,
}

enum Request<R: Role> {
    Job(Job<R>),
    Disconnect(oneshot::Sender<()>),
    Connect(Opener),
    Stop,
}

/// Runs with the session, or with the reason why there is none. Returns the error to stop at, if any.
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

    fn error(&self, database: &Path) -> StoreError {
        let message = format!("{} must be opened anew: {}", database.display(), self.message);
        StoreError::new(self.kind, message)
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
        let (requests, received) = mpsc::channel(REQUESTS_MAX);
        let sound = Arc::new(AtomicBool::new(false));
        let mut server = Server { files, requests: received, sound: Arc::clone(&sound) };
        let serve = move || {
            server.serve(connection);
            let Server { files, requests, sound: _ } = server;
            // Who waits for the end of `requests` may open the database again at once.
            drop(files);
            drop(requests);
        };
        thread::Builder::new()
            .name(R::NAME.into())
            .spawn(serve)
            .map_err(|error| error::io(&database, "starting a thread for", error))?;
        Ok(Self { requests, sound })
    }

    /// Does `job` in the thread. `None` if the thread has ended.
    pub(crate) async fn run<T: Send + 'static, E: Into<Failed>>(
        &self,
        database: &Path,
        doing: &'static str,
        job: impl for<'a, 'c> FnOnce(&'a mut R::Session<'c>) -> Result<T, E> + Send + 'static,
    ) -> Option<Result<T, StoreError>> {
        let (answer, answered) = oneshot::channel();
        let database = database.to_owned();
        let sound = Arc::clone(&self.sound);
        let job: Job<R> = Box::new(move |session| {
            let (result, stop) = match session.map(|session| job(session).map_err(Into::into)) {
                Ok(Ok(value)) => (Ok(value), None),
                Ok(Err(Failed::Harmlessly(error))) => {
                    let error = error::sqlite(&database, doing, error);
                    if error.kind() != StoreErrorKind::Locked {
                        sound.store(false, Ordering::Release);
                    }
                    (Err(error), None)
                }
                Ok(Err(Failed::Writing(error))) => {
                    let error = error::sqlite(&database, doing, error);
                    sound.store(false, Ordering::Release);
                    let broken = Broken::at(&error);
                    (Err(error), Some(broken))
                }
                Err(broken) => (Err(broken.error(&database)), None),
            };
            // Nobody need wait for the answer: a write is made all the same.
            let _ = answer.send(result);
            stop
        });
        self.requests.send(Request::Job(job)).await.ok()?;
        answered.await.ok()
    }

    /// Whether nothing has failed but the wait for a lock since the connection was opened. Whoever got the error of
    /// a job sees it here.
    pub(crate) fn is_sound(&self) -> bool {
        self.sound.load(Ordering::Acquire)
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

/// What a thread has.
struct Server<R: Role> {
    files: Files,
    requests: mpsc::Receiver<Request<R>>,
    sound: Arc<AtomicBool>,
}

impl<R: Role> Server<R> {
    /// Does what is asked, beginning with `connection`, until the thread is to end.
    fn serve(&mut self, mut connection: Connection) {
        let mut opener = None;
        loop {
            let end = self.work(&connection, opener.take());
            drop(connection);
            let broken = match end {
                End::Failed(broken) => broken,
                End::Disconnect(answer) => {
                    self.sound.store(false, Ordering::Release);
                    // Who asked may have gone; the connection is closed all the same.
                    let _ = answer.send(());
                    Broken { kind: StoreErrorKind::Io, message: String::from("it was closed for that") }
                }
                End::Stop => return,
            };
            match self.wait(&broken) {
                Some((opened, waiting)) => (connection, opener) = (opened, Some(waiting)),
                None => return,
            }
        }
    }

    /// Does what is asked with a connection.
    fn work(&mut self, connection: &Connection, opener: Option<Opener>) -> End {
        let mut session = match begin::<R>(&self.files, connection) {
            Ok(session) => session,
            Err(error) => {
                let broken = Broken::at(&error);
                answer(opener, Err(error));
                return End::Failed(broken);
            }
        };
        self.sound.store(true, Ordering::Release);
        answer(opener, Ok(()));
        while let Some(request) = self.requests.blocking_recv() {
            match request {
                Request::Job(job) => {
                    if let Some(broken) = job(Ok(&mut session)) {
                        return End::Failed(broken);
                    }
                }
                Request::Disconnect(answer) => return End::Disconnect(answer),
                Request::Connect(opener) => answer(Some(opener), Ok(())),
                Request::Stop => return End::Stop,
            }
        }
        End::Stop
    }

    /// Refuses what is asked until there is a connection again. `None` if the thread is to end.
    fn wait(&mut self, broken: &Broken) -> Option<(Connection, Opener)> {
        while let Some(request) = self.requests.blocking_recv() {
            match request {
                Request::Job(job) => drop(job(Err(broken))),
                Request::Disconnect(answer) => drop(answer.send(())),
                Request::Connect(opener) => match R::connect(&self.files) {
                    Ok(connection) => return Some((connection, opener)),
                    Err(error) => answer(Some(opener), Err(error)),
                },
                Request::Stop => return None,
            }
        }
        None
    }
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

//! What the library says of instances in logs and errors, and that payloads are not in it.

use std::collections::HashMap;
use std::error::Error as _;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sagas::Error;
use sagas::prelude::*;
use serde::{Deserialize, Serialize};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::data::Data;
use crate::support::retry;

/// What inputs hold, and what outputs do.
const SECRETS: [&str; 2] = ["secret-of-the-input", "secret-of-the-output"];

/// What the saga itself says in its errors.
const TOLD: &str = "secret-of-the-error";

/// Collects everything that is traced, with all fields.
#[derive(Clone, Default)]
struct Collector {
    lines: Arc<Mutex<Vec<String>>>,
    next: Arc<AtomicU64>,
}

impl Collector {
    fn add(&self, metadata: &Metadata<'_>, fields: impl FnOnce(&mut Line)) {
        if !metadata.target().starts_with("saga") {
            return;
        }
        let mut line = Line(format!("{} {}", metadata.level(), metadata.name()));
        fields(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        write!(self.0, " {field}={value} {value:?}").unwrap();
    }
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.add(span.metadata(), |line| span.record(line));
        Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line("record".to_owned());
        values.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.add(event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What the saga below is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Letter {
    text: String,
    then: Then,
    #[serde(default)]
    map: Option<Map>,
}

/// JSON cannot hold it.
type Map = Vec<HashMap<(String, u8), u8>>;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Then {
    Succeed,
    Refuse,
    Panic,
    TooLarge,
    Hang,
    Park,
}

fn letter(then: Then) -> Letter {
    Letter { text: SECRETS[0].to_owned(), then, map: None }
}

macro_rules! post {
    ($module:ident, $output:ty, $make:expr) => {
        mod $module {
            use super::{Letter, SECRETS, TOLD, Then};
            use sagas::prelude::*;

            pub(super) struct Post;

            #[saga(name = "post")]
            impl Post {
                #[step(compensate = cancel, idempotent, retry(attempts = 2, initial = "10ms"))]
                async fn stamp(&self, input: &Letter) -> Result<$output, StepError> {
                    let make: fn(&Letter) -> $output = $make;
                    Ok(make(input))
                }
                async fn cancel(&self, stamp: &$output, failure: &Failure) -> Result<(), StepError> {
                    let _ = (stamp, failure);
                    Ok(())
                }

                #[step(compensate = take_back, timeout = "1s")]
                async fn send(&self, input: &Letter, stamp: &$output) -> Result<String, StepError> {
                    let _ = stamp;
                    match input.then {
                        Then::Refuse => Err(StepError::rejected(format!("no such address: {TOLD}"))),
                        Then::Panic => std::panic::resume_unwind(Box::new(input.clone())),
                        Then::TooLarge => Ok(SECRETS[1].repeat(100_000)),
                        Then::Hang => std::future::pending().await,
                        Then::Succeed | Then::Park => Ok(SECRETS[1].to_owned()),
                    }
                }
                async fn take_back(&self) -> Result<(), StepError> {
                    Ok(())
                }

                #[step(pivot, in_doubt = park)]
                async fn deliver(&self, input: &Letter, send: &str) -> Result<String, StepError> {
                    match input.then {
                        Then::Park => Err(StepError::in_doubt(format!("nobody answered: {TOLD}"))),
                        _ => Ok(send.to_owned()),
                    }
                }
            }
        }
    };
}

post!(first, String, |letter| format!("{} {}", SECRETS[1], letter.text));
post!(second, u32, |letter| u32::try_from(letter.text.len()).unwrap());

/// All that an error says, with all its causes.
fn said(error: &Error) -> String {
    let mut said = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(said, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    said
}

/// Everything that the library says while instances of all kinds run, fail, park and cannot be read.
async fn say_everything() -> Vec<String> {
    let mut errors = Vec::new();
    let data = Data::memory();
    let builder = Orchestrator::builder(data.open()).register(first::Post).shutdown_grace(Duration::ZERO);
    let orchestrator = builder.build().await.unwrap();
    let kinds = [Then::Succeed, Then::Refuse, Then::Panic, Then::TooLarge, Then::Hang, Then::Park];
    for (number, then) in kinds.into_iter().enumerate() {
        let id = format!("letter-{number}");
        let handle = orchestrator.start::<first::Post>(id.as_str(), letter(then)).await.unwrap();
        match handle.outcome().await.unwrap() {
            Outcome::Completed(_) => {}
            Outcome::Compensated(failure) => errors.push(format!("{failure} {failure:?}")),
            Outcome::Parked(parked) => errors.push(format!("{parked} {parked:?}")),
        }
        errors.push(format!("{handle:?} {:?}", handle.status().await.unwrap()));
        let other = Letter { text: format!("{} other", SECRETS[0]), ..letter(then) };
        errors.push(said(&orchestrator.start::<first::Post>(id, other).await.unwrap_err()));
    }
    let large = Letter { text: SECRETS[0].repeat(100_000), ..letter(Then::Succeed) };
    errors.push(said(&orchestrator.start::<first::Post>("large", large).await.unwrap_err()));
    let map = vec![HashMap::from([((SECRETS[0].to_owned(), 1), 2)])];
    let mapped = Letter { map: Some(map), ..letter(Then::Succeed) };
    errors.push(said(&orchestrator.start::<first::Post>("mapped", mapped).await.unwrap_err()));
    errors.push(format!("{orchestrator:?}"));
    orchestrator.start::<first::Post>("cut-off", letter(Then::Hang)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    orchestrator.shutdown().await;

    // Today's type is another one: the stored values cannot be read.
    let orchestrator = Orchestrator::builder(data.open()).register(second::Post).build().await.unwrap();
    let handle = orchestrator.handle::<second::Post>("cut-off");
    match handle.outcome().await.unwrap() {
        Outcome::Parked(parked) => {
            assert_eq!(parked.reason, ParkReason::Decode);
            errors.push(format!("{parked} {parked:?}"));
        }
        other => panic!("{other:?}"),
    }
    orchestrator.resolve("letter-5", retry()).await.unwrap();
    orchestrator.shutdown().await;

    // Nothing of an entry can be read.
    let store = data.open();
    store.plan().on_load(|stored| {
        for entry in &mut stored.entries {
            entry.events.insert_str(1, SECRETS[1]);
        }
    });
    let orchestrator = Orchestrator::builder(store).register(second::Post).build().await.unwrap();
    let handle = orchestrator.handle::<second::Post>("letter-0");
    errors.push(said(&handle.status().await.unwrap_err()));
    errors.push(said(&handle.outcome().await.unwrap_err()));
    orchestrator.shutdown().await;
    errors
}

#[test]
fn i27_payloads_are_in_no_log_and_no_error() {
    let collector = Collector::default();
    // While there is only one subscriber, a place in the code that another test's thread comes to first is
    // remembered as one that nobody listens to.
    let _second = tracing::Dispatch::new(Collector::default());
    let errors = tracing::subscriber::with_default(collector.clone(), || {
        Data::memory().runtime().block_on(crate::support::soon(say_everything()))
    });
    let lines = collector.lines();
    for said in lines.iter().chain(&errors) {
        for secret in SECRETS {
            assert!(!said.contains(secret), "{said}");
        }
    }
    assert!(errors.iter().any(|error| error.contains(TOLD)), "what the saga says is told to who asks");
    assert!(!lines.iter().any(|line| line.contains(TOLD)), "and not logged");
    // What is there to be seen is seen.
    for expected in [
        "INFO saga saga=post id=letter-0 version=1",
        "INFO step saga=post id=letter-0 step=stamp attempt=1",
        "INFO compensation saga=post id=letter-1 step=stamp attempt=1",
        "cannot be read",
    ] {
        assert!(
            lines.iter().chain(&errors).any(|line| line.contains(expected)),
            "{expected} is not in {lines:#?}"
        );
    }
}

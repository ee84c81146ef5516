//! One instance of a hundred takes the process with it, again and again. It is found and parked, and its neighbours
//! are not blamed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sagas::prelude::*;
use sagas::{Resolution, StepState};
use tempfile::TempDir;

/// Where the process that is to die finds its journal. It is this program, run again.
const JOURNAL: &str = "SAGAS_TEST_POISON";

const PARCELS: usize = 100;
const POISONED: usize = 37;

/// Halving a hundred comes to one after seven further ends, and three are counted; one or two more if an end comes
/// before the entry that shows who was alone.
const LIVES_MAX: usize = 14;

#[derive(Debug, Clone, Copy)]
struct Parcel {
    is_poisoned: bool,
}

#[saga(name = "parcel")]
impl Parcel {
    #[step(compensate = unpack, idempotent, retry(attempts = 3, initial = "10ms"))]
    async fn pack(&self, input: &usize) -> Result<usize, StepError> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if self.is_poisoned && *input == POISONED {
            // By now the others are running too.
            std::process::abort();
        }
        Ok(*input)
    }
    async fn unpack(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(compensate = call_back, idempotent)]
    async fn send(&self, pack: &usize) -> Result<usize, StepError> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(*pack)
    }
    async fn call_back(&self) -> Result<(), StepError> {
        Ok(())
    }
}

async fn open(journal: &Path, is_poisoned: bool) -> Orchestrator {
    let store = SqliteStore::open(journal).unwrap();
    Orchestrator::builder(store).register(Parcel { is_poisoned }).build().await.unwrap()
}

fn id(parcel: usize) -> String {
    format!("parcel-{parcel}")
}

/// One life: all parcels are started, unless they were, and driven until each has ended or is parked.
async fn live(journal: &Path, is_poisoned: bool) -> BTreeMap<usize, Outcome<Parcel>> {
    let orchestrator = open(journal, is_poisoned).await;
    let mut handles = Vec::new();
    for parcel in 0..PARCELS {
        handles.push(orchestrator.start::<Parcel>(id(parcel), parcel).await.unwrap());
    }
    let mut outcomes = BTreeMap::new();
    for (parcel, handle) in handles.iter().enumerate() {
        outcomes.insert(parcel, handle.outcome().await.unwrap());
    }
    orchestrator.shutdown().await;
    outcomes
}

/// Does nothing where it is not the process that is to die.
#[test]
fn a_life_of_the_poisoned_process() {
    let Some(journal) = std::env::var_os(JOURNAL) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(live(Path::new(&journal), true));
}

/// Whether the process came to its end.
fn live_in_a_process(journal: &Path) -> bool {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "poison::a_life_of_the_poisoned_process"]).env(JOURNAL, journal);
    process.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// The ids of those that the journal blames for a death.
fn blamed(journal: &Path) -> Vec<String> {
    let journal = Connection::open_with_flags(journal, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut blamed = journal
        .prepare("SELECT id FROM journal WHERE events LIKE '%\"loss\":\"alone\"%' ORDER BY seq")
        .unwrap();
    blamed.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_one_that_takes_the_process_with_it_is_parked_and_no_neighbour_is_blamed() {
    let folder = TempDir::new().unwrap();
    let journal = folder.path().join("sagas.db");
    let lives = (1..=LIVES_MAX).find(|_| live_in_a_process(&journal));
    assert!(lives.is_some_and(|lives| lives > 3), "it got through in life {lives:?}");
    assert_eq!(blamed(&journal), vec![id(POISONED); 3]);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for (parcel, outcome) in live(&journal, false).await {
            match outcome {
                Outcome::Completed(done) => assert_eq!(done, parcel),
                Outcome::Parked(parked) if parcel == POISONED => {
                    assert_eq!((parked.step, parked.reason), (ParcelStep::Pack, ParkReason::CrashLoop));
                }
                other => panic!("parcel {parcel}: {other:?}"),
            }
        }
        // The next deployment does not die of it.
        let orchestrator = open(&journal, false).await;
        let retry = Resolution::Retry { note: "mended".to_owned() };
        orchestrator.resolve(id(POISONED), retry).await.unwrap();
        let poisoned = orchestrator.handle::<Parcel>(id(POISONED));
        assert_eq!(poisoned.outcome().await.unwrap(), Outcome::Completed(POISONED));
        let status = poisoned.status().await.unwrap();
        assert!(status.steps.iter().all(|step| step.state == StepState::Succeeded), "{status:?}");
        orchestrator.shutdown().await;
    });
}

//! Going through many seeds, on all cores.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::run::{Report, Tell, run as run_seed};
use super::world::{Counts, Flaws};
use crate::table::{Found, Row};

/// How many seeds are run if nothing is said.
const SEEDS: u64 = 500_000;

/// The longest that a run may take, of real time. Most take a few milliseconds.
const RUN_MAX: Duration = Duration::from_secs(60);

/// How often they are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many violations are kept as text.
const KEPT_MAX: usize = 20;

/// What to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// The first seed.
    pub(crate) from: u64,
    /// How many.
    pub(crate) seeds: Option<u64>,
    /// Only this one, which is shown whatever it is.
    pub(crate) seed: Option<u64>,
}

/// What was found.
#[derive(Debug, Default)]
struct Tally {
    runs: u64,
    prints: HashSet<u64>,
    counts: Counts,
    violations: Vec<(u64, String)>,
    broken: u64,
}

impl Tally {
    fn add(&mut self, report: Report) {
        self.runs += 1;
        self.prints.insert(report.timeless);
        report.counts.into_iter().for_each(|(what, count)| *self.counts.entry(what).or_default() += count);
        if !report.broken.is_empty() {
            self.broken += 1;
            self.violations.extend(report.text.map(|text| (report.seed, text)));
            self.violations.sort();
            self.violations.truncate(KEPT_MAX);
        }
    }

    fn merge(&mut self, other: Self) {
        self.runs += other.runs;
        self.broken += other.broken;
        self.prints.extend(other.prints);
        other.counts.into_iter().for_each(|(what, count)| *self.counts.entry(what).or_default() += count);
        self.violations.extend(other.violations);
        self.violations.sort();
        self.violations.truncate(KEPT_MAX);
    }

    /// How many faults there were.
    fn faults(&self) -> u64 {
        let is_fault = |what: &str| {
            let is_well = matches!(
                what,
                "call: well" | "call: slow" | "store: refuses" | "store: slow" | "store: slow after"
            );
            let is_of = ["call: ", "store: ", "process ", "clock ", "method: "]
                .iter()
                .any(|kind| what.starts_with(kind));
            is_of && !is_well
        };
        self.counts.iter().filter(|(what, _)| is_fault(what)).map(|(_, count)| count).sum()
    }
}

/// Runs everything that is chosen.
pub(crate) fn run(choice: &Choice) -> Found {
    let began = Instant::now();
    let tally = match choice.seed {
        Some(seed) => {
            let report = run_seed(seed, Flaws::NONE, Tell::Always);
            if let Some(text) = &report.text {
                println!("{text}");
            }
            println!("  the name of this history is {:016x}", report.whole);
            let mut tally = Tally::default();
            tally.add(report);
            tally.violations.clear();
            tally
        }
        None => go_through(choice.from, choice.seeds.unwrap_or(SEEDS)),
    };
    let cases = tally.prints.len() as u64;
    let row = Row {
        kind: "seeded simulation".to_owned(),
        cases,
        repeated: tally.runs - cases,
        faults: tally.faults(),
        positions: None,
        violations: tally.broken,
        seconds: began.elapsed().as_secs_f64(),
    };
    eprintln!("simulation: {cases} cases, {} violations, {:.1} s", row.violations, row.seconds);
    tally.counts.iter().for_each(|(what, count)| eprintln!("  {what}: {count}"));
    Found { rows: vec![row], violations: tally.violations.into_iter().map(|(_, text)| text).collect() }
}

/// Runs seeds on all cores, and watches that none goes round in circles.
fn go_through(from: u64, seeds: u64) -> Tally {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let watches: Vec<Watch> = (0..cores).map(|_| Watch::default()).collect();
    let (running, ended) = mpsc::channel::<()>();
    let watched = watches.clone();
    let watching = std::thread::spawn(move || {
        while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            if let Some(seed) = watched.iter().find_map(Watch::stuck) {
                give_up(seed);
            }
        }
    });
    let next = AtomicU64::new(from);
    let all = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for watch in &watches {
            scope.spawn(|| {
                let mut tally = Tally::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from.saturating_add(seeds) {
                        break;
                    }
                    watch.begin(seed);
                    tally.add(run_seed(seed, Flaws::NONE, Tell::Broken));
                }
                watch.end();
                all.lock().unwrap_or_else(PoisonError::into_inner).merge(tally);
            });
        }
    });
    drop(running);
    watching.join().expect("it only looks");
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What a thread is at.
#[derive(Debug, Clone, Default)]
struct Watch(Arc<Mutex<Option<(u64, Instant)>>>);

impl Watch {
    fn begin(&self, seed: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((seed, Instant::now()));
    }

    fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The seed that does not come to an end, if there is one.
    fn stuck(&self) -> Option<u64> {
        let at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        at.filter(|(_, since)| since.elapsed() > RUN_MAX).map(|(seed, _)| seed)
    }
}

/// Ends the process, since what goes round in circles cannot be stopped otherwise.
fn give_up(seed: u64) -> ! {
    println!("cargo run --profile proof -p saga-proof -- simulation --seed {seed}");
    println!("  BROKEN  I13: it goes round in circles, and no time passes");
    std::process::exit(1)
}

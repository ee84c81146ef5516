//! Going through everything, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::explore::{self, Job, Limits, Tally, Violation};
use super::life::Time;
use super::script::Script;
use super::shape::{Place, Shape};
use super::shapes::{
    Child, Conditional, Delay, Diamond, FanOut, Five, Four, One, Pivot, Signal, Skipped, Tail, Three, Two,
};
use super::watch::{LOOK_EVERY, Stuck, Watch};
use super::world::Rules;
use crate::table::Row;

/// A shape, with its type forgotten.
struct AnyShape {
    /// The line of the table that it is in.
    kind: &'static str,
    name: &'static str,
    places: &'static [Place],
    begin: fn(&mut Time, Limits, &mut Tally) -> Vec<Job>,
    work: fn(&mut Time, Limits, &Job, &mut Tally),
    repeat: fn(&mut Time, Rules, &Arc<Script>, &[usize]) -> Violation,
    /// How much goes otherwise at most, unless more is asked for.
    faults: usize,
}

impl AnyShape {
    const fn of<S: Shape>(kind: &'static str, faults: usize) -> Self {
        Self {
            kind,
            name: S::SHAPE,
            places: S::PLACES,
            begin: explore::begin::<S>,
            work: explore::work::<S>,
            repeat: explore::repeat::<S>,
            faults,
        }
    }
}

// The lines of the table.
const SEQUENCES: &str = "sequences of 1 to 5";
const FORKS: &str = "diamond, fan-out of 3";
const CHILD: &str = "child";
const PIVOTS: &str = "pivot, retriable tail";
const WAITING: &str = "delay, signal";
const CONDITIONAL: &str = "conditional, skipped";

/// All shapes, those of a line together.
static SHAPES: [AnyShape; 14] = [
    AnyShape::of::<One>(SEQUENCES, 4),
    AnyShape::of::<Two>(SEQUENCES, 4),
    AnyShape::of::<Three>(SEQUENCES, 4),
    AnyShape::of::<Four>(SEQUENCES, 3),
    AnyShape::of::<Five>(SEQUENCES, 3),
    AnyShape::of::<Diamond>(FORKS, 4),
    AnyShape::of::<FanOut>(FORKS, 3),
    AnyShape::of::<Child>(CHILD, 4),
    AnyShape::of::<Pivot>(PIVOTS, 4),
    AnyShape::of::<Tail>(PIVOTS, 4),
    AnyShape::of::<Delay>(WAITING, 3),
    AnyShape::of::<Signal>(WAITING, 4),
    AnyShape::of::<Conditional>(CONDITIONAL, 4),
    AnyShape::of::<Skipped>(CONDITIONAL, 4),
];

/// What to go through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// Only the shape of this name.
    pub(crate) shape: Option<String>,
    /// How much goes otherwise at most.
    pub(crate) faults: Option<usize>,
}

/// Goes through everything that is chosen.
pub(crate) fn run(choice: &Choice) -> (Vec<Row>, Vec<Violation>) {
    let chosen = SHAPES.iter().filter(|shape| choice.shape.as_deref().is_none_or(|name| name == shape.name));
    let (mut rows, mut violations) = (Vec::<Row>::new(), Vec::new());
    for shape in chosen {
        let began = Instant::now();
        let tally = run_shape(shape, choice.faults.unwrap_or(shape.faults));
        let cases = tally.prints.len() as u64;
        let row = Row {
            kind: format!("crash points: {}", shape.kind),
            cases,
            repeated: tally.histories - cases,
            faults: tally.faults,
            positions: tally.moments.len() as u64,
            violations: tally.violations.len() as u64,
            seconds: began.elapsed().as_secs_f64(),
        };
        eprintln!("{}: {cases} cases, {} violations, {:.1} s", shape.name, row.violations, row.seconds);
        violations.extend(tally.violations);
        match rows.last_mut() {
            Some(last) if last.kind == row.kind => last.add(&row),
            _ => rows.push(row),
        }
    }
    (rows, violations)
}

/// Goes through the histories of a shape, and watches that none goes round in circles.
fn run_shape(shape: &AnyShape, faults: usize) -> Tally {
    let limits = Limits { crashes: 2, deviations: 2, faults, rules: Rules::KEPT };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut times: Vec<_> = (0..cores).map(|_| Time::new()).collect();
    let watches: Vec<_> = times.iter().map(|time| time.watch.clone()).collect();
    let (running, ended) = mpsc::channel::<()>();
    let watching = std::thread::spawn(move || {
        while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            if let Some(stuck) = watches.iter().find_map(Watch::stuck) {
                give_up(&stuck);
            }
        }
    });
    let tally = go_through(shape, limits, &mut times);
    drop(running);
    watching.join().expect("it only looks");
    tally
}

/// Goes through the histories of a shape, each core in a time of its own.
fn go_through(shape: &AnyShape, limits: Limits, times: &mut [Time]) -> Tally {
    let mut tally = Tally::default();
    let jobs = (shape.begin)(&mut times[0], limits, &mut tally);
    let next = AtomicUsize::new(0);
    let all = Mutex::new(tally);
    std::thread::scope(|scope| {
        for time in times {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    (shape.work)(time, limits, job, &mut tally);
                }
                all.lock().unwrap_or_else(PoisonError::into_inner).add(tally);
            });
        }
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process, since what goes round in circles cannot be stopped otherwise.
fn give_up(stuck: &Stuck) -> ! {
    println!("{}", command(stuck.shape, &stuck.script, &stuck.crashes));
    println!("  BROKEN  I13: it goes round in circles, and no time passes");
    std::process::exit(1)
}

/// The command that repeats a history.
pub(crate) fn command(shape: &str, script: &str, crashes: &[usize]) -> String {
    let crashes: Vec<_> = crashes.iter().map(ToString::to_string).collect();
    let crashes = crashes.join(",");
    format!(
        "cargo run --profile proof -p saga-proof -- --shape {shape} --script '{script}' --crashes '{crashes}'"
    )
}

/// Repeats one history.
///
/// # Errors
/// What is wrong with its name.
pub(crate) fn repeat(shape: &str, script: &str, crashes: &[usize]) -> Result<Violation, String> {
    let shape =
        SHAPES.iter().find(|known| known.name == shape).ok_or_else(|| format!("no shape {shape:?}"))?;
    let script = Arc::new(Script::parse(script, shape.places)?);
    Ok((shape.repeat)(&mut Time::new(), Rules::KEPT, &script, crashes))
}

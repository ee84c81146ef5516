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
    Child, Conditional, Deadline, DeadlineDelay, DeadlinePivot, Delay, Diamond, Doubt, FanOut, Five, Four,
    One, ParkedPivot, Pivot, Signal, Skipped, Tail, Three, Two, Within,
};
use super::watch::{LOOK_EVERY, Stuck, Watch};
use super::world::Rules;
use crate::table::{Found, Row};

/// How much goes otherwise in a history at most, unless another number is asked for: two crashes and two deviations.
const FAULTS_MAX: usize = 4;

/// A shape, with its type forgotten.
struct AnyShape {
    /// The line of the table that it is in.
    kind: &'static str,
    name: &'static str,
    places: &'static [Place],
    begin: fn(&mut Time, Limits, &mut Tally) -> Vec<Job>,
    work: fn(&mut Time, Limits, &Job, &mut Tally),
    repeat: Repeat,
}

/// Repeats one history of a shape.
type Repeat = fn(&mut Time, Rules, &Arc<Script>, &[usize]) -> Result<Violation, String>;

impl AnyShape {
    const fn of<S: Shape>(kind: &'static str) -> Self {
        Self {
            kind,
            name: S::SHAPE,
            places: S::PLACES,
            begin: explore::begin::<S>,
            work: explore::work::<S>,
            repeat: explore::repeat::<S>,
        }
    }
}

// The lines of the table.
const SEQUENCES: &str = "sequences of 1 to 5";
const FORKS: &str = "diamond, fan-out of 3";
const CHILD: &str = "child";
const PIVOTS: &str = "pivot, retriable tail";
const DOUBT: &str = "what doubt means, read only";
const WAITING: &str = "delay, signal, missed signal";
const DEADLINES: &str = "deadline";
const CONDITIONAL: &str = "conditional, skipped";

/// All shapes, those of a line together.
static SHAPES: [AnyShape; 20] = [
    AnyShape::of::<One>(SEQUENCES),
    AnyShape::of::<Two>(SEQUENCES),
    AnyShape::of::<Three>(SEQUENCES),
    AnyShape::of::<Four>(SEQUENCES),
    AnyShape::of::<Five>(SEQUENCES),
    AnyShape::of::<Diamond>(FORKS),
    AnyShape::of::<FanOut>(FORKS),
    AnyShape::of::<Child>(CHILD),
    AnyShape::of::<Pivot>(PIVOTS),
    AnyShape::of::<Tail>(PIVOTS),
    AnyShape::of::<Doubt>(DOUBT),
    AnyShape::of::<ParkedPivot>(DOUBT),
    AnyShape::of::<Delay>(WAITING),
    AnyShape::of::<Signal>(WAITING),
    AnyShape::of::<Within>(WAITING),
    AnyShape::of::<Deadline>(DEADLINES),
    AnyShape::of::<DeadlinePivot>(DEADLINES),
    AnyShape::of::<DeadlineDelay>(DEADLINES),
    AnyShape::of::<Conditional>(CONDITIONAL),
    AnyShape::of::<Skipped>(CONDITIONAL),
];

/// What to go through.
#[derive(Debug)]
pub(crate) enum Choice {
    /// All histories.
    All {
        /// Only those of the shape of this name.
        shape: Option<String>,
        /// With this many faults at most.
        faults: Option<usize>,
    },
    /// One history.
    One {
        /// Of this shape.
        shape: String,
        /// By this script.
        script: String,
        /// With lives that die at these moments.
        crashes: Vec<usize>,
    },
}

impl Default for Choice {
    fn default() -> Self {
        Self::All { shape: None, faults: None }
    }
}

/// Goes through everything that is chosen.
///
/// # Errors
/// What is wrong with the choice.
pub(crate) fn run(choice: &Choice) -> Result<Found, String> {
    match choice {
        Choice::All { shape, faults } => {
            let chosen = shape.as_deref().map(named).transpose()?;
            let chosen = chosen.map_or(&SHAPES[..], std::slice::from_ref);
            Ok(run_shapes(chosen, *faults))
        }
        Choice::One { shape, script, crashes } => repeat(named(shape)?, script, crashes),
    }
}

/// The shape of this name.
fn named(name: &str) -> Result<&'static AnyShape, String> {
    SHAPES.iter().find(|shape| shape.name == name).ok_or_else(|| {
        let names: Vec<_> = SHAPES.iter().map(|shape| shape.name).collect();
        format!("there is no shape {name:?}: there are {}", names.join(", "))
    })
}

fn run_shapes(shapes: &[AnyShape], faults: Option<usize>) -> Found {
    let mut found = Found::default();
    for shape in shapes {
        let began = Instant::now();
        let tally = run_shape(shape, faults.unwrap_or(FAULTS_MAX));
        let cases = tally.prints.len() as u64;
        let row = Row {
            kind: format!("crash points: {}", shape.kind),
            cases,
            repeated: tally.histories - cases,
            faults: tally.faults,
            positions: Some(tally.moments.len() as u64),
            violations: tally.violations.len() as u64,
            seconds: began.elapsed().as_secs_f64(),
        };
        eprintln!("{}: {cases} cases, {} violations, {:.1} s", shape.name, row.violations, row.seconds);
        found.violations.extend(tally.violations.iter().map(ToString::to_string));
        match found.rows.last_mut() {
            Some(last) if last.kind == row.kind => last.add(&row),
            _ => found.rows.push(row),
        }
    }
    found
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
pub(super) fn command(shape: &str, script: &str, crashes: &[usize]) -> String {
    let crashes: Vec<_> = crashes.iter().map(ToString::to_string).collect();
    let crashes = crashes.join(",");
    format!(
        "cargo run --profile proof -p saga-proof -- crashes --shape {shape} --script '{script}' --crashes '{crashes}'"
    )
}

/// Repeats one history, and shows it whatever it is.
///
/// # Errors
/// What is wrong with its name, or that there is none of this name.
fn repeat(shape: &AnyShape, script: &str, crashes: &[usize]) -> Result<Found, String> {
    let began = Instant::now();
    let script = Arc::new(Script::parse(script, shape.places)?);
    let history = (shape.repeat)(&mut Time::new(), Rules::KEPT, &script, crashes)?;
    let row = Row {
        kind: format!("crash points: {}", shape.name),
        cases: 1,
        faults: (history.crashes.len() + script.deviations.len()) as u64,
        positions: Some(history.crashes.len() as u64),
        violations: u64::from(!history.broken.is_empty()),
        seconds: began.elapsed().as_secs_f64(),
        ..Row::default()
    };
    Ok(Found { rows: vec![row], violations: vec![history.to_string()] })
}

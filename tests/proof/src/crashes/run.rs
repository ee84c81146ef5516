//! Going through everything, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::explore::{self, Job, Limits, Tally, Violation};
use super::life::Time;
use super::script::Script;
use super::shape::{Place, Shape};
use super::shapes::{
    Child, Conditional, Delay, Diamond, FanOut, Five, Four, One, Pivot, Signal, Skipped, Tail, Three, Two,
};
use super::world::Rules;
use crate::table::Row;

/// A shape, with its type forgotten.
struct AnyShape {
    name: &'static str,
    places: &'static [Place],
    begin: fn(&mut Time, Limits, &mut Tally) -> Vec<Job>,
    work: fn(&mut Time, Limits, &Job, &mut Tally),
    repeat: fn(&mut Time, Rules, &Arc<Script>, &[usize]) -> Violation,
    /// How much goes otherwise at most, unless more is asked for.
    faults: usize,
}

impl AnyShape {
    const fn of<S: Shape>(faults: usize) -> Self {
        Self {
            name: S::SHAPE,
            places: S::PLACES,
            begin: explore::begin::<S>,
            work: explore::work::<S>,
            repeat: explore::repeat::<S>,
            faults,
        }
    }
}

/// All shapes.
static SHAPES: [AnyShape; 14] = [
    AnyShape::of::<One>(4),
    AnyShape::of::<Two>(4),
    AnyShape::of::<Three>(4),
    AnyShape::of::<Four>(3),
    AnyShape::of::<Five>(3),
    AnyShape::of::<Diamond>(4),
    AnyShape::of::<FanOut>(3),
    AnyShape::of::<Child>(3),
    AnyShape::of::<Pivot>(4),
    AnyShape::of::<Tail>(4),
    AnyShape::of::<Delay>(3),
    AnyShape::of::<Signal>(4),
    AnyShape::of::<Conditional>(4),
    AnyShape::of::<Skipped>(4),
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
pub(crate) fn run(choice: &Choice) -> Vec<(Row, Vec<Violation>)> {
    let chosen = SHAPES.iter().filter(|shape| choice.shape.as_deref().is_none_or(|name| name == shape.name));
    chosen.map(|shape| run_shape(shape, choice.faults.unwrap_or(shape.faults))).collect()
}

fn run_shape(shape: &AnyShape, faults: usize) -> (Row, Vec<Violation>) {
    let began = Instant::now();
    let limits = Limits { crashes: 2, deviations: 2, faults, rules: Rules::KEPT };
    let mut tally = Tally::default();
    let jobs = (shape.begin)(&mut Time::new(), limits, &mut tally);
    let next = AtomicUsize::new(0);
    let all = Mutex::new(tally);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut time = Time::new();
                let mut tally = Tally::default();
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    (shape.work)(&mut time, limits, job, &mut tally);
                }
                all.lock().unwrap_or_else(PoisonError::into_inner).add(tally);
            });
        }
    });
    let tally = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    let row = Row {
        kind: format!("crash points: {}", shape.name),
        cases: tally.prints.len() as u64,
        repeated: tally.histories - tally.prints.len() as u64,
        faults: tally.faults,
        violations: tally.violations.len() as u64,
        seconds: began.elapsed().as_secs_f64(),
        note: format!("{} crash positions", tally.moments.len()),
    };
    (row, tally.violations)
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

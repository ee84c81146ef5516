//! The order in which histories are run: first those in which less goes wrong.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use saga_core::outcome::Outcome;
use saga_core::saga::Saga;
use tracing::subscriber::NoSubscriber;

use crate::deviation::Deviation;
use crate::director::{Script, Wanted};
use crate::explore::{Check, Limits, judge};
use crate::life::live;
use crate::panics::quietly;
use crate::plan::Plan;
use crate::report::{Exploration, Violation};
use crate::subject::Subject;
use crate::watch::Watch;

/// What a history came to.
struct Found {
    verdict: Result<(), String>,
    end: End,
    options: Vec<(usize, Deviation)>,
    moments: usize,
    calls: usize,
    is_complete: bool,
    has_misfit: bool,
}

impl Found {
    /// Whether it went otherwise than the history that it goes on from, before anything more went wrong.
    fn is_another(&self) -> bool {
        self.has_misfit || !self.is_complete
    }
}

/// Runs every history, level by level: a level has one deviation more than the one before, and each of its histories
/// goes on from one of that. So none is run twice, and the first level with a violation has the shortest.
pub(crate) fn all<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    check: &Check<'_, S, W>,
    limits: Limits,
) -> Result<Exploration, Violation> {
    let mut exploration = Exploration::default();
    let mut level = vec![Plan::default()];
    let (mut usual, mut unstable) = (None, None);
    loop {
        let depth = level.first().map_or(0, Plan::len);
        let wanted = if depth < limits.deviations_max { Wanted::Options } else { Wanted::Nothing };
        let found = on_all_threads(&subject.watch, &level, |plan| run(subject, check, plan, limits, wanted));
        exploration.deviations = depth;
        for (plan, found) in level.iter().zip(&found).filter(|(_, found)| !found.is_another()) {
            exploration.histories += 1;
            exploration.calls += found.calls;
            exploration.completed += usize::from(found.end == End::Completed);
            let crashes = plan.last().is_some_and(|(_, deviation)| deviation.is_crash());
            exploration.crash_points += usize::from(crashes);
        }
        usual = usual.or_else(|| found.first().map(|found| found.end));
        let another = level.iter().zip(&found).find(|(_, found)| found.is_another());
        unstable = unstable.or_else(|| another.map(|(plan, _)| format!("the history {plan} {UNSTABLE}")));
        let unsound =
            level.iter().zip(&found).filter(|(_, found)| found.verdict.is_err() && !found.has_misfit);
        // Of those as short, what services do is told before what clients do: users look there first.
        let length = |(plan, found): &(&Plan, &Found)| (plan.has_client(), found.moments);
        if let Some((plan, found)) = unsound.min_by_key(length) {
            let mut violation = tell(subject, check, plan, limits, found, exploration.histories);
            if let Some(unstable) = unstable {
                violation.message += &format!("\n({unstable})");
            }
            if plan.len() > 0 && has_changed(subject, Some(check), limits, usual) {
                violation.message += &format!("\n({CHANGED})");
            }
            return Err(violation);
        }
        let next: Vec<Plan> = level
            .iter()
            .zip(found)
            .flat_map(|(plan, found)| {
                found.options.into_iter().map(|(moment, deviation)| plan.and(moment, deviation))
            })
            .collect();
        let left = limits.histories_max.saturating_sub(exploration.histories);
        exploration.left_out += next.len().saturating_sub(left);
        level = choose(next, left);
        if level.is_empty() {
            // The check has said its word of this history, and may count how often it is asked.
            let changed = || has_changed(subject, None, limits, usual).then(|| CHANGED.to_owned());
            return changed()
                .or(unstable)
                .map_or(Ok(exploration), |why| Err(Violation::without_history(why)));
        }
    }
}

/// How the outcome of a history is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Completed,
    Compensated,
    Parked,
    None,
}

impl End {
    fn of<S: Saga, W>(end: &Result<(Outcome<S>, W), String>) -> Self {
        match end {
            Ok((Outcome::Completed(_), _)) => Self::Completed,
            Ok((Outcome::Compensated(_), _)) => Self::Compensated,
            Ok((Outcome::Parked(_), _)) => Self::Parked,
            Err(_) => Self::None,
        }
    }
}

/// What is told where histories are not apart from each other.
const CHANGED: &str = "the history in which nothing goes wrong ended otherwise when it was run again: histories share \
                       something, or are not the same in every run. Does `make` build a new world each time? An \
                       `Arc` that it clones is one world for all.";

/// What is told where a history is not the same in every run.
const UNSTABLE: &str = "went otherwise than the one that it goes on from: the saga or its services are not the same in \
                        every run. Do they draw random numbers, read the clock, go through a `HashMap`, or \
                        wait for another thread?";

/// Whether the history in which nothing goes wrong ends otherwise by now than it did: in truth each has a world of its
/// own. `check` is asked whether it is still sound.
fn has_changed<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    check: Option<&Check<'_, S, W>>,
    limits: Limits,
    usual: Option<End>,
) -> bool {
    let again = || {
        let (watched, script) = (subject.watch.begin(), Script::Moments(Plan::default()));
        let lived = live(subject, &watched, script, limits.scope, Wanted::Nothing);
        let is_usual = Some(End::of(&lived.end)) == usual;
        let is_sound = match (check, &lived.end) {
            (Some(check), Ok((outcome, world))) => judge(check, &watched, world, outcome).is_ok(),
            _ => true,
        };
        !(is_usual && is_sound)
    };
    on_a_thread(&subject.watch, || quietly(|| without_logs(again)))
}

/// Runs one history.
pub(crate) fn one<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    check: &Check<'_, S, W>,
    plan: &Plan,
    limits: Limits,
) -> Result<Exploration, Violation> {
    let found = on_a_thread(&subject.watch, || run(subject, check, plan, limits, Wanted::Nothing));
    if found.verdict.is_err() && !found.has_misfit {
        return Err(tell(subject, check, plan, limits, &found, 1));
    }
    if found.has_misfit || !found.is_complete {
        let why = "the saga, its input or the version of the test kit is another than in the report";
        return Err(Violation::without_history(format!("the history {plan} does not exist: {why}")));
    }
    let crash_points = usize::from(plan.last().is_some_and(|(_, deviation)| deviation.is_crash()));
    let completed = usize::from(found.end == End::Completed);
    let (deviations, calls) = (plan.len(), found.calls);
    Ok(Exploration { histories: 1, completed, crash_points, deviations, calls, left_out: 0 })
}

fn run<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    check: &Check<'_, S, W>,
    plan: &Plan,
    limits: Limits,
    wanted: Wanted,
) -> Found {
    let watched = subject.watch.begin();
    let lived = live(subject, &watched, Script::Moments(plan.clone()), limits.scope, wanted);
    let end = End::of(&lived.end);
    let verdict = lived.end.and_then(|(outcome, world)| judge(check, &watched, &world, &outcome));
    let trace = lived.trace;
    Found {
        verdict,
        end,
        options: trace.options,
        moments: trace.moments,
        calls: trace.calls,
        is_complete: trace.is_complete,
        has_misfit: trace.has_misfit,
    }
}

/// Runs a history once more to tell it.
fn tell<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    check: &Check<'_, S, W>,
    plan: &Plan,
    limits: Limits,
    found: &Found,
    histories: usize,
) -> Violation {
    let script = Script::Moments(plan.clone());
    let (verdict, timeline) = on_a_thread(&subject.watch, || {
        quietly(|| {
            let watched = subject.watch.begin();
            let lived = live(subject, &watched, script, limits.scope, Wanted::Timeline);
            let verdict = lived.end.and_then(|(outcome, world)| judge(check, &watched, &world, &outcome));
            (verdict, lived.trace.timeline)
        })
    });
    let message = match (verdict, &found.verdict) {
        (Err(message), _) => message,
        (Ok(()), Err(message)) => format!(
            "{message}\n(when it was run again, as the timeline shows, it was sound: the saga, its services or the \
             check are not the same in every run)"
        ),
        (Ok(()), Ok(())) => String::new(),
    };
    Violation {
        message,
        timeline: timeline.to_string(),
        history: plan.to_string(),
        deviations: plan.len(),
        histories,
    }
}

/// At most `left` of `plans`, evenly chosen, in their order.
fn choose(plans: Vec<Plan>, left: usize) -> Vec<Plan> {
    let all = plans.len();
    if all <= left {
        return plans;
    }
    // The plan at `at` is taken where the share of those taken grows by a whole one.
    let taken_before = |at: usize| at * left / all;
    let is_taken = |at: &usize| taken_before(*at) < taken_before(*at + 1);
    plans.into_iter().enumerate().filter(|(at, _)| is_taken(at)).map(|(_, plan)| plan).collect()
}

/// What `run` makes of each plan, in their order.
fn on_all_threads<T: Send>(watch: &Watch, plans: &[Plan], run: impl Fn(&Plan) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(plans.len()));
    let work = || {
        while let Some((at, plan)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| plans.get(at).map(|plan| (at, plan)))
        {
            let result = run(plan);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(plans.len());
    watch.over(|| {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| quietly(|| without_logs(work)));
            }
        });
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What `run` returns on a thread of its own: a history has a runtime, and the caller's thread is in one already.
pub(crate) fn on_a_thread<T: Send>(watch: &Watch, run: impl FnOnce() -> T + Send) -> T {
    let ran = watch.over(|| thread::scope(|scope| scope.spawn(run).join()));
    ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Thousands of histories in a log help nobody; one alone is logged.
fn without_logs<T>(work: impl FnOnce() -> T) -> T {
    match tracing::dispatcher::has_been_set() {
        true => tracing::subscriber::with_default(NoSubscriber::default(), work),
        false => work(),
    }
}

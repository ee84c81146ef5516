//! Drawing sagas: definitions that the macro would accept, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use sagas::__private::{
    CheckDefinition, CompensationDefinition, Definition, OutputUse, RetryPolicy, StepDefinition, StepKind,
};

use super::draw::Draw;

/// The names of steps, by their place.
pub(crate) const STEPS: [&str; 6] = ["s0", "s1", "s2", "s3", "s4", "s5"];

/// The names of the sagas: the one that clients start, one without a pivot that can be its compensatable child, and one
/// that can be its child at or after the pivot.
pub(crate) const SAGAS: [&str; 3] = ["drawn", "child", "tail"];

/// The sagas of one seed.
#[derive(Debug)]
pub(crate) struct Family {
    seed: u64,
    sagas: [Definition; 3],
}

impl Family {
    /// Draws them.
    pub(crate) fn draw(seed: u64) -> Arc<Self> {
        let draw = |which: u64| Draw::of(seed, &[1, which]);
        let sagas = [Saga::Drawn.draw(draw(0)), Saga::Child.draw(draw(1)), Saga::Tail.draw(draw(2))];
        Arc::new(Self { seed, sagas })
    }

    /// The saga of this number.
    pub(crate) fn saga(&self, number: usize) -> &Definition {
        &self.sagas[number]
    }

    /// The saga of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Definition> {
        self.sagas.iter().find(|saga| &**saga.name() == name)
    }

    /// The children that the first one has, by their numbers.
    pub(crate) fn children(&self) -> impl Iterator<Item = usize> + '_ {
        (1..SAGAS.len()).filter(|number| {
            self.sagas[0].steps().any(|(_, step)| step.child.as_deref() == Some(SAGAS[*number]))
        })
    }

    /// Whether there is a step of which only so many may run at once.
    pub(crate) fn has_limits(&self) -> bool {
        let mut steps = self.sagas.iter().flat_map(Definition::steps);
        steps.any(|(_, step)| step.max_running.is_some())
    }

    /// What a condition answers.
    pub(crate) fn holds(&self, input: u32, step: usize) -> bool {
        !Draw::of(self.seed, &[2, input.into(), step as u64]).once_in(3)
    }

    /// How many items there are.
    pub(crate) fn items(&self, input: u32, step: usize) -> u32 {
        Draw::of(self.seed, &[3, input.into(), step as u64]).small(0, 4)
    }
}

/// Which of the sagas is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saga {
    Drawn,
    Child,
    Tail,
}

impl Saga {
    fn draw(self, mut draw: Draw) -> Definition {
        let draw = &mut draw;
        let count = if self == Self::Drawn { 1 + draw.index(STEPS.len()) } else { 1 + draw.index(3) };
        let may_pivot = self != Self::Child && draw.once_in(2);
        let pivot = may_pivot.then(|| draw.index(count));
        let steps = (0..count).map(|at| {
            let after = after(at, pivot, draw);
            let step = step(self, at, pivot, draw).after(&after);
            language(step, at + 1 == count, draw)
        });
        let steps = steps.collect();
        let definition = Definition::new(SAGAS[self as usize], 1, steps, count - 1);
        if draw.once_in(6) { definition.deadline(draw.millis(1_000, 60_000)) } else { definition }
    }
}

/// The steps that a step runs after: of branches, of the pivot, or of all.
fn after(at: usize, pivot: Option<usize>, draw: &mut Draw) -> Vec<usize> {
    match pivot {
        Some(pivot) if at == pivot => (0..at).collect(),
        Some(pivot) if at > pivot => {
            std::iter::once(pivot).chain((pivot + 1..at).filter(|_| draw.once_in(2))).collect()
        }
        // Some begin a branch of their own.
        _ if draw.once_in(3) => Vec::new(),
        _ => (0..at).filter(|before| *before + 1 == at || draw.once_in(3)).collect(),
    }
}

fn step(saga: Saga, at: usize, pivot: Option<usize>, draw: &mut Draw) -> StepDefinition {
    let new = |kind| StepDefinition::new(STEPS[at], kind);
    let may_have_child = saga == Saga::Drawn && draw.once_in(6);
    let place = pivot.map(|pivot| at.cmp(&pivot));
    let kind = match place {
        Some(std::cmp::Ordering::Equal) => StepKind::Pivot,
        Some(std::cmp::Ordering::Greater) => StepKind::Retriable,
        Some(std::cmp::Ordering::Less) | None => StepKind::Compensatable,
    };
    if may_have_child {
        return child(new(kind));
    }
    if kind != StepKind::Pivot && draw.once_in(5) {
        let is_after = kind == StepKind::Retriable;
        let retry = if is_after { patient(draw) } else { limited(draw) };
        return new(StepKind::ReadOnly).retry(retry).timeout(timeout(draw));
    }
    let step = new(kind).timeout(timeout(draw));
    match kind {
        StepKind::Compensatable => compensatable(step.retry(limited(draw)), draw),
        StepKind::Pivot => forward_only(step.retry(limited(draw)).retry_in_doubt(patient(draw)), draw),
        StepKind::Retriable | StepKind::ReadOnly => forward_only(step.retry(patient(draw)), draw),
    }
}

fn child(step: StepDefinition) -> StepDefinition {
    if step.kind == StepKind::Compensatable {
        let compensation = CompensationDefinition::new("child", OutputUse::Unused);
        step.child(SAGAS[1]).compensation(compensation)
    } else {
        step.child(SAGAS[2])
    }
}

fn compensatable(step: StepDefinition, draw: &mut Draw) -> StepDefinition {
    let output = draw.one(&[OutputUse::Unused, OutputUse::Optional, OutputUse::Required]);
    let retry = any(draw);
    let compensation = CompensationDefinition::new("compensate", output).retry(retry).timeout(timeout(draw));
    let step = step.compensation(compensation);
    let step = if draw.once_in(2) { promise(step, draw) } else { step };
    if output == OutputUse::Required && !step.idempotent {
        return check(step, draw);
    }
    match draw.below(4) {
        0 => check(step, draw),
        1 => step.park_in_doubt(),
        _ => step,
    }
}

fn forward_only(step: StepDefinition, draw: &mut Draw) -> StepDefinition {
    match draw.below(4) {
        0 => {
            let step = promise(step, draw);
            check(step, draw)
        }
        1 => check(step, draw),
        2 => step.park_in_doubt(),
        _ => promise(step, draw),
    }
}

fn promise(step: StepDefinition, draw: &mut Draw) -> StepDefinition {
    if draw.once_in(4) { step.idempotent_within(draw.millis(500, 60_000)) } else { step.idempotent() }
}

fn check(step: StepDefinition, draw: &mut Draw) -> StepDefinition {
    let after = if draw.once_in(2) { draw.millis(0, 8_000) } else { Duration::ZERO };
    let retry = any(draw);
    step.check(CheckDefinition::new("check").after(after).retry(retry).timeout(timeout(draw)))
}

/// The step, perhaps with more of what can be said of one. The last one has an output that is there whenever the
/// instance completes.
fn language(step: StepDefinition, is_last: bool, draw: &mut Draw) -> StepDefinition {
    let (is_child, is_pivot) = (step.child.is_some(), step.kind == StepKind::Pivot);
    let mut step = step;
    if !is_pivot && !is_last && draw.once_in(5) {
        step = step.conditional();
    }
    if !is_pivot && !is_last && !is_child && draw.once_in(4) {
        step = step.fan_out(draw.small(1, 3));
    } else if !is_child && draw.once_in(6) {
        let within = draw.once_in(2).then(|| draw.millis(500, 30_000));
        step = step.signal(within);
    }
    if draw.once_in(7) {
        step = step.delay(draw.millis(100, 20_000));
    }
    if !is_child && draw.once_in(4) {
        step = step.max_running(draw.small(1, 2));
    }
    step
}

fn timeout(draw: &mut Draw) -> Duration {
    draw.millis(500, 8_000)
}

fn any(draw: &mut Draw) -> RetryPolicy {
    if draw.once_in(2) { patient(draw) } else { limited(draw) }
}

fn patient(draw: &mut Draw) -> RetryPolicy {
    limited(draw).unlimited()
}

fn limited(draw: &mut Draw) -> RetryPolicy {
    let retry = RetryPolicy::FORWARD.attempts(draw.small(1, 4)).initial(draw.millis(1, 2_000));
    retry.factor(draw.one(&[1.0, 1.5, 2.0])).max(Duration::from_secs(8)).jitter(draw.once_in(2))
}

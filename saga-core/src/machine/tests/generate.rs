//! Random definitions, all of which the macro would accept.

use std::sync::Arc;
use std::time::Duration;

use super::choices::Choices;
use super::rig::{check, endless_retry, plain_retry};
use crate::definition::{CompensationDefinition, Definition, OutputUse, StepDefinition, StepKind};
use crate::retry::RetryPolicy;

/// A chain, a fork, a join or a mixture, with a pivot or without.
pub(super) fn definition(choices: &mut Choices) -> Arc<Definition> {
    let count = 1 + choices.below(6);
    let pivot = choices.once_in(2).then(|| choices.below(count));
    let mut steps = Vec::new();
    for at in 0..count {
        let name = format!("s{at}");
        let after: Vec<usize> = match pivot {
            Some(pivot) if at == pivot => (0..at).collect(),
            Some(pivot) if at > pivot => {
                let behind = (pivot + 1..at).filter(|_| choices.once_in(2));
                std::iter::once(pivot).chain(behind).collect()
            }
            _ => (0..at).filter(|before| *before + 1 == at || choices.once_in(3)).collect(),
        };
        // Half of the steps start a branch of their own.
        let after =
            if pivot.is_none_or(|pivot| at < pivot) && choices.once_in(2) { Vec::new() } else { after };
        let step = match pivot {
            Some(pivot) if at == pivot && choices.once_in(8) => {
                child(StepDefinition::new(&name, StepKind::Pivot))
            }
            Some(pivot) if at > pivot && choices.once_in(8) => {
                child(StepDefinition::new(&name, StepKind::Retriable))
            }
            _ if pivot.is_none_or(|pivot| at < pivot) && choices.once_in(8) => {
                child(StepDefinition::new(&name, StepKind::Compensatable))
            }
            Some(pivot) if at == pivot => forward_only(&name, StepKind::Pivot, choices),
            Some(pivot) if at > pivot && choices.once_in(4) => {
                StepDefinition::new(&name, StepKind::ReadOnly).retry(limited(choices))
            }
            Some(pivot) if at > pivot => forward_only(&name, StepKind::Retriable, choices),
            _ if choices.once_in(5) => StepDefinition::new(&name, StepKind::ReadOnly).retry(limited(choices)),
            _ => compensatable(&name, choices),
        };
        steps.push(language(step, choices).after(&after));
    }
    let definition = Definition::new("saga", 1, steps, count - 1);
    let deadline = millis(choices.below(20_000));
    Arc::new(if choices.once_in(6) { definition.deadline(deadline) } else { definition })
}

/// The step, perhaps with more of what can be said of one.
fn language(step: StepDefinition, choices: &mut Choices) -> StepDefinition {
    let is_child = step.child.is_some();
    let forks = step.kind != StepKind::Pivot && !is_child && choices.once_in(4);
    let step = if forks { step.fan_out(1 + small(choices.below(3))) } else { step };
    let may_skip = step.kind != StepKind::Pivot && choices.once_in(5);
    let step = if may_skip { step.conditional() } else { step };
    let step = match choices.below(12) {
        0 => step.signal(None),
        1 => step.signal(Some(millis(choices.below(5_000)))),
        2 => step.delay(millis(choices.below(5_000))),
        3 => step.signal(Some(millis(choices.below(5_000)))).delay(millis(choices.below(5_000))),
        _ => step,
    };
    let forgets = step.idempotent && choices.once_in(4);
    let step = if forgets { step.idempotent_within(millis(choices.below(3_000))) } else { step };
    if choices.once_in(4) { step.max_running(1) } else { step }
}

fn child(step: StepDefinition) -> StepDefinition {
    let compensation = CompensationDefinition::new("child", OutputUse::Unused);
    let has_compensation = step.kind == StepKind::Compensatable;
    let step = step.child("other-saga");
    if has_compensation { step.compensation(compensation) } else { step }
}

fn millis(millis: usize) -> Duration {
    Duration::from_millis(1 + millis as u64)
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("it is small")
}

fn compensatable(name: &str, choices: &mut Choices) -> StepDefinition {
    let output = choices.one(&[OutputUse::Unused, OutputUse::Optional, OutputUse::Required]);
    let compensation = CompensationDefinition::new("compensate", output).retry(any(choices));
    let step = StepDefinition::new(name, StepKind::Compensatable).retry(limited(choices));
    let step = step.compensation(compensation);
    let step = if choices.once_in(2) { step.idempotent() } else { step };
    let needs_more = output == OutputUse::Required && !step.idempotent;
    match choices.below(3) {
        _ if needs_more => step.check(check().retry(any(choices))),
        0 => step.check(check().retry(any(choices))),
        1 => step.park_in_doubt(),
        _ => step,
    }
}

fn forward_only(name: &str, kind: StepKind, choices: &mut Choices) -> StepDefinition {
    let retry = if kind == StepKind::Retriable { endless_retry() } else { limited(choices) };
    let step = StepDefinition::new(name, kind).retry(retry);
    match choices.below(4) {
        0 => step.idempotent().check(check().retry(any(choices))),
        1 => step.check(check().retry(any(choices))),
        2 => step.park_in_doubt(),
        _ => step.idempotent(),
    }
}

fn limited(choices: &mut Choices) -> RetryPolicy {
    plain_retry(1 + small(choices.below(3)))
}

fn any(choices: &mut Choices) -> RetryPolicy {
    if choices.once_in(2) { endless_retry() } else { limited(choices) }
}

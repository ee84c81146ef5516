//! A run as text, and what occurred in it.

use std::fmt::Write as _;

use sagas::__private::{Definition, StepDefinition, StepKind};

use super::world::{Counts, World};
use crate::promise::Broken;

/// The command that repeats a run, the sagas, what happened, and what is broken.
pub(crate) fn text(world: &World, broken: &[Broken]) -> String {
    let mut text = format!("cargo run --profile proof -p saga-proof -- simulation --seed {}\n", world.seed);
    for number in std::iter::once(0).chain(world.family.children()) {
        text += &saga(world.family.saga(number));
    }
    let weather = &world.weather;
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "  {} workers, at most {} instances at once, weather for {:?}",
        weather.workers, weather.max_active, weather.until
    );
    text += &world.timeline();
    for broken in broken {
        let _ = writeln!(text, "  BROKEN  {broken}");
    }
    text
}

fn saga(definition: &Definition) -> String {
    let deadline =
        definition.deadline_after().map(|after| format!(", deadline {after:?}")).unwrap_or_default();
    let mut text = format!("  saga {}{deadline}\n", definition.name());
    for (_, step) in definition.steps() {
        text += &line(step);
    }
    text
}

fn line(step: &StepDefinition) -> String {
    let after: Vec<_> = step.after.iter().map(|at| format!("s{}", at.get())).collect();
    let mut text = format!("    {}: {:?} after [{}]", step.name, step.kind, after.join(", "));
    let mut add = |what: Option<String>| {
        if let Some(what) = what {
            text += ", ";
            text += &what;
        }
    };
    add(step.child.as_ref().map(|child| format!("child {child}")));
    add(step.idempotent.then(|| "idempotent".to_owned()));
    add(step.idempotent_within.map(|within| format!("within {within:?}")));
    add((step.kind != StepKind::ReadOnly && step.child.is_none())
        .then(|| format!("in doubt {:?}", step.in_doubt)));
    add(step.check.as_ref().map(|check| format!("check after {:?}", check.after)));
    add(step.conditional.then(|| "conditional".to_owned()));
    add(step.fan_out.map(|fan_out| format!("for each, {} at once", fan_out.concurrency)));
    add(step.signal.as_ref().map(|signal| format!("signal within {:?}", signal.within)));
    add(step.delay.map(|delay| format!("delay {delay:?}")));
    add(step.max_running.map(|running| format!("at most {running} running")));
    add(step.compensation.as_ref().map(|of| format!("compensation with output {:?}", of.output)));
    add(Some(format!("timeout {:?}, attempts {:?}", step.timeout, step.retry.attempts_max)));
    text + "\n"
}

/// Counts the kinds of steps that were run and the ways in which instances ended.
pub(crate) fn count(world: &World, counts: &mut Counts) {
    let mut add = |what: &'static str| *counts.entry(what).or_default() += 1;
    world.judge(|judge| {
        for who in judge.started() {
            let Some(journal) = judge.journal(who) else { continue };
            let Some(saga) = journal.saga.as_deref().and_then(|saga| world.family.named(saga)) else {
                continue;
            };
            for (at, step) in saga.steps() {
                let has_begun =
                    u8::try_from(at.get()).is_ok_and(|at| journal.records_of(at).next().is_some());
                if has_begun {
                    names(step).into_iter().for_each(&mut add);
                }
            }
            add(
                match (journal.completed > journal.reverted, journal.compensated > 0, journal.reverted > 0) {
                    (_, true, true) => "end: reverted",
                    (true, _, _) => "end: completed",
                    (_, true, _) => "end: compensated",
                    _ => "end: none",
                },
            );
            if journal.parked > 0 {
                add("end: after it was parked");
            }
        }
    });
}

/// What a step is, in words that are counted.
fn names(step: &StepDefinition) -> Vec<&'static str> {
    let kind = match step.kind {
        StepKind::Compensatable => "step: compensatable",
        StepKind::Pivot => "step: pivot",
        StepKind::Retriable => "step: retriable",
        StepKind::ReadOnly => "step: read only",
    };
    let more = [
        (step.child.is_some(), "step: child"),
        (step.conditional, "step: conditional"),
        (step.fan_out.is_some(), "step: for each"),
        (step.signal.is_some(), "step: signal"),
        (step.delay.is_some(), "step: delay"),
        (step.check.is_some(), "step: check"),
        (step.max_running.is_some(), "step: max running"),
    ];
    std::iter::once(kind).chain(more.into_iter().filter(|(has, _)| *has).map(|(_, name)| name)).collect()
}

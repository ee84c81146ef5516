//! Small sagas, every run with up to two faults: every order of ends, every way to fail, every moment to crash.

use std::sync::Arc;

use super::choices::{Choices, Script};
use super::drive::Drive;
use super::rig::*;
use crate::definition::{Definition, OutputUse, StepDefinition};
use crate::journal::InstanceState;

const FAULTS: u32 = 2;

/// Runs everything, and returns how many runs there were and how many of them completed.
fn explore(steps: Vec<StepDefinition>) -> (u32, u32) {
    let output = steps.len() - 1;
    let definition = Arc::new(Definition::new("saga", 1, steps, output));
    let (mut runs, mut completed) = (0, 0);
    let mut script = Some(Script::default());
    while let Some(this) = script.take() {
        let drive = Drive::new(definition.clone(), Choices::Script(this), FAULTS);
        let (state, choices) = drive.run_scripted();
        runs += 1;
        completed += u32::from(state == InstanceState::Completed);
        if let Choices::Script(done) = choices {
            script = done.next();
        }
    }
    (runs, completed)
}

fn all_hold(steps: Vec<StepDefinition>) {
    let (runs, completed) = explore(steps);
    assert!(runs > 100, "only {runs} runs");
    assert!((1..runs).contains(&completed), "{completed} of {runs} completed");
}

#[test]
fn i8_holds_in_every_run_of_a_chain_of_every_kind_of_doubt() {
    all_hold(chain([step("a"), step("b").idempotent(), step("c").park_in_doubt()]));
}

#[test]
fn i8_holds_in_every_run_where_compensations_need_outputs() {
    let settled = step_with("a", OutputUse::Required).idempotent();
    let checked = step_with("b", OutputUse::Required).check(check());
    all_hold(vec![settled, checked.after(&[0])]);
}

#[test]
fn i8_and_i11_hold_in_every_run_of_two_branches() {
    all_hold(vec![step("a"), step_with("b", OutputUse::Required).idempotent(), step("c").after(&[0, 1])]);
}

#[test]
fn i12_holds_in_every_run_of_a_saga_with_a_pivot() {
    for p in [pivot("p").idempotent(), pivot("p").check(check()), pivot("p").park_in_doubt()] {
        all_hold(chain([step("a"), p, retriable("r").check(check())]));
    }
}

#[test]
fn i8_holds_in_every_run_of_a_step_of_several_items() {
    let needy = step_with("b", OutputUse::Required).idempotent().fan_out(2);
    all_hold(vec![needy]);
    all_hold(chain([step("a").fan_out(1), step("b")]));
}

#[test]
fn i8_and_i11_hold_in_every_run_of_conditions_messages_and_children() {
    let compensation = crate::definition::CompensationDefinition::new("child", OutputUse::Unused);
    let child = StepDefinition::new("c", crate::definition::StepKind::Compensatable);
    let child = child.compensation(compensation).child("other-saga");
    let second = std::time::Duration::from_secs(1);
    all_hold(chain([step("a").conditional(), step("b").signal(Some(second)), child, step("d")]));
}

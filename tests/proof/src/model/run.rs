//! Going through the models, one after the other, each on all cores.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Instant;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use super::action::Action;
use super::saga::Saga;
use super::show;
use crate::table::{Found, Row};

/// What to go through.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// Only the model of this name.
    pub(crate) name: Option<String>,
    /// With this many faults at most. With fewer than a model has by itself, not all may happen that has to.
    pub(crate) faults: Option<u8>,
}

/// Goes through the models that are chosen.
///
/// # Errors
/// What is wrong with the choice.
pub(crate) fn run(choice: &Choice) -> Result<Found, String> {
    let mut sagas = Saga::all();
    if let Some(name) = &choice.name {
        let names: Vec<_> = sagas.iter().map(|saga| saga.name).collect();
        sagas.retain(|saga| saga.name == name);
        if sagas.is_empty() {
            return Err(format!("there is no model {name:?}: there are {}", names.join(", ")));
        }
    }
    let mut found = Found::default();
    for saga in sagas {
        let saga = match choice.faults {
            Some(faults) => saga.with_faults(faults),
            None => saga,
        };
        let (row, violations) = check(&saga);
        found.rows.push(row);
        found.violations.extend(violations);
    }
    Ok(found)
}

/// Goes through every state of a model.
fn check(saga: &Saga) -> (Row, Vec<String>) {
    let since = Instant::now();
    let threads = available_parallelism().map_or(1, NonZeroUsize::get);
    let checker = saga.clone().checker().threads(threads).spawn_bfs().join();
    let (cases, all) = (checker.unique_state_count(), checker.state_count());
    // Before anything is gone through again, to show the way there.
    let (faults, positions) = (saga.counts.faults(), saga.counts.deaths());
    let violations = violations(saga, &checker);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let row = Row {
        kind: format!("model: {}", saga.name),
        cases: count(cases),
        repeated: count(all - cases),
        faults,
        positions: Some(positions),
        violations: count(violations.len()),
        seconds: since.elapsed().as_secs_f64(),
    };
    (row, violations)
}

/// What was broken, each by the shortest way to it, and what did not happen anywhere.
fn violations(saga: &Saga, checker: &impl Checker<Saga>) -> Vec<String> {
    let mut found = Vec::new();
    for property in saga.properties() {
        let is_discovered = checker.discovery(property.name).is_some();
        match (property.expectation, is_discovered) {
            (Expectation::Always, true) => found.push(show::violation(saga, property.name)),
            (Expectation::Sometimes, false) => found.push(show::missing(saga, property.name)),
            (Expectation::Always | Expectation::Eventually, _) | (Expectation::Sometimes, true) => {}
        }
    }
    found
}

/// The shortest way to where a property is broken. The checker shows the last of those that it has found by the time
/// that it looks, so what is nearer is looked for until there is nothing.
pub(super) fn shortest(saga: &Saga, property: &'static str) -> Option<Vec<Action>> {
    let mut found: Option<Vec<Action>> = None;
    loop {
        let first = HasDiscoveries::AnyOf([property].into());
        let checker = saga.clone().checker().finish_when(first);
        let checker = match &found {
            // The first state has a depth of 1, and the last of those looked at is the one before this.
            Some(nearer) => checker.target_max_depth(nearer.len() + 1),
            None => checker,
        };
        match checker.spawn_bfs().join().discovery(property) {
            Some(path) => found = Some(path.into_actions()),
            None => return found,
        }
    }
}

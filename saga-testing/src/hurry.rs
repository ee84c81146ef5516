//! Time that passes at once.

use std::time::Duration;

use saga_core::journal::{Head, InstanceState};
use saga_core::store::{MemoryStore, Position, Query, Store as _, Timestamp};
use tokio::time::Instant;

use crate::director::Director;

/// How often it is looked whether instances only wait. Longer than any of them waits in memory, so that what was to
/// happen between two looks has happened.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How long a call may take that the saga makes itself, on its own clock. Nobody knows what it waits for, so its time
/// passes minute by minute, and a year of it would take minutes.
const CALL_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Lets time pass at once while instances only wait: a day of waiting costs as little as a second. Returns if they
/// wait for what will never come.
pub(crate) async fn hurry(director: &Director, store: &MemoryStore) -> String {
    let states = vec![InstanceState::Running, InstanceState::Compensating];
    let active = Query { states, limit: usize::MAX, ..Query::default() };
    let mut calls = director.under_way();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let before = std::mem::replace(&mut calls, director.under_way());
        let Ok(heads) = store.query(&active).await else { continue };
        let dues = heads.iter().map(|(_, head)| head.progress.due);
        let due = dues.clone().flatten().filter(|due| *due != Timestamp::NEVER).min();
        let until_due = due.map(|due| due.since(Timestamp::from(director.now())));
        if let Some(longest) = calls.longest().filter(|longest| longest.took > CALL_PATIENCE) {
            return format!(
                "{} has been under way for {} hours of its own time: let the saga wait with `delay`, for a signal, \
                     or until a step is tried again",
                longest.name,
                CALL_PATIENCE.as_secs() / (60 * 60)
            );
        }
        let wait = match () {
            // Those that hang are all that goes on: until the first of them is given up, or another instance is due.
            () if !calls.is_empty() && calls.begun == before.begun => calls.hang_until().map(|until| {
                let until = until.saturating_duration_since(Instant::now());
                until_due.map_or(until, |due| due.min(until))
            }),
            () if !calls.is_empty() => None,
            // One that has no time to wait for does something.
            () if heads.is_empty() || dues.clone().any(|due| due.is_none()) => None,
            () if due.is_none() => return stuck(director, store, &heads).await,
            () => until_due,
        };
        if let Some(ahead) = wait.and_then(|wait| wait.checked_sub(LOOK_EVERY)) {
            tokio::time::advance(ahead).await;
        }
    }
}

/// Why those that wait will wait for ever.
async fn stuck(director: &Director, store: &MemoryStore, heads: &[(Position, Head)]) -> String {
    let heads: Vec<&Head> = heads.iter().map(|(_, head)| head).collect();
    let query = Query { states: vec![InstanceState::Parked], limit: usize::MAX, ..Query::default() };
    let parked = store.query(&query).await.unwrap_or_default();
    let child = parked.iter().map(|(_, head)| head).find(|head| head.parent.is_some());
    if let Some(child) = child {
        let progress = &child.progress;
        let step = progress.step.as_ref().map(|step| format!(" at {step}")).unwrap_or_default();
        let reason = progress.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        return format!(
            "the child {} is parked{step}{reason}, and its parent waits until a person decides what becomes of it",
            child.id
        );
    }
    // Whoever has a child that goes on waits for that.
    let is_parent = |id| heads.iter().any(|head| head.parent.as_ref() == Some(id));
    match heads.iter().find(|head| !is_parent(&head.id)) {
        Some(head) if head.id.as_str() != director.id() => {
            format!("{} waits for a signal that nobody sends: see `.signal_child(..)`", head.id)
        }
        _ => "it waits for a signal that nobody sends: see `.signal(..)`".to_owned(),
    }
}

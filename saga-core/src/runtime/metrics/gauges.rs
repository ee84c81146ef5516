//! What is looked at from time to time: the store, the memory, the queue.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::recording::{STATES, number};
use crate::journal::InstanceState;
use crate::runtime::shared::Shared;
use crate::store::Unfinished;
use crate::time::Timestamp;

/// How often the store is asked: about as often as metrics are collected.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// How many times longer than it took to ask the store it is left alone: with a million instances that wait the question is
/// no longer cheap, and it must not be what the store is busy with.
const REST_FACTOR: u32 = 50;

/// Keeps the gauges up to date until the end, in a task of its own. Nothing waits for it: if the store does not
/// answer, the gauges stay as they are.
pub(crate) fn watch(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    shared.runtime.clone().spawn(async move {
        tokio::select! {
            biased;
            () = shared.lifecycle.ending() => {}
            () = look(&shared) => {}
        }
        let gauges = &shared.recording.gauges;
        gauges.queued.set(0);
        gauges.in_memory.set(0);
    });
}

async fn look(shared: &Shared) {
    loop {
        let begun = Instant::now();
        let unfinished = shared.store.unfinished().await;
        let rest = LOOK_EVERY.max(begun.elapsed() * REST_FACTOR);
        show_memory(shared);
        match unfinished {
            Ok(unfinished) => show(shared, &unfinished, shared.now()),
            Err(error) => debug!(%error, "the unfinished instances could not be counted"),
        }
        tokio::time::sleep(rest).await;
    }
}

fn show_memory(shared: &Shared) {
    let gauges = &shared.recording.gauges;
    gauges.queued.set(number(shared.admission.queued() as u64));
    gauges.in_memory.set(number(shared.in_memory() as u64));
}

fn show(shared: &Shared, unfinished: &Unfinished, now: Timestamp) {
    let gauges = &shared.recording.gauges;
    for (state, gauge) in STATES.into_iter().zip(&gauges.instances) {
        gauge.set(number(match state {
            InstanceState::Running => unfinished.running,
            InstanceState::Compensating => unfinished.compensating,
            InstanceState::Parked => unfinished.parked,
            InstanceState::Unreadable => unfinished.unreadable,
            InstanceState::Completed | InstanceState::Compensated => 0,
        }));
    }
    gauges.needing_attention.set(number(unfinished.needs_attention));
    gauges.oldest_age.set(unfinished.oldest.map_or(Duration::ZERO, |oldest| now.since(oldest)));
}

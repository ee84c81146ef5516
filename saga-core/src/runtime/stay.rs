//! The lease of this orchestrator's stay at its store.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, error, warn};

use crate::id::Epoch;
use crate::runtime::shared::Shared;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

/// How long others wait before they take over the instances of a worker that is silent: longer than the pauses
/// of a busy machine, shorter than the patience of who waits for an order.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// How often the lease is prolonged: two renewals may fail before it passes.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// Begins a stay.
pub(crate) async fn join(store: &dyn Store, now: Timestamp) -> Result<Epoch, StoreError> {
    store.join(now, now.plus(LEASE)).await
}

/// Prolongs the lease until the end. If it has passed, others may drive what was driven here: everything in
/// memory stops, nothing starts, and a new stay begins.
pub(crate) async fn keep(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            biased;
            () = tokio::time::sleep(RENEW_EVERY) => {}
            // The store is to know how late it is here: should this clock be set right before the next stay begins, what
            // waits for a time of today's clock does not wait for that to come round.
            () = shared.wall.was_set() => {}
            () = shared.stay_ended() => {}
            () = shared.lifecycle.ending() => return,
        }
        let (epoch, now) = (shared.epoch(), shared.now());
        match shared.store.renew(epoch, now, now.plus(LEASE)).await {
            Ok(true) => debug!("the lease is prolonged"),
            Ok(false) => {
                // At once: until a new stay begins may take as long as the store likes.
                shared.stay_has_ended(epoch);
                rejoin(&shared, epoch).await;
            }
            Err(error) => {
                warn!(%error, "the lease could not be prolonged, trying again");
                shared.mend().await;
            }
        }
    }
}

async fn rejoin(shared: &Arc<Shared>, ended: Epoch) {
    error!("the lease has passed: others may have taken over, beginning anew");
    let epoch = match join(&*shared.store, shared.now()).await {
        Ok(epoch) => epoch,
        Err(error) => return warn!(%error, "no new stay could begin, trying again"),
    };
    shared.set_epoch(epoch);
    // What was created meanwhile belongs to the old stay too.
    shared.lose_until(ended);
    shared.mislaid.may_have_parked();
    // The process has not died, so there is nobody to suspect.
    if let Err(error) = shared.store.settle(epoch).await {
        warn!(%error, "that the lease has passed could not be forgotten");
    }
    shared.admission.nudge();
}

//! Who may have taken the process with it, and how that is found out.
//!
//! After an unclean end, what was running is under suspicion. One end in a row says little: a deploy or a loss of power
//! is the likely cause, so everything goes on, and only an instance that ran alone is blamed. After more of them in a
//! row the suspects are brought back in groups that halve with each end, and nothing else starts until their attempts
//! have ended: so the one that takes the process with it is soon alone. All others lose is time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tracing::{info, warn};

use crate::definition::Definition;
use crate::id::{Epoch, InstanceId};
use crate::journal::Loss;
use crate::machine::Machine;
use crate::runtime::revive::replay;
use crate::runtime::shared::Shared;
use crate::store::Stored;

/// The longest that other instances are held back in one life of the process while suspects are tried. What takes
/// longer than this to take the process with it is not what keeps it from getting anywhere.
pub(crate) const TRIAL_MAX: Duration = Duration::from_secs(60);

/// What is known of the stays that ended uncleanly, and of those that were running then.
pub(crate) struct Suspects {
    /// The stay of this process.
    epoch: Epoch,
    unclean: Mutex<Vec<Epoch>>,
    /// What was running when the stay right before this one ended. Of an earlier one nobody can tell any more: what was
    /// running then beside an instance may have been driven since, and be anywhere.
    ran: Mutex<Ran>,
    /// The suspects whose attempts have not ended yet.
    open: AtomicUsize,
    closed: Notify,
}

/// What was running when a stay ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ran {
    Nothing,
    Only(InstanceId),
    Several,
}

/// An instance is under suspicion until this is dropped: until the attempts that it was brought back with have ended.
pub(crate) struct Suspicion {
    suspects: Arc<Suspects>,
}

impl Drop for Suspicion {
    fn drop(&mut self) {
        if self.suspects.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.suspects.closed.notify_waiters();
        }
    }
}

impl Suspects {
    pub(crate) fn new(epoch: Epoch, unclean: Vec<Epoch>) -> Arc<Self> {
        Arc::new(Self {
            epoch,
            unclean: Mutex::new(unclean),
            ran: Mutex::new(Ran::Nothing),
            open: AtomicUsize::new(0),
            closed: Notify::new(),
        })
    }

    /// Takes in which stays have ended uncleanly by now; `false` if that was known.
    pub(crate) fn learn(&self, unclean: Vec<Epoch>) -> bool {
        let mut known = self.unclean();
        let is_new = unclean.iter().any(|epoch| !known.contains(epoch));
        *known = unclean;
        is_new
    }

    /// The unclean ends in a row.
    pub(crate) fn ends(&self) -> usize {
        self.unclean().len()
    }

    /// Whether everything else is held back while suspects are tried.
    pub(crate) fn holds_others_back(&self) -> bool {
        self.ends() > 1
    }

    /// How many of `count` suspects are brought back at once.
    pub(crate) fn group_of(&self, count: usize) -> usize {
        let halvings = self.ends().saturating_sub(1).min(usize::BITS as usize - 1);
        count.div_ceil(1 << halvings).max(1)
    }

    /// Notes that an instance was running when the stay ended that it was last driven in. `false` if it is no suspect.
    pub(crate) fn note(&self, definition: &Arc<Definition>, stored: &Stored) -> bool {
        let is_running = replay(definition, stored).is_ok_and(|read| read.machine.has_attempts_running());
        let Some(epoch) = self.unclean_epoch_of(stored).filter(|_| is_running) else { return false };
        if self.is_right_before(epoch) {
            let mut ran = self.ran();
            *ran = match &*ran {
                Ran::Nothing => Ran::Only(stored.head.id.clone()),
                Ran::Only(id) if *id == stored.head.id => return true,
                Ran::Only(_) | Ran::Several => Ran::Several,
            };
        }
        true
    }

    /// Notes that others may have been running too, beside those that were noted.
    pub(crate) fn note_others(&self) {
        *self.ran() = Ran::Several;
    }

    /// What the death of the attempts is that the machine of `stored` takes for running. A death that nobody has
    /// looked into blames nobody.
    pub(crate) fn loss_of(&self, stored: &Stored, machine: &Machine) -> Loss {
        match self.unclean_epoch_of(stored).filter(|_| machine.has_attempts_running()) {
            None => Loss::CutOff,
            Some(epoch)
                if self.is_right_before(epoch) && *self.ran() == Ran::Only(stored.head.id.clone()) =>
            {
                Loss::Alone
            }
            Some(_) => Loss::Among,
        }
    }

    /// Puts an instance under suspicion.
    pub(crate) fn suspect(self: &Arc<Self>) -> Arc<Suspicion> {
        self.open.fetch_add(1, Ordering::AcqRel);
        Arc::new(Suspicion { suspects: Arc::clone(self) })
    }

    /// Waits until the attempts of all who are under suspicion have ended.
    pub(crate) async fn all_closed(&self) {
        loop {
            let closed = self.closed.notified();
            if self.open.load(Ordering::Acquire) == 0 {
                return;
            }
            closed.await;
        }
    }

    /// The stay that the instance was last driven in, if that ended uncleanly.
    fn unclean_epoch_of(&self, stored: &Stored) -> Option<Epoch> {
        let epoch = stored.entries.last()?.epoch;
        self.unclean().contains(&epoch).then_some(epoch)
    }

    fn unclean(&self) -> MutexGuard<'_, Vec<Epoch>> {
        self.unclean.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_right_before(&self, epoch: Epoch) -> bool {
        epoch.get() + 1 == self.epoch.get()
    }

    fn ran(&self) -> MutexGuard<'_, Ran> {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the unclean ends once all suspects have been brought back and their attempts have ended.
pub(crate) async fn settle(shared: Arc<Shared>) {
    tokio::select! {
        biased;
        () = shared.suspects.all_closed() => {}
        () = shared.lifecycle.ending() => return,
    }
    match shared.store.settle(shared.epoch()).await {
        Ok(()) => info!("what was running when the process died has got through"),
        // The next life is more careful than it has to be.
        Err(error) => warn!(%error, "the unclean ends before could not be forgotten"),
    }
}

//! Seeing that a life goes round in circles: simulated time stands still then, so nothing inside of it can tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::script::Script;
use super::shape::Place;

/// The longest that a life may take, of real time. Most take a tenth of a millisecond.
const LIFE_MAX: Duration = Duration::from_secs(60);

/// How often it is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a worker is at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<Option<At>>>);

/// A life under way.
#[derive(Debug)]
struct At {
    since: Instant,
    shape: &'static str,
    places: &'static [Place],
    script: Arc<Script>,
    crashes: Vec<usize>,
}

/// The name of a history that does not come to an end.
#[derive(Debug)]
pub(crate) struct Stuck {
    pub(crate) shape: &'static str,
    pub(crate) script: String,
    pub(crate) crashes: Vec<usize>,
}

impl Watch {
    /// A life begins.
    pub(crate) fn begin(
        &self,
        shape: &'static str,
        places: &'static [Place],
        script: &Arc<Script>,
        crashes: Vec<usize>,
    ) {
        *self.at() = Some(At { since: Instant::now(), shape, places, script: Arc::clone(script), crashes });
    }

    /// It is over.
    pub(crate) fn end(&self) {
        *self.at() = None;
    }

    /// The history that does not come to an end, if there is one.
    pub(crate) fn stuck(&self) -> Option<Stuck> {
        let at = self.at();
        let at = at.as_ref().filter(|at| at.since.elapsed() > LIFE_MAX)?;
        Some(Stuck { shape: at.shape, script: at.script.to_text(at.places), crashes: at.crashes.clone() })
    }

    fn at(&self) -> MutexGuard<'_, Option<At>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

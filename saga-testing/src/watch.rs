//! Who sees that a history does not get on: its time stands still while code holds its thread.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::director::Director;

/// How long a history may take in truth before it is told. Most take a millisecond.
const SLOW: Duration = Duration::from_secs(20);

/// The histories that are running.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    running: Mutex<Running>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Running {
    next: usize,
    histories: BTreeMap<usize, History>,
}

#[derive(Debug)]
struct History {
    since: Instant,
    place: Place,
    is_told: bool,
}

/// What a history is at.
#[derive(Debug)]
pub(crate) enum Place {
    /// Its saga and its world are made.
    Make,
    /// Its saga runs.
    Run(Arc<Director>),
    /// Its end is checked.
    Check,
}

/// A history under watch, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    watch: &'a Watch,
    number: usize,
}

impl Watch {
    /// A history begins.
    pub(crate) fn begin(&self) -> Watched<'_> {
        let mut running = self.running();
        running.next += 1;
        let number = running.next;
        let history = History { since: Instant::now(), place: Place::Make, is_told: false };
        running.histories.insert(number, history);
        Watched { watch: self, number }
    }

    /// Does `work`, and tells meanwhile which histories do not get on.
    pub(crate) fn over<T>(&self, work: impl FnOnce() -> T) -> T {
        let is_done = Mutex::new(false);
        let lock = || is_done.lock().unwrap_or_else(PoisonError::into_inner);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut done = lock();
                while !*done {
                    done =
                        self.changed.wait_timeout(done, SLOW / 4).unwrap_or_else(PoisonError::into_inner).0;
                    for slow in self.slow(SLOW) {
                        // Not captured by the test that hangs, like what is printed with a macro.
                        let _untold = writeln!(std::io::stderr(), "{slow}");
                    }
                }
            });
            // However the work ends.
            let _done = Done(|| {
                *lock() = true;
                self.changed.notify_all();
            });
            work()
        })
    }

    /// What is to be told of histories that have been running for `slow`, once of each.
    fn slow(&self, slow: Duration) -> Vec<String> {
        let mut running = self.running();
        let histories = running.histories.values_mut().filter(|history| !history.is_told);
        histories
            .filter(|history| history.since.elapsed() >= slow)
            .map(|history| {
                history.is_told = true;
                let (place, which) = match &history.place {
                    Place::Make => ("`make`".to_owned(), String::new()),
                    Place::Check => ("its check".to_owned(), String::new()),
                    Place::Run(director) => {
                        let calls = director.under_way().names().join(" and ");
                        let code = director.code();
                        let which = if code.is_empty() { code } else { format!(" The history: .only(\"{code}\").") };
                        (if calls.is_empty() { "no call".to_owned() } else { calls }, which)
                    }
                };
                format!(
                    "sagas::testing: a history has been running for {} s of real time, and is in {place}. Code that \
                     holds its thread holds up its time too: a lock that is held, a thread that sleeps, a loop that \
                     waits for nothing.{which}",
                    slow.as_secs()
                )
            })
            .collect()
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched<'_> {
    /// It goes on there.
    pub(crate) fn is_at(&self, place: Place) {
        if let Some(history) = self.watch.running().histories.get_mut(&self.number) {
            history.place = place;
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watch.running().histories.remove(&self.number);
    }
}

/// Does something when it is dropped.
struct Done<F: Fn()>(F);

impl<F: Fn()> Drop for Done<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_get_on_is_told_once() {
        let watch = Watch::default();
        let watched = watch.begin();
        assert_eq!(watch.slow(SLOW), Vec::<String>::new(), "it has just begun");
        watched.is_at(Place::Check);
        let told = watch.slow(Duration::ZERO);
        assert!(
            told.iter().any(|told| told.contains("is in its check. Code that holds its thread")),
            "{told:?}"
        );
        assert_eq!(watch.slow(Duration::ZERO), Vec::<String>::new());
        drop(watched);
        watch.begin();
        assert_eq!(watch.slow(Duration::ZERO), Vec::<String>::new(), "both are over");
    }
}

//! The wall clock, which may have been wrong, or be wrong now. It decides when something happens; where it has
//! gone back it errs to the safe side.

use std::time::Duration;

use super::record::Moment;
use super::state::State;
use crate::time::Timestamp;

/// A clock that is set right by less has not gone back.
const SLACK: Duration = Duration::from_secs(1);

/// What the time is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: Moment,
    /// How the instance was read back, if it was. Between then and now the clock has not jumped: the process that
    /// drives an instance counts for itself.
    pub(super) read_back: Option<ReadBack>,
}

/// How an instance was read back from its journal.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadBack {
    /// When.
    at: Timestamp,
    /// The latest time in the journal since the clock went back last, and how often it has.
    latest: Moment,
}

impl ReadBack {
    pub(super) fn new(state: &State, at: Timestamp) -> Self {
        Self { at, latest: Moment { at: state.latest, went_back: state.last.went_back } }
    }

    /// Whether something that the journal says was at `moment` had yet to come.
    fn precedes(self, moment: Moment) -> bool {
        let is_in_journal = moment.went_back < self.latest.went_back
            || (moment.went_back == self.latest.went_back && moment.at <= self.latest.at);
        is_in_journal && went_back(moment.at, self.at)
    }
}

impl Clock {
    /// When what was to wait from `since` to `until` is over. What began to wait at a time that had yet to come
    /// when the instance was read back waits anew from there: nobody knows how long it has waited, and a clock
    /// that went back by a day does not make it wait for one.
    pub(super) fn due(self, since: Moment, until: Timestamp) -> Timestamp {
        match self.read_back.filter(|read_back| read_back.precedes(since)) {
            Some(read_back) => read_back.at.plus(until.since(since.at)),
            None => until,
        }
    }

    /// Whether that is over.
    pub(super) fn is_over(self, since: Moment, until: Timestamp) -> bool {
        self.due(since, until) <= self.now.at
    }

    /// Whether some of what waits may be over before the time it was to wait for: the clock has gone back at some
    /// time.
    pub(super) fn may_be_early(self) -> bool {
        self.read_back.is_some_and(|back| back.latest.went_back > 0 || back.precedes(back.latest))
    }
}

impl State {
    /// What `at` is after the last event.
    pub(super) fn moment(&self, at: Timestamp) -> Moment {
        let went_back = u32::from(went_back(self.last.at, at));
        Moment { at, went_back: self.last.went_back.saturating_add(went_back) }
    }
}

/// Whether a clock that showed `before` and then shows `after` has gone back.
fn went_back(before: Timestamp, after: Timestamp) -> bool {
    before.since(after) > SLACK
}

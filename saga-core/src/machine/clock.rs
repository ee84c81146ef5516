//! The wall clock, which may have been wrong, or be wrong now. It decides when something happens; where it has
//! gone back it errs to the safe side.

use std::time::Duration;

use super::record::Moment;
use super::state::State;
use crate::time::Timestamp;

/// A clock that is set right by less has not gone back.
const SLACK: Duration = Duration::from_secs(1);

/// What the time is, and what the journal says of the clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: Moment,
    /// When the journal went on after the clock went back last, if it has.
    set_back: Moment,
}

impl Clock {
    /// When what was to wait from `since` to `until` is over. What began to wait at a time that had yet to come when
    /// the clock went back waits anew from there: nobody knows how long it has waited, and a clock that went back by
    /// a day does not make it wait for one.
    pub(super) fn due(self, since: Moment, until: Timestamp) -> Timestamp {
        let Self { set_back, .. } = self;
        if since.went_back < set_back.went_back && went_back(since.at, set_back.at) {
            return set_back.at.plus(until.since(since.at));
        }
        until
    }

    /// Whether that is over.
    pub(super) fn is_over(self, since: Moment, until: Timestamp) -> bool {
        self.due(since, until) <= self.now.at
    }

    /// Whether some of what waits may be over before the time it was to wait for: the clock has gone back at some
    /// time.
    pub(super) fn may_be_early(self) -> bool {
        self.set_back.went_back > 0
    }
}

impl State {
    /// What the time is, at `now`.
    pub(super) fn clock(&self, now: Timestamp) -> Clock {
        let set_back = Moment { at: self.set_back_at, went_back: self.last.went_back };
        Clock { now: self.moment(now), set_back }
    }

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

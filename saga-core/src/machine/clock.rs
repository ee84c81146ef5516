//! The wall clock, which may have been wrong, or be wrong now. It decides when something happens; where it was
//! changed it errs to the safe side.

use std::time::Duration;

use super::error::Illegal;
use super::record::{Moment, Record};
use super::state::{State, Unit};
use super::status::Method;
use super::turn::Turn;
use crate::definition::{CheckDefinition, Definition};
use crate::journal::Event;
use crate::time::Timestamp;

/// A clock that is set right by less has not gone back.
const SLACK: Duration = Duration::from_secs(1);

/// What the time is, and what the journal says of the clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: Moment,
    /// When the journal went on after the clock went back last, if it has.
    set_back: Moment,
    /// Since when the times are those of this clock; `None` if they all are.
    since: Option<Moment>,
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

    /// When the next attempt of `method` of `unit`, which waits until `until`, is due.
    pub(super) fn attempt_due(self, unit: Unit<'_>, method: Method, until: Timestamp) -> Timestamp {
        let due = self.due(unit.record.since, until);
        let is_first_check = method == Method::Check && unit.record.checks.made == 0;
        match (&unit.of.check, self.since) {
            (Some(check), Some(since)) if is_first_check && unit.record.since < since => {
                due.max(self.due(since, since.at.plus(check.after)))
            }
            _ => due,
        }
    }

    /// When no request of `unit` can be travelling any more, as its `check` says. Where another clock has come since
    /// its last attempt ended, that is all that is known of how long ago it was.
    pub(super) fn arrived(self, unit: Unit<'_>, check: &CheckDefinition) -> Timestamp {
        let ended_at = unit.record.ended_at;
        let since = self.since.map_or(ended_at, |since| ended_at.max(since));
        self.due(since, since.at.plus(check.after))
    }

    /// Whether some of what waits may be over at another time than it was to wait for: the clock was changed.
    pub(super) fn moves_waits(self) -> bool {
        self.set_back.went_back > 0 || self.since.is_some()
    }
}

impl State {
    /// What the time is, at `now`.
    pub(super) fn clock(&self, now: Timestamp) -> Clock {
        let set_back = Moment { at: self.set_back_at, went_back: self.last.went_back };
        Clock { now: self.moment(now), set_back, since: self.clock_since }
    }

    /// What `at` is after the last event.
    pub(super) fn moment(&self, at: Timestamp) -> Moment {
        let went_back = u32::from(went_back(self.last.at, at));
        Moment { at, went_back: self.last.went_back.saturating_add(went_back) }
    }
}

impl Turn<'_> {
    /// Takes down that the clock is another one, if anything depends on that.
    pub(super) fn clock_changed(&mut self) -> Result<(), Illegal> {
        let went_back = self.clock().now.went_back > self.state.last.went_back;
        let matters = went_back || self.state.awaits_requests(self.definition);
        if matters && !self.state.phase.is_terminal() { self.record(Event::ClockChanged) } else { Ok(()) }
    }
}

impl State {
    /// Whether a step or an item will be checked, or may be, once no request of it can be travelling any more.
    fn awaits_requests(&self, definition: &Definition) -> bool {
        let awaits = |record: &Record| record.doubt && record.checks.made == 0;
        self.steps(definition)
            .filter(|step| step.of.check.as_ref().is_some_and(|check| !check.after.is_zero()))
            .any(|step| {
                let mut items = step.record.items.iter().flat_map(|items| items.iter());
                awaits(&step.record.own) || items.any(|(_, item)| awaits(item))
            })
    }
}

/// Whether a clock that showed `before` and then shows `after` has gone back.
fn went_back(before: Timestamp, after: Timestamp) -> bool {
    before.since(after) > SLACK
}

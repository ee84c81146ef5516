//! That a deadline turns an instance around when it passes, and never before: I14.

use std::time::Duration;

use sagas::journal::{Entry, Event, FailureKind};
use sagas::store::Timestamp;

use super::Judge;
use crate::promise::Promise;
use crate::simulation::place::Who;

/// A clock that is set right by less has not gone back.
const SLACK: Duration = Duration::from_secs(1);

/// How late an instance may be turned around where nothing holds up its worker or the store.
const LATE_MAX: Duration = Duration::from_secs(1);

/// The deadline of an instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    /// When it was started.
    started_at: Timestamp,
    /// When it passes.
    at: Timestamp,
    /// The same by the time of the simulation.
    passes: Duration,
    /// Whether a clock went back to before the start: then it passes so long after that, which may be earlier.
    is_moved: bool,
}

impl Judge {
    /// An entry is to be added: it starts no step after the deadline, but where there is no way back, and does not
    /// compensate for it before.
    pub(super) fn in_time(&mut self, who: Who, entry: &Entry) {
        self.begins(who, entry);
        self.late(who);
        let Some(deadline) = self.deadlines.get_mut(&who) else {
            return self.turned_around(who, entry, false);
        };
        deadline.is_moved |= deadline.started_at.since(entry.at) > SLACK;
        let Deadline { at, is_moved, .. } = *deadline;
        let has_passed = entry.at >= at;
        self.turned_around(who, entry, has_passed || is_moved);
        let decided = |event: &&Event| !matches!(event, Event::CompensationDecided { .. });
        let mut forward = entry.events.iter().take_while(decided);
        let starts = forward.any(|event| matches!(event, Event::StepStarted { .. }));
        if has_passed && starts && self.can_be_cut(who) {
            let seq = entry.seq;
            self.breaks(Promise::I14, || format!("entry {seq} of {who} starts a step after its deadline"));
        }
    }

    /// Nothing more is seen of an instance.
    pub(super) fn in_time_to_the_end(&mut self, who: Who) {
        self.late(who);
    }

    fn begins(&mut self, who: Who, entry: &Entry) {
        for event in &entry.events {
            let Event::SagaStarted { saga, .. } = event else { continue };
            let after = self.family.named(saga).and_then(|saga| saga.deadline_after());
            if let Some(after) = after {
                let (started_at, passes) = (entry.at, self.now + after);
                let deadline = Deadline { started_at, at: entry.at.plus(after), passes, is_moved: false };
                self.deadlines.insert(who, deadline);
            }
        }
    }

    /// Where nothing holds it up, an instance is turned around at once.
    fn late(&mut self, who: Who) {
        let can_be_cut = self.is_fair && self.can_be_cut(who);
        let Some(deadline) = self.deadlines.get_mut(&who) else { return };
        let late = self.now.saturating_sub(deadline.passes);
        if can_be_cut && late > LATE_MAX {
            // That it is late is said once.
            deadline.passes = Duration::MAX;
            self.breaks(Promise::I14, || {
                format!("the deadline of {who} had passed by {late:?}, and it was not turned around")
            });
        }
    }

    fn turned_around(&mut self, who: Who, entry: &Entry, may_be: bool) {
        let is_deadline = |event: &Event| matches!(event, Event::CompensationDecided { cause } if cause.kind == FailureKind::Deadline);
        if entry.events.iter().any(is_deadline) && !(may_be && self.can_be_cut(who)) {
            let seq = entry.seq;
            self.breaks(Promise::I14, || {
                format!("entry {seq} of {who} compensates for a deadline that has not passed")
            });
        }
    }

    /// Whether a deadline can turn an instance around as it stands: it runs, and its pivot has not started.
    fn can_be_cut(&self, who: Who) -> bool {
        let Some(journal) = self.journal(who) else { return false };
        let pivot = self.pivot_of(who);
        let is_past = pivot.is_some_and(|pivot| journal.record((pivot, None)).attempts > 0);
        !journal.has_ended() && !journal.goes_back() && !is_past
    }
}

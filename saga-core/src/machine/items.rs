//! The items of a step that fans out, with counts and indexes: what concerns one item takes no longer with ten
//! thousand of them than with ten.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::record::{Moment, Record};
use super::shown::{Shown, shown};
use super::status::{Method, StepStatus};
use super::table::is_quiet;
use crate::definition::{StepDefinition, StepKind};
use crate::time::Timestamp;

/// After so many failed attempts in a row, of something that is tried without limit, a person should look.
pub(super) const ATTENTION_AFTER: u32 = 10;

/// What is known of the items of a step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Items {
    records: Vec<Record>,
    /// It follows from the records.
    tally: Tally,
}

/// How many items are what, and which.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Tally {
    pending: u32,
    running: u32,
    under_way: u32,
    succeeded: u32,
    quiet: u32,
    blocked: u32,
    shown: Shown,
    failing_attempts: u32,
    failing_checks: u32,
    failing_compensations: u32,
    attempts: u32,
    /// Those whose next attempt waits for its time.
    waiting: BTreeSet<(Timestamp, u32)>,
    parked: BTreeSet<u32>,
    /// Those in doubt that have to be settled before they can be compensated, by the end of their last attempt.
    to_settle: BTreeSet<(Timestamp, u32)>,
    /// Those that can be compensated as they are.
    to_compensate: BTreeSet<u32>,
}

/// Which way a record is counted.
#[derive(Debug, Clone, Copy)]
enum Counting {
    In,
    Out,
}

impl Items {
    /// `count` items that have not begun.
    pub(super) fn new(count: u32, of: &StepDefinition, moment: Moment) -> Self {
        let records = (0..count).map(|_| Record::new(moment)).collect();
        let mut items = Self { records, tally: Tally::default() };
        items.recount(of);
        items
    }

    /// Changes one item; `None` if `change` refuses, or there is no such item.
    pub(super) fn change(
        &mut self,
        item: u32,
        of: &StepDefinition,
        change: impl FnOnce(&mut Record) -> Option<()>,
    ) -> Option<()> {
        work::look();
        let record = self.records.get_mut(usize::try_from(item).ok()?)?;
        self.tally.count(item, record, of, Counting::Out);
        let changed = change(record);
        self.tally.count(item, record, of, Counting::In);
        changed
    }

    /// Changes all items.
    pub(super) fn change_all(&mut self, of: &StepDefinition, change: impl FnMut(&mut Record)) {
        self.records.iter_mut().for_each(change);
        self.recount(of);
    }

    fn recount(&mut self, of: &StepDefinition) {
        self.tally = Tally::default();
        for (item, record) in (0..).zip(&self.records) {
            work::look();
            self.tally.count(item, record, of, Counting::In);
        }
    }

    /// The items in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Record)> {
        (0..).zip(&self.records).inspect(|_| work::look())
    }

    pub(super) fn get(&self, item: u32) -> Option<&Record> {
        work::look();
        self.records.get(usize::try_from(item).ok()?)
    }

    /// Whether all have succeeded.
    pub(super) fn are_done(&self) -> bool {
        self.is_all(self.tally.succeeded)
    }

    /// Whether none has an effect that is left to compensate, or will have one.
    pub(super) fn are_quiet(&self) -> bool {
        self.is_all(self.tally.quiet)
    }

    fn is_all(&self, count: u32) -> bool {
        usize::try_from(count).is_ok_and(|count| count == self.records.len())
    }

    /// The first item that has not begun: they begin in order.
    pub(super) fn next(&self) -> Option<u32> {
        let begun = u32::try_from(self.records.len()).ok()?.saturating_sub(self.tally.pending);
        (self.tally.pending > 0).then_some(begun)
    }

    /// How many attempts are under way.
    pub(super) const fn running(&self) -> u32 {
        self.tally.running
    }

    /// How many have begun and not ended: forward, each holds one of the places.
    pub(super) const fn under_way(&self) -> u32 {
        self.tally.under_way
    }

    /// All attempts that were made of them.
    pub(super) const fn attempts(&self) -> u32 {
        self.tally.attempts
    }

    /// How many are in which state, as a person sees it.
    pub(super) const fn shown(&self) -> &Shown {
        &self.tally.shown
    }

    pub(super) const fn has_blocked(&self) -> bool {
        self.tally.blocked > 0
    }

    /// How many go on being tried by `method` and have failed so often that a person should look.
    pub(super) const fn failing(&self, method: Method) -> u32 {
        match method {
            Method::Attempt => self.tally.failing_attempts,
            Method::Check => self.tally.failing_checks,
            Method::Compensation => self.tally.failing_compensations,
        }
    }

    /// The parked ones in order.
    pub(super) fn parked(&self) -> impl Iterator<Item = u32> + '_ {
        self.tally.parked.iter().copied()
    }

    /// Of those that wait, the next after `last` in order of time.
    pub(super) fn next_waiting(&self, last: Option<(Timestamp, u32)>) -> Option<(Timestamp, u32)> {
        work::look();
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        self.tally.waiting.range((from, Bound::Unbounded)).next().copied()
    }

    /// The times after `after` that any waits for, in order.
    pub(super) fn waiting_after(&self, after: Option<Timestamp>) -> impl Iterator<Item = Timestamp> + '_ {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded((after, u32::MAX)));
        self.tally.waiting.range((from, Bound::Unbounded)).map(|(until, _)| *until).inspect(|_| work::look())
    }

    /// Those that wait, in order of time.
    pub(super) fn waiting(&self) -> impl Iterator<Item = u32> + '_ {
        self.tally.waiting.iter().map(|(_, item)| *item).inspect(|_| work::look())
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.tally.waiting.is_empty()
    }

    /// Those in doubt that are to be settled, in the order in which their last attempts ended.
    pub(super) fn to_settle(&self) -> impl Iterator<Item = (Timestamp, u32)> + '_ {
        self.tally.to_settle.iter().copied().inspect(|_| work::look())
    }

    /// The last of those that can be compensated as they are.
    pub(super) fn to_compensate(&self) -> Option<u32> {
        self.tally.to_compensate.last().copied()
    }
}

impl Tally {
    fn count(&mut self, item: u32, record: &Record, of: &StepDefinition, counting: Counting) {
        let status = record.status;
        let failing = record.failing(ATTENTION_AFTER);
        let counts = [
            (&mut self.pending, status == StepStatus::Pending),
            (&mut self.running, status.running().is_some()),
            (&mut self.under_way, status.calling().is_some()),
            (&mut self.succeeded, status == StepStatus::Succeeded),
            (&mut self.quiet, is_quiet(status, of.kind)),
            (&mut self.blocked, record.block.is_some()),
            (&mut self.failing_attempts, failing == Some(Method::Attempt)),
            (&mut self.failing_checks, failing == Some(Method::Check)),
            (&mut self.failing_compensations, failing == Some(Method::Compensation)),
        ];
        for (count, applies) in counts {
            counting.add(count, u32::from(applies));
        }
        counting.add(&mut self.attempts, record.attempts.made);
        if let Some(count) = self.shown.of(shown(record, of)) {
            counting.add(count, 1);
        }
        if let Some((_, until)) = status.waiting() {
            counting.keep(&mut self.waiting, (until, item));
        }
        if record.is_parked() {
            counting.keep(&mut self.parked, item);
        }
        let needs_output = of.compensation_needs_output();
        match status {
            StepStatus::InDoubt if needs_output => {
                counting.keep(&mut self.to_settle, (record.ended_at.at, item));
            }
            StepStatus::InDoubt | StepStatus::Succeeded if of.kind == StepKind::Compensatable => {
                counting.keep(&mut self.to_compensate, item);
            }
            StepStatus::InDoubt
            | StepStatus::Succeeded
            | StepStatus::Pending
            | StepStatus::Preparing(_)
            | StepStatus::Skipped
            | StepStatus::Items
            | StepStatus::Attempt(_)
            | StepStatus::Check(_)
            | StepStatus::Void
            | StepStatus::Compensation(_)
            | StepStatus::Compensated => {}
        }
    }
}

impl Counting {
    const fn add(self, count: &mut u32, by: u32) {
        *count = match self {
            Self::In => count.saturating_add(by),
            Self::Out => count.saturating_sub(by),
        };
    }

    fn keep<T: Ord>(self, set: &mut BTreeSet<T>, member: T) {
        match self {
            Self::In => set.insert(member),
            Self::Out => set.remove(&member),
        };
    }
}

/// Counts how often an item is looked at, so that a test can say that one event does not look at all of them.
pub(super) mod work {
    #[cfg(test)]
    thread_local! {
        static LOOKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    /// An item is looked at.
    pub(super) fn look() {
        #[cfg(test)]
        LOOKS.set(LOOKS.get() + 1);
    }

    /// How often items were looked at since this was asked last.
    #[cfg(test)]
    pub(in super::super) fn take() -> usize {
        LOOKS.take()
    }
}

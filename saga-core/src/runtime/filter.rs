//! Which instances are meant.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::id::StepName;
use crate::journal::{InstanceState, ParkReason};
use crate::store::{Position, Query};
use crate::time::Timestamp;

/// Which instances are meant: every part that is set has to fit, and an empty one fits all.
///
/// ```
/// use saga_core::journal::{InstanceState, ParkReason};
/// use saga_core::runtime::Filter;
///
/// let down = Filter::new().saga("order-flow").step("process_payment").reason(ParkReason::BudgetSpent);
/// let old = Filter::new().state(InstanceState::Running).older_than(std::time::Duration::from_secs(3_600));
/// # let _ = (down, old);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "it is to be given to a method of the orchestrator"]
pub struct Filter {
    saga: Option<String>,
    state: Option<InstanceState>,
    needs_attention: Option<bool>,
    step: Option<StepName>,
    reason: Option<ParkReason>,
    parked_before: Option<SystemTime>,
    older_than: Option<Duration>,
    id_prefix: Option<String>,
    limit: Option<usize>,
    after: Option<Cursor>,
}

impl Filter {
    /// All instances.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of the saga of this name, in every version.
    pub fn saga(mut self, name: impl Into<String>) -> Self {
        self.saga = Some(name.into());
        self
    }

    /// In this state.
    pub fn state(mut self, state: InstanceState) -> Self {
        self.state = Some(state);
        self
    }

    /// That need attention, or do not: something of them was tried in vain so often, or is so late, that a person
    /// should look. What is parked is found by its [state](Self::state).
    pub fn needs_attention(mut self, needs: bool) -> Self {
        self.needs_attention = Some(needs);
        self
    }

    /// Parked at the step of this name; where several steps are parked, it is the first.
    pub fn step(mut self, name: impl Into<String>) -> Self {
        self.step = Some(StepName::new(name.into()));
        self
    }

    /// Parked for this reason; where several steps are parked, it is that of the first.
    pub fn reason(mut self, reason: ParkReason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Parked, and since this time or longer.
    pub fn parked_before(mut self, time: SystemTime) -> Self {
        self.parked_before = Some(time);
        self
    }

    /// Started this long ago or longer.
    pub fn older_than(mut self, age: Duration) -> Self {
        self.older_than = Some(age);
        self
    }

    /// Whose id begins with this. `<id>/` are the children of an instance, and theirs.
    pub fn id_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.id_prefix = Some(prefix.into());
        self
    }

    /// At most this many: on a page, or of all that something is to be done about.
    pub fn limit(mut self, instances: usize) -> Self {
        self.limit = Some(instances);
        self
    }

    /// That come after the page that had this as its [`next`](Page::next).
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    pub(crate) fn limit_or(&self, default: usize) -> usize {
        self.limit.unwrap_or(default)
    }

    /// It as a store is asked, for instances in one of `states` only; `None` if none can fit.
    pub(crate) fn query(&self, states: &[InstanceState], now: Timestamp) -> Option<Query> {
        let parked = self.parked_before.map(|_| InstanceState::Parked);
        let wanted = |state: &InstanceState| {
            self.state.is_none_or(|wanted| wanted == *state) && parked.is_none_or(|parked| parked == *state)
        };
        let states: Vec<_> = states.iter().copied().filter(wanted).collect();
        if states.is_empty() {
            return None;
        }
        let is_every = states.len() == InstanceState::ALL.len();
        Some(Query {
            saga: self.saga.clone(),
            states: if is_every { Vec::new() } else { states },
            needs_attention: self.needs_attention,
            step: self.step.clone(),
            reason: self.reason,
            since_until: self.parked_before.map(Timestamp::from),
            created_until: self.older_than.map(|age| now.minus(age)),
            id_prefix: self.id_prefix.clone(),
            after: self.after.map(|cursor| cursor.0),
            limit: 0,
        })
    }
}

/// Some of many, in the order in which they were started.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// They.
    pub items: Vec<T>,
    /// Where the next page begins, if there are more.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<T>, next: Option<Cursor>) -> Self {
        Self { items, next }
    }
}

/// Where a page begins: behind an instance, in the order in which instances were started. It means nothing but in the
/// store it comes from, where it stays true: it can be written down ([`Display`](fmt::Display)) and read
/// ([`FromStr`]) later, by another process too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor(Position);

/// What a cursor's text begins with: another form of it will have another.
const CURSOR_FORM: &str = "a";

impl Cursor {
    pub(crate) const fn behind(position: Position) -> Self {
        Self(position)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CURSOR_FORM}{:x}", self.0.get())
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(CURSOR_FORM).ok_or(InvalidCursor)?;
        let number = u64::from_str_radix(digits, 16).map_err(|_| InvalidCursor)?;
        let cursor = Self(Position::new(number));
        // A sign, leading zeros and capitals are not what a cursor writes.
        if cursor.to_string() == text { Ok(cursor) } else { Err(InvalidCursor) }
    }
}

/// A text is no [`Cursor`]: begin with the first page again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the cursor of a page")]
#[non_exhaustive]
pub struct InvalidCursor;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_what_it_writes_and_nothing_else_is() {
        for number in [0, 1, 255, u64::MAX] {
            let cursor = Cursor::behind(Position::new(number));
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["", "a", "1f", "b1f", "a1F", "a01", "a+1", "a 1", "a1 ", "a10000000000000000", "aé"] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_fit_is_not_asked_for() {
        let now = Timestamp::from_millis(5_000);
        let ended = [InstanceState::Completed, InstanceState::Compensated];
        let filter = Filter::new().parked_before(SystemTime::UNIX_EPOCH);
        assert_eq!(filter.query(&ended, now), None);
        let parked = filter.query(&InstanceState::ALL, now).unwrap();
        assert_eq!(parked.states, [InstanceState::Parked]);
        assert_eq!(filter.state(InstanceState::Running).query(&InstanceState::ALL, now), None);
        let all = Filter::new().older_than(Duration::from_secs(2)).query(&InstanceState::ALL, now).unwrap();
        assert_eq!((all.states, all.created_until), (Vec::new(), Some(Timestamp::from_millis(3_000))));
        let one = Filter::new().state(InstanceState::Completed).query(&ended, now).unwrap();
        assert_eq!(one.states, [InstanceState::Completed]);
    }
}

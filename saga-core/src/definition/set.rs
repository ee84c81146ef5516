//! Sets of steps.

use crate::id::StepIndex;

/// A set of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct StepSet(u64);

impl StepSet {
    /// Puts `step` in.
    pub fn insert(&mut self, step: StepIndex) {
        self.0 |= 1 << step.get();
    }

    /// Whether `step` is in it.
    pub const fn contains(self, step: StepIndex) -> bool {
        self.0 & (1 << step.get()) != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether no step is in both.
    pub const fn is_disjoint(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }

    /// Whether every step of this set is in `other`.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether it has no step.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its steps in order.
    pub fn iter(self) -> impl Iterator<Item = StepIndex> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let index = usize::try_from(left.trailing_zeros()).ok().and_then(StepIndex::new)?;
            left &= left - 1;
            Some(index)
        })
    }
}

impl FromIterator<StepIndex> for StepSet {
    fn from_iter<I: IntoIterator<Item = StepIndex>>(steps: I) -> Self {
        let mut set = Self::default();
        steps.into_iter().for_each(|step| set.insert(step));
        set
    }
}

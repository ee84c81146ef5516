//! Wall time as the journal keeps it: whole milliseconds since the Unix epoch.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment of wall time in milliseconds since the Unix epoch.
///
/// It decides when something happens, never whether it is allowed: a clock that jumps delays or hastens, and
/// loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// After every moment: what is due then waits for something that is no time.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment `later` after this one, cut to whole milliseconds (upwards, so that nothing is early).
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        let millis = u64::try_from(later.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// The moment `later` after this one, without what is less than a millisecond.
    #[must_use]
    pub fn plus_whole_millis(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The moment `earlier` before this one, or the epoch. [`NEVER`](Self::NEVER) stays never.
    #[must_use]
    pub fn minus(self, earlier: Duration) -> Self {
        if self == Self::NEVER {
            return self;
        }
        Self(self.0.saturating_sub(u64::try_from(earlier.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for Timestamp {
    /// Moments before the Unix epoch count as the epoch.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    /// A moment beyond what the system can tell, such as [`Timestamp::NEVER`] on some, becomes one far in the future.
    fn from(time: Timestamp) -> Self {
        let mut nearer = std::iter::successors(Some(time.0), |millis| Some(millis / 2));
        nearer.find_map(|millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis))).unwrap_or(UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NEVER => f.write_str("never"),
            Self(millis) => write!(f, "{millis} ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_a_time_that_the_system_can_tell_and_that_nothing_goes_beyond() {
        const THOUSAND_YEARS: Duration = Duration::from_secs(1_000 * 365 * 24 * 3_600);
        let never = SystemTime::from(Timestamp::NEVER);
        assert!(never.duration_since(UNIX_EPOCH).unwrap() > THOUSAND_YEARS);
        assert_eq!(Timestamp::NEVER.plus(Duration::MAX), Timestamp::NEVER);
        assert_eq!(Timestamp::from_millis(5).plus(Duration::MAX), Timestamp::NEVER);
        assert_eq!(Timestamp::NEVER.to_string(), "never");
    }
}

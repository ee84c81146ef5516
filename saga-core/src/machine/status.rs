//! Where a step stands.

use crate::journal::ParkReason;
use crate::time::Timestamp;

/// Where a step of an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum StepStatus {
    /// It has not begun.
    Pending,
    /// The step is called: forward, or after the decision to learn what became of an earlier call.
    Attempt(Activity),
    /// Its check asks the service what became of the last call.
    Check(Activity),
    /// It succeeded.
    Succeeded,
    /// It is known to have had no effect.
    Void,
    /// It may have had its effect, and the instance compensates.
    InDoubt,
    /// Its compensation is called.
    Compensation(Activity),
    /// It is compensated.
    Compensated,
}

/// Where the calling of one method stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Activity {
    /// An attempt is under way.
    Running,
    /// The next attempt may start at this time.
    Waiting {
        /// The time.
        until: Timestamp,
    },
    /// A person has to say how it goes on.
    Parked {
        /// Why.
        reason: ParkReason,
    },
}

/// Which method of a step is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Method {
    /// The step itself.
    Attempt,
    /// Its check.
    Check,
    /// Its compensation.
    Compensation,
}

impl StepStatus {
    /// Which method is being called, if one is, and where that stands.
    pub(super) const fn calling(self) -> Option<(Method, Activity)> {
        match self {
            Self::Attempt(activity) => Some((Method::Attempt, activity)),
            Self::Check(activity) => Some((Method::Check, activity)),
            Self::Compensation(activity) => Some((Method::Compensation, activity)),
            Self::Pending | Self::Succeeded | Self::Void | Self::InDoubt | Self::Compensated => None,
        }
    }

    /// The method of which an attempt is under way, if one is.
    pub(super) const fn running(self) -> Option<Method> {
        match self.calling() {
            Some((method, Activity::Running)) => Some(method),
            Some((_, Activity::Waiting { .. } | Activity::Parked { .. })) | None => None,
        }
    }

    /// The method whose next attempt waits for its time, if one does, and that time.
    pub(super) const fn waiting(self) -> Option<(Method, Timestamp)> {
        match self.calling() {
            Some((method, Activity::Waiting { until })) => Some((method, until)),
            Some((_, Activity::Running | Activity::Parked { .. })) | None => None,
        }
    }

    /// The method that is parked, if one is, and why.
    pub(super) const fn parked(self) -> Option<(Method, ParkReason)> {
        match self.calling() {
            Some((method, Activity::Parked { reason })) => Some((method, reason)),
            Some((_, Activity::Running | Activity::Waiting { .. })) | None => None,
        }
    }
}

//! Where a step stands.

use crate::journal::ParkReason;
use crate::time::Timestamp;

/// Where a step of an instance stands, or an item of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum StepStatus {
    /// It has not begun.
    Pending,
    /// It has begun, and its first attempt is yet to come. An item has no such stage.
    Preparing(Preparation),
    /// Its condition did not hold: it is done, and was never called.
    Skipped,
    /// It is called once for each of its items: they say where it stands.
    Items,
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

/// What was done last towards the first attempt of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Preparation {
    /// Its condition holds.
    ConditionHeld,
    /// It goes on at this time: it is delayed, or what it waited for has come.
    Delayed {
        /// The time.
        until: Timestamp,
    },
    /// It waits for its message.
    Awaiting {
        /// Until when, if it does not wait for ever.
        until: Option<Timestamp>,
    },
    /// Its message did not come in time, and a person has to say how it goes on.
    Missed {
        /// Why it is parked.
        reason: ParkReason,
    },
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
            Self::Pending
            | Self::Preparing(_)
            | Self::Skipped
            | Self::Items
            | Self::Succeeded
            | Self::Void
            | Self::InDoubt
            | Self::Compensated => None,
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

    /// Why a person has to say how it goes on, if one has to.
    pub(super) const fn parked(self) -> Option<ParkReason> {
        match (self, self.calling()) {
            (Self::Preparing(Preparation::Missed { reason }), _)
            | (_, Some((_, Activity::Parked { reason }))) => Some(reason),
            (_, Some((_, Activity::Running | Activity::Waiting { .. })) | None) => None,
        }
    }

    /// Whether it has never been called, and the instance may yet begin with it.
    pub(super) const fn is_ahead(self) -> bool {
        match self {
            Self::Pending | Self::Preparing(_) => true,
            Self::Skipped
            | Self::Items
            | Self::Attempt(_)
            | Self::Check(_)
            | Self::Succeeded
            | Self::Void
            | Self::InDoubt
            | Self::Compensation(_)
            | Self::Compensated => false,
        }
    }
}

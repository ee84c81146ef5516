//! How an instance ended, or where it stands.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use crate::id::StepName;
use crate::journal::{Cause, InstanceState};

pub use crate::journal::{FailureKind, ParkReason};

/// Why an instance compensated.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Failure<Step = StepName> {
    /// The step that failed; `None` if it was cancelled, reverted, or its deadline passed.
    pub step: Option<Step>,
    /// Which item of a step that fans out, from 0.
    pub item: Option<u32>,
    /// How it failed.
    pub kind: FailureKind,
    /// The error's stable word, if it has one.
    pub code: Option<String>,
    /// The error's text.
    pub message: String,
    /// The attempts that were made of the step.
    pub attempts: u32,
    /// The steps whose compensation somebody decided to skip.
    pub skipped: Vec<Step>,
}

impl From<&Cause> for Failure {
    fn from(cause: &Cause) -> Self {
        Self {
            step: cause.step.clone(),
            item: cause.item,
            kind: cause.kind,
            code: cause.code.clone(),
            message: cause.message.clone(),
            attempts: cause.attempts,
            skipped: Vec::new(),
        }
    }
}

impl<Step: fmt::Display> fmt::Display for Failure<Step> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Some(step) => {
                let step = Named { step, item: self.item };
                write!(f, "step {step} failed in attempt {}: {}", self.attempts, self.message)
            }
            None => write!(f, "{}", self.message),
        }
    }
}

impl<Step: fmt::Debug + fmt::Display> Error for Failure<Step> {}

/// Where and why an instance waits for a person. Nothing is lost: it goes on when it is resolved.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parked<Step = StepName> {
    /// The step.
    pub step: Step,
    /// Which item of a step that fans out, from 0.
    pub item: Option<u32>,
    /// Why.
    pub reason: ParkReason,
    /// Why, in words.
    pub message: String,
    /// The attempts that were made.
    pub attempts: u32,
    /// Since when.
    pub since: SystemTime,
}

impl<Step: fmt::Display> fmt::Display for Parked<Step> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = Named { step: &self.step, item: self.item };
        write!(f, "step {step} is parked ({}): {}", self.reason, self.message)
    }
}

impl<Step: fmt::Debug + fmt::Display> Error for Parked<Step> {}

/// The name of a step, or of an item of one: `reserve_line/3`.
pub(crate) struct Named<'a, Step> {
    pub(crate) step: &'a Step,
    pub(crate) item: Option<u32>,
}

impl<Step: fmt::Display> fmt::Display for Named<'_, Step> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.item {
            None => self.step.fmt(f),
            Some(item) => write!(f, "{}/{item}", self.step),
        }
    }
}

/// An instance that did not complete: what [`Outcome::into_result`] has for an error.
///
/// [`Outcome::into_result`]: crate::outcome::Outcome::into_result
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NotCompleted<Step = StepName> {
    /// It failed, and everything that may have had an effect is compensated.
    Compensated(Failure<Step>),
    /// It waits for a person.
    Parked(Parked<Step>),
}

impl<Step: fmt::Display> fmt::Display for NotCompleted<Step> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compensated(failure) => write!(f, "compensated: {failure}"),
            Self::Parked(parked) => parked.fmt(f),
        }
    }
}

impl<Step: fmt::Debug + fmt::Display> Error for NotCompleted<Step> {}

/// Where an instance stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// Its state.
    pub state: InstanceState,
    /// Whether something was tried in vain so often that a person should look.
    pub needs_attention: bool,
    /// Its steps in the order of their declaration.
    pub steps: Vec<StepStatus>,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StepStatus {
    /// The step.
    pub step: StepName,
    /// Its state.
    pub state: StepState,
    /// The attempts that were made of it.
    pub attempts: u32,
}

impl StepStatus {
    /// The step `step` in `state` after `attempts`.
    pub const fn new(step: StepName, state: StepState, attempts: u32) -> Self {
        Self { step, state, attempts }
    }
}

impl Status {
    /// An instance in `state` with `steps`.
    pub const fn new(state: InstanceState, needs_attention: bool, steps: Vec<StepStatus>) -> Self {
        Self { state, needs_attention, steps }
    }
}

/// The state of a step, as a person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StepState {
    /// It has not begun.
    Pending,
    /// An attempt or a check is under way.
    Running,
    /// It waits to be tried again.
    Waiting,
    /// It succeeded.
    Succeeded,
    /// It is known to have had no effect.
    Void,
    /// It may have been done.
    InDoubt,
    /// Its condition did not hold.
    Skipped,
    /// Its compensation is under way.
    Compensating,
    /// It is compensated.
    Compensated,
    /// It waits for a person.
    Parked,
}

impl fmt::Display for StepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Void => "void",
            Self::InDoubt => "in doubt",
            Self::Skipped => "skipped",
            Self::Compensating => "compensating",
            Self::Compensated => "compensated",
            Self::Parked => "parked",
        })
    }
}

#[cfg(feature = "runtime")]
pub use of_saga::Outcome;

#[cfg(feature = "runtime")]
mod of_saga {
    use super::{Failure, NotCompleted, Parked, fmt};
    use crate::saga::Saga;

    /// How an instance of `S` ended, or that it waits for a person.
    #[must_use = "a saga may have been compensated or parked"]
    pub enum Outcome<S: Saga> {
        /// Every step succeeded; this is the saga's output.
        Completed(S::Output),
        /// A step failed, and everything that may have had an effect is compensated.
        Compensated(Failure<S::Step>),
        /// It can do neither without a person.
        Parked(Parked<S::Step>),
    }

    impl<S: Saga> Outcome<S> {
        /// The saga's output, or what is there instead.
        ///
        /// # Errors
        /// [`NotCompleted`] if it was compensated or is parked. Compensated is final: start another instance.
        /// Parked goes on when it is resolved.
        pub fn into_result(self) -> Result<S::Output, NotCompleted<S::Step>> {
            match self {
                Self::Completed(output) => Ok(output),
                Self::Compensated(failure) => Err(NotCompleted::Compensated(failure)),
                Self::Parked(parked) => Err(NotCompleted::Parked(parked)),
            }
        }
    }

    impl<S: Saga<Output: fmt::Debug>> fmt::Debug for Outcome<S> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::Completed(output) => f.debug_tuple("Completed").field(output).finish(),
                Self::Compensated(failure) => f.debug_tuple("Compensated").field(failure).finish(),
                Self::Parked(parked) => f.debug_tuple("Parked").field(parked).finish(),
            }
        }
    }

    impl<S: Saga<Output: Clone>> Clone for Outcome<S> {
        fn clone(&self) -> Self {
            match self {
                Self::Completed(output) => Self::Completed(output.clone()),
                Self::Compensated(failure) => Self::Compensated(failure.clone()),
                Self::Parked(parked) => Self::Parked(parked.clone()),
            }
        }
    }

    impl<S: Saga<Output: PartialEq>> PartialEq for Outcome<S> {
        fn eq(&self, other: &Self) -> bool {
            match (self, other) {
                (Self::Completed(one), Self::Completed(other)) => one == other,
                (Self::Compensated(one), Self::Compensated(other)) => one == other,
                (Self::Parked(one), Self::Parked(other)) => one == other,
                _ => false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, FailureKind, ParkReason, Parked};
    use std::time::SystemTime;

    #[test]
    fn what_failed_or_is_parked_is_named_to_the_item() {
        let parked = |item| {
            let (reason, message) = (ParkReason::InDoubt, "no answer".to_owned());
            Parked { step: "reserve", item, reason, message, attempts: 1, since: SystemTime::UNIX_EPOCH }
        };
        assert_eq!(parked(None).to_string(), "step reserve is parked (in doubt): no answer");
        assert_eq!(parked(Some(3)).to_string(), "step reserve/3 is parked (in doubt): no answer");
        let failure = |step, item| {
            let (kind, message) = (FailureKind::Rejected, "sold out".to_owned());
            Failure { step, item, kind, code: None, message, attempts: 2, skipped: Vec::new() }
        };
        assert_eq!(failure(Some("reserve"), None).to_string(), "step reserve failed in attempt 2: sold out");
        assert_eq!(
            failure(Some("reserve"), Some(0)).to_string(),
            "step reserve/0 failed in attempt 2: sold out"
        );
        assert_eq!(failure(None, None).to_string(), "sold out");
    }
}

//! What was decided, and why: the parts of events that are no facts of a service.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::StepName;
use crate::time::Timestamp;

/// What was decided after a failed attempt of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// It is tried again at this time.
    RetryAt(Timestamp),
    /// It is known to have had no effect.
    Void,
    /// It stays in doubt, and is compensated.
    InDoubt,
    /// The service is asked at this time.
    CheckAt(Timestamp),
    /// It waits for a person.
    Park(ParkReason),
}

/// What was decided after a check that could not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckNext {
    /// The service is asked again at this time.
    CheckAt(Timestamp),
    /// It stays in doubt, and is compensated: the instance has begun to compensate meanwhile.
    InDoubt,
    /// It waits for a person.
    Park(ParkReason),
}

/// What was decided after a failed attempt of a compensation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompensationNext {
    /// It is tried again at this time.
    RetryAt(Timestamp),
    /// It waits for a person.
    Park(ParkReason),
}

/// Why an instance compensates.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cause {
    /// The step that failed, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepName>,
    /// Which item of it, where it fans out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// How it failed.
    pub kind: FailureKind,
    /// The error's stable word, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The error's text.
    pub message: String,
    /// The attempts that were made of the step.
    pub attempts: u32,
    /// Who cancelled or reverted it; a step or a deadline is nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// Whether an attempt that was running when the process died is to blame for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Its instance was the only one that had anything running: the attempt may have taken the process with it,
    /// and counts towards a crash loop.
    Alone,
    /// Other instances had something running too. Nobody is blamed: it counts towards no crash loop, and spends
    /// nothing of a budget.
    Among,
    /// A shutdown cut it off, or nobody knows. It counts towards no crash loop.
    #[default]
    CutOff,
}

/// How an instance failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// A service refused.
    Rejected,
    /// Nothing was done, as often as it was tried.
    NotDone,
    /// It may have been done.
    InDoubt,
    /// It was cancelled.
    Cancelled,
    /// Its deadline passed.
    Deadline,
    /// It was completed, and then taken back.
    Reverted,
}

/// Why a step waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParkReason {
    /// It may have been done, and nothing else can tell.
    InDoubt,
    /// It was refused where it may not be: after the pivot, or as a compensation.
    Refused,
    /// It was tried as often as its policy allows.
    BudgetSpent,
    /// Its last attempts took the process with them.
    CrashLoop,
    /// A pure method of it panicked.
    Panicked,
    /// A payload cannot be read as today's type.
    Decode,
    /// Its list has more items than a fan-out may have.
    TooManyItems,
}

impl ParkReason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::InDoubt,
        Self::Refused,
        Self::BudgetSpent,
        Self::CrashLoop,
        Self::Panicked,
        Self::Decode,
        Self::TooManyItems,
    ];

    /// The reason as a word, the one that the journal and stores keep.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InDoubt => "in_doubt",
            Self::Refused => "refused",
            Self::BudgetSpent => "budget_spent",
            Self::CrashLoop => "crash_loop",
            Self::Panicked => "panicked",
            Self::Decode => "decode",
            Self::TooManyItems => "too_many_items",
        }
    }
}

impl fmt::Display for ParkReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InDoubt => "in doubt",
            Self::Refused => "refused",
            Self::BudgetSpent => "budget spent",
            Self::CrashLoop => "crash loop",
            Self::Panicked => "panicked",
            Self::Decode => "cannot be decoded",
            Self::TooManyItems => "too many items",
        })
    }
}

/// How a parked step goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResolutionKind {
    /// What was parked is tried again, with a new budget.
    Retry,
    /// The compensation is given up, or what has to come before it: it counts as compensated, and its effect, if
    /// it has one, is left standing.
    Skip,
    /// The step succeeded: [`StepSucceeded`](crate::journal::Event::StepSucceeded) follows in the same entry.
    Succeeded,
    /// The step had no effect, and will have none. One that must succeed is tried again, with a new budget; any
    /// other is the instance's failure.
    Void,
}

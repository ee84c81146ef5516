//! What is known of what is called: of a step, or of one item of a step that fans out.

use super::status::{Activity, Method, StepStatus};
use crate::journal::{Loss, ParkReason};
use crate::time::Timestamp;

/// What is known of what is called by itself: a step, or one item of a step that fans out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Record {
    pub(super) status: StepStatus,
    /// When it came to this status.
    pub(super) since: Moment,
    pub(super) attempts: Tries,
    /// The attempts of its check, of the last doubt only.
    pub(super) checks: Tries,
    pub(super) compensations: Tries,
    /// Whether an attempt was in doubt, and nothing has told since.
    pub(super) doubt: bool,
    /// When its first attempt started: from then on its service remembers the key. Begun anew when a person
    /// wants it tried again.
    pub(super) called_since: Option<Moment>,
    /// When its last attempt ended.
    pub(super) ended_at: Moment,
    /// The failure that is to be cleared up.
    pub(super) failure: Option<Box<LastFailure>>,
    /// Why it is parked, in words.
    pub(super) message: Option<Box<str>>,
    /// What parks the instance here beside its status.
    pub(super) block: Option<Box<Block>>,
    /// Whether a person said that it succeeded, and has yet to say with which output.
    pub(super) vouched: bool,
    /// Whether a person decided that it is not compensated.
    pub(super) left_standing: bool,
}

/// When something was taken down.
///
/// The later of two is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Moment {
    /// How often the clock had gone back by then: times of the same number can be compared.
    pub(super) went_back: u32,
    pub(super) at: Timestamp,
}

/// The attempts of one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Tries {
    /// All that were started.
    pub(super) made: u32,
    /// Those of them that count towards no budget, or none any more.
    pub(super) before: u32,
    /// The last in a row that died with the process while nothing else ran, but for deaths that blame nobody.
    pub(super) deaths: u32,
}

/// What is kept of a failed attempt while nobody knows what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LastFailure {
    pub(super) code: Option<String>,
    pub(super) message: String,
}

/// What parks an instance at a step and is no attempt's failure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Block {
    pub(super) reason: ParkReason,
    pub(super) message: String,
    pub(super) since: Timestamp,
}

impl Tries {
    /// The attempts that count towards the current budget.
    pub(super) const fn counted(self) -> u32 {
        self.made.saturating_sub(self.before)
    }

    /// Begins a new budget.
    pub(super) const fn begin_budget(&mut self) {
        self.before = self.made;
    }

    /// The attempt under way died with the process.
    pub(super) const fn lose(&mut self, loss: Loss) {
        match loss {
            Loss::Alone => self.deaths = self.deaths.saturating_add(1),
            Loss::Among => {
                if self.before < self.made {
                    self.before += 1;
                }
            }
            Loss::CutOff => {}
        }
    }
}

impl Record {
    pub(super) const fn new(moment: Moment) -> Self {
        let none = Tries { made: 0, before: 0, deaths: 0 };
        Self {
            status: StepStatus::Pending,
            since: moment,
            attempts: none,
            checks: none,
            compensations: none,
            doubt: false,
            called_since: None,
            ended_at: moment,
            failure: None,
            message: None,
            block: None,
            vouched: false,
            left_standing: false,
        }
    }

    /// The attempts of `method`, to be changed.
    pub(super) const fn tries_mut(&mut self, method: Method) -> &mut Tries {
        match method {
            Method::Attempt => &mut self.attempts,
            Method::Check => &mut self.checks,
            Method::Compensation => &mut self.compensations,
        }
    }

    /// The attempts of `method`.
    pub(super) const fn tries(&self, method: Method) -> Tries {
        match method {
            Method::Attempt => self.attempts,
            Method::Check => self.checks,
            Method::Compensation => self.compensations,
        }
    }

    /// Whether a person has to say how it goes on.
    pub(super) fn is_parked(&self) -> bool {
        self.block.is_some() || self.status.parked().is_some()
    }

    /// The method that has failed `times` times in a row and goes on being tried, if one has.
    pub(super) fn failing(&self, times: u32) -> Option<Method> {
        let (method, activity) = self.status.calling()?;
        let under_way = match activity {
            Activity::Running => 1,
            Activity::Waiting { .. } => 0,
            Activity::Parked { .. } => return None,
        };
        let failed = self.tries(method).counted().saturating_sub(under_way);
        (failed >= times).then_some(method)
    }
}

//! What is to go wrong in a history, and what else could.

use std::fmt;

use crate::deviation::Deviation;
use crate::plan::Plan;

/// What is to go wrong in a history.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// At these moments.
    Moments(Plan),
    /// This, in order.
    Named(Vec<Named>),
}

/// What is to go wrong where the user has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// The next call of a step.
    Call(&'static str, Deviation),
    /// A client cancels when a step begins.
    Cancel(&'static str),
    /// A client reverts the completed instance.
    Revert,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(step, Deviation::Refuse) => write!(f, "fail_at {step}"),
            Self::Call(step, Deviation::CrashAfterCall) => write!(f, "crash_after {step}"),
            Self::Call(step, _) => write!(f, "in_doubt_at {step}"),
            Self::Cancel(step) => write!(f, "cancel_at {step}"),
            Self::Revert => write!(f, "revert"),
        }
    }
}

/// What a moment is.
pub(super) enum At<'a> {
    /// A call of this step of the instance that the history is about.
    Call(&'a str),
    /// Any other call.
    OtherCall,
    /// An entry, in which steps begin.
    Entry(&'a dyn Fn(&str) -> bool),
    /// A signal.
    Signal,
    /// The instance has completed.
    End,
}

impl At<'_> {
    /// What goes wrong here, if it is what was named.
    fn meets(&self, named: Named) -> Option<Deviation> {
        match (self, named) {
            (Self::Call(step), Named::Call(wanted, deviation)) if *step == wanted => Some(deviation),
            (Self::Entry(begins), Named::Cancel(step)) if begins(step) => Some(Deviation::Cancel),
            (Self::End, Named::Revert) => Some(Deviation::Revert),
            _ => None,
        }
    }
}

/// What is wanted of a history beside its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// What could go wrong in addition.
    Options,
    /// The timeline.
    Timeline,
    /// Nothing.
    Nothing,
}

/// The moments of a history so far, under its script.
#[derive(Debug)]
pub(super) struct Course {
    script: Script,
    wanted: Wanted,
    crashes_max: usize,
    moment: usize,
    options: Vec<(usize, Deviation)>,
    has_misfit: bool,
}

impl Course {
    pub(super) fn new(script: Script, wanted: Wanted, crashes_max: usize) -> Self {
        Self { script, wanted, crashes_max, moment: 0, options: Vec::new(), has_misfit: false }
    }

    /// The next moment: what goes wrong at it. `options` is what could.
    pub(super) fn next(&mut self, at: At<'_>, options: impl FnOnce() -> Vec<Deviation>) -> Option<Deviation> {
        let moment = self.moment;
        self.moment += 1;
        match &mut self.script {
            Script::Moments(plan) => {
                if let Some(deviation) = plan.at(moment) {
                    let fits = options().contains(&deviation);
                    self.has_misfit |= !fits;
                    return fits.then_some(deviation);
                }
                if self.wanted == Wanted::Options && plan.can_go_on_at(moment) {
                    let alone_too = plan.len() == 0;
                    let may_crash = plan.crashes() < self.crashes_max;
                    let options = options().into_iter().filter(|option| {
                        (alone_too || !option.stands_alone()) && (may_crash || !option.is_crash())
                    });
                    self.options.extend(options.map(|option| (moment, option)));
                }
                None
            }
            Script::Named(wanted) => {
                let (place, deviation) =
                    wanted.iter().enumerate().find_map(|(place, named)| Some((place, at.meets(*named)?)))?;
                wanted.remove(place);
                Some(deviation)
            }
        }
    }

    /// A moment at which nothing else can go wrong than what does.
    pub(super) fn pass(&mut self) {
        self.moment += 1;
    }

    /// How many moments there were: calls, entries and signals.
    pub(super) fn moments(&self) -> usize {
        self.moment
    }

    /// Its code, if it has one.
    pub(super) fn code(&self) -> String {
        match &self.script {
            Script::Moments(plan) => plan.to_string(),
            Script::Named(_) => String::new(),
        }
    }

    /// Whether everything went wrong that was to.
    pub(super) fn is_complete(&self) -> bool {
        match &self.script {
            Script::Moments(plan) => plan.last().is_none_or(|(last, _)| self.moment > last),
            Script::Named(wanted) => wanted.is_empty(),
        }
    }

    /// Whether the script wants something at a moment at which it cannot be: it was written for another saga.
    pub(super) fn has_misfit(&self) -> bool {
        self.has_misfit
    }

    /// What was named, and did not come to pass.
    pub(super) fn missed(&self) -> Vec<Named> {
        match &self.script {
            Script::Moments(_) => Vec::new(),
            Script::Named(wanted) => wanted.clone(),
        }
    }

    /// What could go wrong in addition, with the numbers of the moments.
    pub(super) fn take_options(&mut self) -> Vec<(usize, Deviation)> {
        std::mem::take(&mut self.options)
    }
}

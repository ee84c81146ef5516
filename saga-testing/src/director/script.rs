//! What is to go wrong in a history, and what else could.

use crate::deviation::Deviation;
use crate::plan::Plan;

/// What is to go wrong in a history.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// At these moments.
    Moments(Plan),
    /// At the first calls of these steps, in order.
    Named(Vec<(&'static str, Deviation)>),
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
    moment: usize,
    options: Vec<(usize, Deviation)>,
}

impl Course {
    pub(super) fn new(script: Script, wanted: Wanted) -> Self {
        Self { script, wanted, moment: 0, options: Vec::new() }
    }

    /// The next moment, at the call of the step `named` of the instance that the history is about, or at something
    /// else: what goes wrong at it. `options` is what could.
    pub(super) fn next(
        &mut self,
        named: Option<&str>,
        options: impl FnOnce() -> Vec<Deviation>,
    ) -> Option<Deviation> {
        let moment = self.moment;
        self.moment += 1;
        match &mut self.script {
            Script::Moments(plan) => {
                if self.wanted == Wanted::Options && plan.can_go_on_at(moment) {
                    let alone_too = plan.len() == 0;
                    let options = options().into_iter().filter(|option| alone_too || !option.stands_alone());
                    self.options.extend(options.map(|option| (moment, option)));
                }
                plan.at(moment)
            }
            Script::Named(wanted) => {
                let at = wanted.iter().position(|(step, _)| named == Some(*step))?;
                Some(wanted.remove(at).1)
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

    /// Whether everything went wrong that was to.
    pub(super) fn is_complete(&self) -> bool {
        match &self.script {
            Script::Moments(plan) => plan.last().is_none_or(|(last, _)| self.moment > last),
            Script::Named(wanted) => wanted.is_empty(),
        }
    }

    /// What could go wrong in addition, with the numbers of the moments.
    pub(super) fn take_options(&mut self) -> Vec<(usize, Deviation)> {
        std::mem::take(&mut self.options)
    }
}

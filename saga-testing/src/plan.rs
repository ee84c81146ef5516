//! Which moments of a history deviate.

use std::fmt;
use std::str::FromStr;

use crate::deviation::Deviation;

/// The deviations of a history with the numbers of their moments, in order. Everything before the first deviation is
/// the same in every run, and so is everything between two of them: a plan names one history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    steps: Vec<(usize, Deviation)>,
}

impl Plan {
    /// The same with one more deviation, at a later moment than the others.
    pub(crate) fn and(&self, moment: usize, deviation: Deviation) -> Self {
        let mut steps = self.steps.clone();
        steps.push((moment, deviation));
        Self { steps }
    }

    /// How many moments deviate.
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// What is different at this moment.
    pub(crate) fn at(&self, moment: usize) -> Option<Deviation> {
        self.steps.iter().find(|(at, _)| *at == moment).map(|(_, deviation)| *deviation)
    }

    /// The last deviation with its moment.
    pub(crate) fn last(&self) -> Option<(usize, Deviation)> {
        self.steps.last().copied()
    }

    /// How often the process dies.
    pub(crate) fn crashes(&self) -> usize {
        self.steps.iter().filter(|(_, deviation)| deviation.is_crash()).count()
    }

    /// Whether a client cancels or reverts.
    pub(crate) fn has_client(&self) -> bool {
        self.steps.iter().any(|(_, deviation)| deviation.is_of_client())
    }

    /// Whether a deviation may be added at this moment.
    pub(crate) fn can_go_on_at(&self, moment: usize) -> bool {
        self.last().is_none_or(|(last, deviation)| moment > last && !deviation.stands_alone())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (moment, deviation)) in self.steps.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(f, "{comma}{moment}:{}", deviation.code())?;
        }
        Ok(())
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, String> {
        let mut steps: Vec<(usize, Deviation)> = Vec::new();
        for part in code.split(',').filter(|part| !part.trim().is_empty()) {
            let read = part
                .trim()
                .split_once(':')
                .and_then(|(moment, deviation)| Some((moment.parse().ok()?, Deviation::of_code(deviation)?)));
            let later = |at: usize| steps.last().is_none_or(|(last, _)| at > *last);
            match read {
                Some((moment, deviation)) if later(moment) => steps.push((moment, deviation)),
                _ => return Err(format!("`{part}` is no part of a history's code: copy it from a report")),
            }
        }
        Ok(Self { steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_as_the_plan_that_wrote_it() {
        let plan = Plan::default().and(3, Deviation::LoseAnswers).and(11, Deviation::CrashBefore);
        assert_eq!(plan.to_string(), "3:lose-answers,11:crash-before");
        assert_eq!(plan.to_string().parse(), Ok(plan));
        assert_eq!("".parse(), Ok(Plan::default()));
        for wrong in ["3", "3:nothing", "x:late", "3:late,3:late"] {
            assert!(wrong.parse::<Plan>().is_err(), "{wrong}");
        }
    }
}

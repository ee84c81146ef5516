//! What can be called: the instances and the steps and items of each.

use std::fmt;

use super::plan::{SAGAS, STEPS};

/// An instance: one that a client started, or the child at a step of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Who {
    /// The number of the one that a client started.
    pub(crate) root: u8,
    /// The step that it is the child at.
    pub(crate) step: Option<u8>,
}

impl Who {
    /// The instance that a client starts as the one of this number.
    pub(crate) const fn root(root: u8) -> Self {
        Self { root, step: None }
    }

    /// The instance of this id.
    pub(crate) fn of(id: &str) -> Option<Self> {
        let (root, step) = match id.split_once('/') {
            Some((root, step)) => (root, Some(step.strip_prefix('s')?.parse().ok()?)),
            None => (id, None),
        };
        Some(Self { root: root.strip_prefix('i')?.parse().ok()?, step })
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "i{}", self.root)?;
        match self.step {
            Some(step) => write!(f, "/s{step}"),
            None => Ok(()),
        }
    }
}

/// A step of an instance, or one item of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot {
    /// The instance.
    pub(crate) who: Who,
    /// The step's place.
    pub(crate) step: u8,
    /// The item.
    pub(crate) item: Option<u32>,
}

impl Slot {
    /// What the step returns here.
    pub(crate) fn output(self) -> u32 {
        let child = self.who.step.map_or(0, |step| 1 + u32::from(step));
        let item = self.item.map_or(0, |item| 1 + item);
        1 + u32::from(self.who.root) * 10_000 + child * 1_000 + u32::from(self.step) * 100 + item
    }

    /// It as `resolve_step` names it.
    pub(crate) fn name(self) -> String {
        let step = STEPS[usize::from(self.step)];
        self.item.map_or_else(|| step.to_owned(), |item| format!("{step}/{item}"))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.who, self.name())
    }
}

/// The place of the step of this name.
pub(crate) fn step_of(name: &str) -> Option<u8> {
    STEPS.iter().position(|step| *step == name).and_then(|at| u8::try_from(at).ok())
}

/// The number of the saga of this name.
pub(crate) fn saga_of(name: &str) -> Option<usize> {
    SAGAS.iter().position(|saga| *saga == name)
}

/// Which method of a step is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Method {
    /// The step itself.
    Step,
    /// Its check.
    Check,
    /// Its compensation.
    Compensation,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Step => "call",
            Self::Check => "check",
            Self::Compensation => "compensation",
        })
    }
}

/// A life of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Life {
    /// The worker.
    pub(crate) worker: u8,
    /// Its life, from 1.
    pub(crate) life: u32,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "w{}.{}", self.worker, self.life)
    }
}

//! What a saga looks like to those who judge it: said once more, apart from the saga itself.

use std::time::Duration;

use sagas::Builder;
use sagas::prelude::*;

use super::recorder::Recorder;
use super::services::Services;

/// The id of the instance that a history is about.
pub(crate) const ID: &str = "it";

/// The most items that a step of these sagas has.
pub(crate) const ITEMS: usize = 3;

/// A saga of a certain shape over services that do as they are told.
pub(crate) trait Shape: Saga<Input = u32> {
    /// Its name in reports and commands.
    const SHAPE: &'static str;

    /// Its steps and those of its child, in the order of their declaration.
    const PLACES: &'static [Place];

    /// How long after its start its instance is taken back, if it is not past its pivot by then.
    const DEADLINE: Option<Duration> = None;

    /// The input of its instance.
    const INPUT: u32 = 1;

    /// The saga over these services.
    fn over(services: Services) -> Self;

    /// Registers the saga, and those that it needs.
    fn register(builder: Builder, services: &Services) -> Builder {
        builder.register(Self::over(services.clone()))
    }

    /// Does what others do for the instance once it is started, such as sending it a message.
    fn meet(
        _handle: &Handle<Self>,
        _recorder: &Recorder,
    ) -> impl Future<Output = Result<(), sagas::Error>> + Send {
        std::future::ready(Ok(()))
    }
}

/// A step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Whose it is.
    pub(crate) of: Of,
    /// Its name. No two steps of a shape, that of its child included, have the same.
    pub(crate) step: &'static str,
    /// What it is.
    pub(crate) kind: Kind,
    /// The steps right before it.
    pub(crate) after: &'static [&'static str],
    /// Whether it runs, and how often.
    pub(crate) runs: Runs,
    /// Whether it waits for a message, and not for ever.
    pub(crate) may_be_missed: bool,
}

/// Whose a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The instance's.
    Root,
    /// That of its child, which is its step of this name.
    Child(&'static str),
}

impl Of {
    /// The id of the instance.
    pub(crate) fn is(self, id: &str) -> bool {
        match self {
            Self::Root => id == ID,
            Self::Child(step) => {
                let rest = id.strip_prefix(ID).and_then(|rest| rest.strip_prefix('/'));
                rest == Some(step)
            }
        }
    }
}

/// What a step is, and what its service promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It has a compensation.
    Compensatable(Service),
    /// The pivot.
    Pivot(Service),
    /// A step after the pivot.
    Retriable(Service),
    /// A step without an effect.
    ReadOnly,
    /// Another saga.
    Child,
}

/// What a service promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// A repeated call has no further effect and answers what the first one did.
    Idempotent,
    /// It does everything it is asked, and can be asked what it has done.
    Checked,
    /// It does everything it is asked.
    Blind,
    /// It does nothing but answer.
    Reads,
}

/// Whether a step runs, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// Once.
    Once,
    /// For each of [`ITEMS`] items.
    Items,
    /// Not at all, since its condition does not hold.
    Never,
}

impl Place {
    /// A step of the instance that runs once, after these.
    pub(crate) const fn new(step: &'static str, kind: Kind, after: &'static [&'static str]) -> Self {
        Self { of: Of::Root, step, kind, after, runs: Runs::Once, may_be_missed: false }
    }

    /// The same, but a step of the child.
    pub(crate) const fn of_child(self, child: &'static str) -> Self {
        Self { of: Of::Child(child), ..self }
    }

    /// The same, but run like this.
    pub(crate) const fn runs(self, runs: Runs) -> Self {
        Self { runs, ..self }
    }

    /// The same, but a step that waits for a message, and not for ever.
    pub(crate) const fn may_be_missed(self) -> Self {
        Self { may_be_missed: true, ..self }
    }

    /// What its service promises; none if it is a saga.
    pub(crate) const fn service(&self) -> Option<Service> {
        match self.kind {
            Kind::Compensatable(service) | Kind::Pivot(service) | Kind::Retriable(service) => Some(service),
            Kind::ReadOnly => Some(Service::Reads),
            Kind::Child => None,
        }
    }

    /// Its items; none if it is called as a whole.
    pub(crate) fn items(&self) -> Vec<Option<u8>> {
        match self.runs {
            Runs::Items => (0..ITEMS).map(|item| u8::try_from(item).ok()).collect(),
            Runs::Once | Runs::Never => vec![None],
        }
    }
}

/// A step, or one item of it: what is called, and compensated, by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot {
    /// The index of its place.
    pub(crate) place: u8,
    /// Which item.
    pub(crate) item: Option<u8>,
}

impl Slot {
    /// Where it is in a list of all slots.
    pub(crate) fn index(self) -> usize {
        usize::from(self.place) * ITEMS + usize::from(self.item.unwrap_or(0))
    }

    /// The slot of the step `step`.
    pub(crate) fn find(
        places: &[Place],
        of: impl Fn(Of) -> bool,
        step: &str,
        item: Option<u32>,
    ) -> Option<Self> {
        let place = places.iter().position(|place| place.step == step && of(place.of))?;
        let item = item.map(u8::try_from).transpose().ok()?;
        Some(Self { place: u8::try_from(place).ok()?, item })
    }
}

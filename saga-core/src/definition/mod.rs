//! What a saga is, as the machine sees it: steps, their kinds, the order between them, what doubt means.

mod set;
mod shape;
mod step;

use std::sync::Arc;
use std::time::Duration;

pub use set::StepSet;
pub use shape::{Shape, ShapeId, StepShape};
pub use step::{
    CheckDefinition, CompensationDefinition, FanOut, InDoubt, OutputUse, SignalDefinition, StepDefinition,
    StepKind,
};

use crate::id::{StepIndex, StepName};

/// The time one attempt may take if its step says nothing.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A saga as the machine sees it. The macro makes it; its rules have been checked at compile time.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    name: Arc<str>,
    version: u32,
    steps: Vec<StepDefinition>,
    relations: Vec<Relations>,
    output: Option<StepIndex>,
    deadline: Option<Duration>,
    shape_id: ShapeId,
}

/// Where a step stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Relations {
    before: StepSet,
    after: StepSet,
}

impl Definition {
    /// The saga `name` in `version` with `steps` in the order of their declaration, its output that of the step
    /// at `output`. Steps beyond [`StepIndex::STEPS_MAX`] and edges to steps declared later are left out: the
    /// macro refuses both.
    pub fn new(
        name: impl Into<Arc<str>>,
        version: u32,
        mut steps: Vec<StepDefinition>,
        output: usize,
    ) -> Self {
        steps.truncate(StepIndex::STEPS_MAX);
        let mut relations = vec![Relations::default(); steps.len()];
        for (index, step) in indexes().zip(&mut steps) {
            step.after = step.after.iter().filter(|before| *before < index).collect();
            let before = step.after.iter().fold(step.after, |all, direct| {
                all.union(relations.get(direct.get()).map(|of| of.before).unwrap_or_default())
            });
            for ancestor in before.iter() {
                if let Some(of) = relations.get_mut(ancestor.get()) {
                    of.after.insert(index);
                }
            }
            if let Some(of) = relations.get_mut(index.get()) {
                of.before = before;
            }
        }
        let shape_id = shape_of(&steps).id();
        let (name, output) = (name.into(), StepIndex::new(output));
        Self { name, version, steps, relations, output, deadline: None, shape_id }
    }

    /// The same, compensating if it is not past its pivot this long after its start.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// As much of a saga as its kept shape tells: enough to read its journals, not to drive them.
    pub fn of_shape(name: impl Into<Arc<str>>, version: u32, shape: Shape) -> Self {
        let names: Vec<StepName> = shape.steps.iter().map(|step| step.name.clone()).collect();
        let steps = shape.steps.into_iter().map(|shape| {
            let mut step = StepDefinition::new(shape.name.as_str(), shape.kind);
            let place = |before: &StepName| names.iter().position(|name| name == before);
            step.after = shape.after.iter().filter_map(place).filter_map(StepIndex::new).collect();
            step.idempotent = shape.idempotent;
            step.conditional = shape.conditional;
            step.fan_out = shape.fan_out.then(FanOut::default);
            step.signal = shape.signal.then(SignalDefinition::default);
            step.child = shape.child;
            let output = match shape.compensation_needs_output {
                true => OutputUse::Required,
                false => OutputUse::Optional,
            };
            step.compensation =
                (shape.kind == StepKind::Compensatable).then(|| CompensationDefinition::new("", output));
            step
        });
        Self::new(name, version, steps.collect(), names.len().saturating_sub(1))
    }

    /// The saga's name in the journal.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The saga's version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The steps with their indexes, in the order of their declaration.
    pub fn steps(&self) -> impl Iterator<Item = (StepIndex, &StepDefinition)> {
        indexes().zip(&self.steps)
    }

    /// The step at `index`.
    pub fn step(&self, index: StepIndex) -> Option<&StepDefinition> {
        self.steps.get(index.get())
    }

    /// The step called `name` in the journal.
    pub fn index_of(&self, name: &StepName) -> Option<StepIndex> {
        self.steps().find(|(_, step)| step.name == *name).map(|(index, _)| index)
    }

    /// The step whose output is the saga's.
    pub fn output(&self) -> Option<StepIndex> {
        self.output
    }

    /// How long after its start it compensates, if it is not past its pivot.
    pub fn deadline_after(&self) -> Option<Duration> {
        self.deadline
    }

    /// All steps that run before the step at `index`, directly or not.
    pub fn ancestors(&self, index: StepIndex) -> StepSet {
        self.relations.get(index.get()).map(|of| of.before).unwrap_or_default()
    }

    /// All steps that run after the step at `index`, directly or not.
    pub fn descendants(&self, index: StepIndex) -> StepSet {
        self.relations.get(index.get()).map(|of| of.after).unwrap_or_default()
    }

    /// The pivot, if the saga has one.
    pub fn pivot(&self) -> Option<StepIndex> {
        self.steps().find(|(_, step)| step.kind == StepKind::Pivot).map(|(index, _)| index)
    }

    /// Whether the step at `index` runs after the pivot.
    pub fn is_after_pivot(&self, index: StepIndex) -> bool {
        self.pivot().is_some_and(|pivot| self.ancestors(index).contains(pivot))
    }

    /// What an instance depends on for its whole life; another shape is another definition.
    pub fn shape(&self) -> Shape {
        shape_of(&self.steps)
    }

    /// The short name of [`shape`](Self::shape), made once: every instance's first event carries it.
    pub fn shape_id(&self) -> &ShapeId {
        &self.shape_id
    }
}

/// The shape of a saga with these steps.
fn shape_of(steps: &[StepDefinition]) -> Shape {
    let steps = steps
        .iter()
        .map(|step| StepShape {
            name: step.name.clone(),
            kind: step.kind,
            after: step.after.iter().filter_map(|at| Some(steps.get(at.get())?.name.clone())).collect(),
            idempotent: step.idempotent,
            compensation_needs_output: step.compensation_needs_output(),
            conditional: step.conditional,
            fan_out: step.fan_out.is_some(),
            signal: step.signal.is_some(),
            child: step.child.clone(),
        })
        .collect();
    Shape { steps }
}

/// Every index a step can have, in order.
fn indexes() -> impl Iterator<Item = StepIndex> {
    (0..StepIndex::STEPS_MAX).filter_map(StepIndex::new)
}

//! What a saga is, as the machine sees it: steps, their kinds, the order between them, what doubt means.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{StepIndex, StepName};
use crate::retry::RetryPolicy;

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
        Self { name: name.into(), version, steps, relations, output: StepIndex::new(output), shape_id }
    }

    /// As much of a saga as its kept shape tells: enough to read its journals, not to drive them.
    pub fn of_shape(name: impl Into<Arc<str>>, version: u32, shape: Shape) -> Self {
        let names: Vec<StepName> = shape.steps.iter().map(|step| step.name.clone()).collect();
        let steps = shape.steps.into_iter().map(|shape| {
            let mut step = StepDefinition::new(shape.name.as_str(), shape.kind);
            let place = |before: &StepName| names.iter().position(|name| name == before);
            step.after = shape.after.iter().filter_map(place).filter_map(StepIndex::new).collect();
            step.idempotent = shape.idempotent;
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
        })
        .collect();
    Shape { steps }
}

/// Every index a step can have, in order.
fn indexes() -> impl Iterator<Item = StepIndex> {
    (0..StepIndex::STEPS_MAX).filter_map(StepIndex::new)
}

/// One step of a [`Definition`].
#[derive(Debug, Clone, PartialEq)]
pub struct StepDefinition {
    /// Its name in the journal.
    pub name: StepName,
    /// What becomes of its effect when the saga fails.
    pub kind: StepKind,
    /// The steps it runs directly after.
    pub after: StepSet,
    /// Whether a repeated call with the same key has no further effect and answers what the first one did.
    pub idempotent: bool,
    /// What to do when the outcome of an attempt stays unknown.
    pub in_doubt: InDoubt,
    /// How often and when it is tried.
    pub retry: RetryPolicy,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Its compensation; there is one exactly if its kind is compensatable.
    pub compensation: Option<CompensationDefinition>,
    /// Its check, if it has one.
    pub check: Option<CheckDefinition>,
}

impl StepDefinition {
    /// A step called `name` of `kind` that runs at once, with the policies of its kind.
    pub fn new(name: &str, kind: StepKind) -> Self {
        let retry = match kind {
            StepKind::Retriable => RetryPolicy::PERSISTENT,
            StepKind::Compensatable | StepKind::Pivot | StepKind::ReadOnly => RetryPolicy::FORWARD,
        };
        let in_doubt = match kind {
            StepKind::Compensatable | StepKind::ReadOnly => InDoubt::Compensate,
            StepKind::Pivot | StepKind::Retriable => InDoubt::Park,
        };
        Self {
            name: StepName::new(name),
            kind,
            after: StepSet::default(),
            idempotent: false,
            in_doubt,
            retry,
            timeout: DEFAULT_TIMEOUT,
            compensation: None,
            check: None,
        }
    }

    /// The same, running after the steps at `indexes`.
    #[must_use]
    pub fn after(mut self, indexes: &[usize]) -> Self {
        self.after = indexes.iter().copied().filter_map(StepIndex::new).collect();
        self
    }

    /// The same with the promise of `idempotent`.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// The same with this policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same with this time for one attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same, parking when its outcome stays unknown.
    #[must_use]
    pub fn park_in_doubt(mut self) -> Self {
        self.in_doubt = InDoubt::Park;
        self
    }

    /// The same with a compensation.
    #[must_use]
    pub fn compensation(mut self, compensation: CompensationDefinition) -> Self {
        self.compensation = Some(compensation);
        self
    }

    /// The same, asking `check` when its outcome stays unknown.
    #[must_use]
    pub fn check(mut self, check: CheckDefinition) -> Self {
        self.in_doubt = InDoubt::Check;
        self.check = Some(check);
        self
    }

    /// Whether its compensation cannot run without its output.
    pub fn compensation_needs_output(&self) -> bool {
        self.compensation.as_ref().is_some_and(|compensation| compensation.output == OutputUse::Required)
    }

    /// Whether a call whose outcome is unknown may be repeated, since the call itself tells the truth.
    pub fn is_repeatable(&self) -> bool {
        self.idempotent || self.kind == StepKind::ReadOnly
    }
}

/// What becomes of a step's effect when the saga fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// It is compensated.
    Compensatable,
    /// Once it has succeeded the instance only goes forward.
    Pivot,
    /// It runs after the pivot and is tried until it succeeds.
    Retriable,
    /// It has no effect.
    ReadOnly,
}

/// What to do when the outcome of a step stays unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InDoubt {
    /// Compensate: the compensation takes back what may have been done.
    Compensate,
    /// Park, for a person to decide.
    Park,
    /// Ask the service, by the step's check.
    Check,
}

/// The compensation of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct CompensationDefinition {
    /// The method's name, for graphs.
    pub name: &'static str,
    /// Whether it takes the output of its own step.
    pub output: OutputUse,
    /// How often and when it is tried.
    pub retry: RetryPolicy,
    /// How long one attempt may take.
    pub timeout: Duration,
}

impl CompensationDefinition {
    /// A compensation with the policies of compensations.
    pub fn new(name: &'static str, output: OutputUse) -> Self {
        Self { name, output, retry: RetryPolicy::PERSISTENT, timeout: DEFAULT_TIMEOUT }
    }

    /// The same with this policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same with this time for one attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Whether a compensation takes the output of its own step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputUse {
    /// It does not take it: it finds what was done under the caller's own key.
    Unused,
    /// As `Option<&T>`; `None` means that it may have happened.
    Optional,
    /// As `&T`: a step in doubt is settled before it is compensated.
    Required,
}

/// The check of a step: it asks the service what became of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckDefinition {
    /// The method's name, for graphs.
    pub name: &'static str,
    /// How long a request may still be travelling: the check waits that long.
    pub after: Duration,
    /// How often and when it is asked.
    pub retry: RetryPolicy,
    /// How long one attempt may take.
    pub timeout: Duration,
}

impl CheckDefinition {
    /// A check that asks at once, with the policies of compensations.
    pub fn new(name: &'static str) -> Self {
        Self { name, after: Duration::ZERO, retry: RetryPolicy::PERSISTENT, timeout: DEFAULT_TIMEOUT }
    }

    /// The same, asking only after this time.
    #[must_use]
    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    /// The same with this policy.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same with this time for one attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// What an instance depends on for its whole life: names, kinds, edges, `idempotent`, and whether each
/// compensation needs the output. Policies are not part of it: they may change under a running instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape {
    /// The steps in the order of their declaration.
    pub steps: Vec<StepShape>,
}

/// One step of a [`Shape`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepShape {
    /// The step's name in the journal.
    pub name: StepName,
    /// Its kind.
    pub kind: StepKind,
    /// The steps it runs directly after.
    pub after: Vec<StepName>,
    /// Whether it is idempotent.
    pub idempotent: bool,
    /// Whether its compensation cannot run without its output.
    pub compensation_needs_output: bool,
}

impl Shape {
    /// A short name of this shape: equal shapes have equal ones on every machine.
    pub fn id(&self) -> ShapeId {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut feed = |bytes: &[u8]| {
            for byte in bytes.iter().chain(&[0xff]) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for step in &self.steps {
            feed(step.name.as_str().as_bytes());
            feed(&[step.kind as u8, u8::from(step.idempotent), u8::from(step.compensation_needs_output)]);
            for before in &step.after {
                feed(before.as_str().as_bytes());
            }
            feed(&[]);
        }
        ShapeId(format!("{hash:016x}").into())
    }
}

impl Shape {
    /// What is other in `newer`, in words.
    pub fn differences(&self, newer: &Self) -> Vec<String> {
        let find =
            |shape: &Self, name: &StepName| shape.steps.iter().find(|step| step.name == *name).cloned();
        let mut differences = Vec::new();
        for step in &self.steps {
            match find(newer, &step.name) {
                None => differences.push(format!("step {} is gone", step.name)),
                Some(now) => differences.extend(step.differences(&now)),
            }
        }
        let new = newer.steps.iter().filter(|step| find(self, &step.name).is_none());
        differences.extend(new.map(|step| format!("step {} is new", step.name)));
        if differences.is_empty() && self != newer {
            differences.push("the steps are declared in another order".to_owned());
        }
        differences
    }
}

impl StepShape {
    fn differences(&self, newer: &Self) -> Vec<String> {
        let what = [
            (self.kind != newer.kind, "is of another kind"),
            (self.after != newer.after, "runs after other steps"),
            (self.idempotent != newer.idempotent, "is idempotent in one only"),
            (
                self.compensation_needs_output != newer.compensation_needs_output,
                "has a compensation that needs its output in one only",
            ),
        ];
        what.iter()
            .filter(|(differs, _)| *differs)
            .map(|(_, what)| format!("step {} {what}", self.name))
            .collect()
    }
}

/// The short name of a [`Shape`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShapeId(Arc<str>);

impl ShapeId {
    /// A name that was kept.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShapeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A set of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct StepSet(u64);

impl StepSet {
    /// Puts `step` in.
    pub fn insert(&mut self, step: StepIndex) {
        self.0 |= 1 << step.get();
    }

    /// Whether `step` is in it.
    pub const fn contains(self, step: StepIndex) -> bool {
        self.0 & (1 << step.get()) != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether no step is in both.
    pub const fn is_disjoint(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }

    /// Whether every step of this set is in `other`.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether it has no step.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its steps in order.
    pub fn iter(self) -> impl Iterator<Item = StepIndex> {
        indexes().filter(move |index| self.contains(*index))
    }
}

impl FromIterator<StepIndex> for StepSet {
    fn from_iter<I: IntoIterator<Item = StepIndex>>(steps: I) -> Self {
        let mut set = Self::default();
        steps.into_iter().for_each(|step| set.insert(step));
        set
    }
}

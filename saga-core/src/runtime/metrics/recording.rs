//! What is counted, handed to the recorder.
//!
//! The recorder is asked for its handles once, when an orchestrator is built. From then on counting is an addition
//! through a handle, and where there was no recorder the handle is empty: no label is put together per attempt, and
//! nothing is looked up.

use std::collections::HashMap;
use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, SharedString, Unit, with_recorder};
use tokio::time::Instant;

use super::names::{self, Metric, MetricKind, MetricUnit};
use crate::definition::{Definition, StepDefinition};
use crate::fault::FaultKind;
use crate::id::StepIndex;
use crate::journal::{InstanceState, ParkReason};
use crate::machine::AttemptEnd;
use crate::private::Role;
use crate::runtime::registry::Registry;

/// How recorders that filter see these metrics.
static METADATA: Metadata<'static> = Metadata::new("sagas", Level::INFO, Some(module_path!()));

/// The states that have a series of their own: those of instances that have not ended.
pub(super) const STATES: [InstanceState; 4] =
    [InstanceState::Running, InstanceState::Compensating, InstanceState::Parked, InstanceState::Unreadable];

/// The handles of one orchestrator.
pub(crate) struct Recording {
    sagas: HashMap<(Arc<str>, u32), Meters>,
    commit_entries: Histogram,
    commit_bytes: Histogram,
    commit_duration: Histogram,
    commits_failed: Counter,
    pub(super) gauges: Gauges,
}

/// What the store and the memory are looked at for.
pub(super) struct Gauges {
    /// In the order of [`STATES`].
    pub(super) instances: [Gauge; STATES.len()],
    pub(super) needing_attention: Gauge,
    pub(super) oldest_age: Gauge,
    pub(super) queued: Gauge,
    pub(super) in_memory: Gauge,
}

/// The handles of one saga.
#[derive(Clone)]
pub(crate) struct Meters {
    inner: Arc<OfSaga>,
}

struct OfSaga {
    started: Counter,
    completed: Counter,
    compensated: Counter,
    /// In the order of [`ParkReason::ALL`].
    parked: [Counter; ParkReason::ALL.len()],
    steps: Vec<OfStep>,
}

/// The handles of the methods that a step has.
struct OfStep {
    step: Option<OfMethod>,
    check: Option<OfMethod>,
    compensation: Option<OfMethod>,
}

struct OfMethod {
    /// In the order of [`AttemptResult::ALL`].
    results: [Counter; AttemptResult::ALL.len()],
    duration: Histogram,
}

/// How an attempt ended, for those who count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AttemptResult {
    Succeeded,
    Rejected,
    NotDone,
    InDoubt,
    Lost,
}

impl AttemptResult {
    const ALL: [Self; 5] = [Self::Succeeded, Self::Rejected, Self::NotDone, Self::InDoubt, Self::Lost];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Rejected => "rejected",
            Self::NotDone => "not_done",
            Self::InDoubt => "in_doubt",
            Self::Lost => "lost",
        }
    }

    /// A check that tells has succeeded, whatever it tells.
    fn of(end: &AttemptEnd) -> Self {
        match end {
            AttemptEnd::Succeeded(_) | AttemptEnd::NothingDone => Self::Succeeded,
            AttemptEnd::Unknown => Self::InDoubt,
            AttemptEnd::Failed(fault) => match fault.kind {
                FaultKind::Rejected => Self::Rejected,
                FaultKind::NotDone => Self::NotDone,
                FaultKind::InDoubt => Self::InDoubt,
            },
        }
    }
}

impl Recording {
    /// Describes the metrics to the recorder that is there now, and gets its handles for these sagas.
    pub(crate) fn new(registry: &Registry) -> Self {
        names::ALL.iter().for_each(describe);
        let definitions = registry.sagas().iter().map(|saga| saga.definition());
        let meters = |definition: &Arc<Definition>| {
            let key = (Arc::clone(definition.name()), definition.version());
            (key, Meters::of(definition))
        };
        let state = |state: InstanceState| gauge(&names::INSTANCES, [Value::Word(state.as_str())]);
        Self {
            sagas: definitions.map(meters).collect(),
            commit_entries: histogram(&names::COMMIT_ENTRIES, []),
            commit_bytes: histogram(&names::COMMIT_BYTES, []),
            commit_duration: histogram(&names::COMMIT_DURATION, []),
            commits_failed: counter(&names::COMMITS_FAILED, []),
            gauges: Gauges {
                instances: STATES.map(state),
                needing_attention: gauge(&names::INSTANCES_NEEDING_ATTENTION, []),
                oldest_age: gauge(&names::OLDEST_UNFINISHED_AGE, []),
                queued: gauge(&names::INSTANCES_QUEUED, []),
                in_memory: gauge(&names::INSTANCES_IN_MEMORY, []),
            },
        }
    }

    /// The handles of a saga. One that is not registered has none of its own.
    pub(crate) fn of(&self, definition: &Arc<Definition>) -> Meters {
        let key = (Arc::clone(definition.name()), definition.version());
        self.sagas.get(&key).cloned().unwrap_or_else(|| Meters::of(definition))
    }

    /// A batch of `entries` is durable.
    pub(crate) fn committed(&self, entries: usize, bytes: usize, begun: Instant) {
        self.commit_entries.record(number(entries as u64));
        self.commit_bytes.record(number(bytes as u64));
        self.commit_duration.record(begun.elapsed());
    }

    /// A batch may or may not be durable.
    pub(crate) fn commit_failed(&self) {
        self.commits_failed.increment(1);
    }
}

impl Meters {
    fn of(definition: &Definition) -> Self {
        let saga = || Value::Name(definition.name());
        let parked =
            |reason: ParkReason| counter(&names::INSTANCES_PARKED, [saga(), Value::Word(reason.as_str())]);
        let inner = OfSaga {
            started: counter(&names::INSTANCES_STARTED, [saga()]),
            completed: counter(&names::INSTANCES_COMPLETED, [saga()]),
            compensated: counter(&names::INSTANCES_COMPENSATED, [saga()]),
            parked: ParkReason::ALL.map(parked),
            steps: definition.steps().map(|(_, step)| OfStep::of(definition, step)).collect(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The first entry of an instance is durable.
    pub(crate) fn started(&self) {
        self.inner.started.increment(1);
    }

    /// An instance has come to this state, for this reason if it parked.
    pub(crate) fn came_to(&self, state: InstanceState, reason: Option<ParkReason>) {
        match state {
            InstanceState::Completed => self.inner.completed.increment(1),
            InstanceState::Compensated => self.inner.compensated.increment(1),
            InstanceState::Parked => {
                let at = ParkReason::ALL.iter().position(|of| Some(*of) == reason);
                if let Some(counter) = at.and_then(|at| self.inner.parked.get(at)) {
                    counter.increment(1);
                }
            }
            InstanceState::Running | InstanceState::Compensating | InstanceState::Unreadable => {}
        }
    }

    /// An attempt that had begun at `begun` has ended.
    pub(crate) fn ended(&self, role: Role, step: StepIndex, end: &AttemptEnd, begun: Instant) {
        if let Some(method) = self.method(role, step) {
            method.count(AttemptResult::of(end));
            method.duration.record(begun.elapsed());
        }
    }

    /// An attempt was cut off by the end of its process, or of its orchestrator.
    pub(crate) fn lost(&self, role: Role, step: StepIndex) {
        if let Some(method) = self.method(role, step) {
            method.count(AttemptResult::Lost);
        }
    }

    fn method(&self, role: Role, step: StepIndex) -> Option<&OfMethod> {
        let step = self.inner.steps.get(step.get())?;
        match role {
            Role::Step => step.step.as_ref(),
            Role::Check => step.check.as_ref(),
            Role::Compensation => step.compensation.as_ref(),
        }
    }
}

impl OfStep {
    /// A child is an instance of its own, and its attempts are that one's.
    fn of(definition: &Definition, step: &StepDefinition) -> Self {
        let is_called = step.child.is_none();
        let method = |word, has: bool| has.then(|| OfMethod::of(definition, step, word));
        Self {
            step: method("step", is_called),
            check: method("check", is_called && step.check.is_some()),
            compensation: method("compensation", is_called && step.compensation.is_some()),
        }
    }
}

impl OfMethod {
    fn of(definition: &Definition, step: &StepDefinition, method: &'static str) -> Self {
        let labels =
            || [Value::Name(definition.name()), Value::Name(step.name.as_str()), Value::Word(method)];
        let result = |result: AttemptResult| {
            let [saga, step, method] = labels();
            counter(&names::ATTEMPTS, [saga, step, method, Value::Word(result.as_str())])
        };
        Self {
            results: AttemptResult::ALL.map(result),
            duration: histogram(&names::ATTEMPT_DURATION, labels()),
        }
    }

    fn count(&self, result: AttemptResult) {
        let at = AttemptResult::ALL.iter().position(|of| *of == result);
        if let Some(counter) = at.and_then(|at| self.results.get(at)) {
            counter.increment(1);
        }
    }
}

/// The value of a label.
enum Value<'a> {
    /// A word of this library.
    Word(&'static str),
    /// A name that the definition gives.
    Name(&'a str),
}

/// What the recorder knows a series by.
fn key<const LABELS: usize>(metric: &Metric, values: [Value<'_>; LABELS]) -> Key {
    debug_assert_eq!(metric.labels.len(), LABELS, "{}", metric.name);
    let labels = metric.labels.iter().zip(values).map(|(label, value)| {
        let value = match value {
            Value::Word(word) => SharedString::const_str(word),
            Value::Name(name) => SharedString::from_shared(Arc::from(name)),
        };
        Label::new(*label, value)
    });
    Key::from_parts(metric.name, labels.collect::<Vec<_>>())
}

fn counter<const LABELS: usize>(metric: &Metric, values: [Value<'_>; LABELS]) -> Counter {
    let key = key(metric, values);
    with_recorder(|recorder| recorder.register_counter(&key, &METADATA))
}

fn gauge<const LABELS: usize>(metric: &Metric, values: [Value<'_>; LABELS]) -> Gauge {
    let key = key(metric, values);
    with_recorder(|recorder| recorder.register_gauge(&key, &METADATA))
}

fn histogram<const LABELS: usize>(metric: &Metric, values: [Value<'_>; LABELS]) -> Histogram {
    let key = key(metric, values);
    with_recorder(|recorder| recorder.register_histogram(&key, &METADATA))
}

fn describe(metric: &Metric) {
    let unit = Some(match metric.unit {
        MetricUnit::Count => Unit::Count,
        MetricUnit::Seconds => Unit::Seconds,
        MetricUnit::Bytes => Unit::Bytes,
    });
    let (name, meaning) = (metric.name.into(), metric.meaning.into());
    with_recorder(|recorder| match metric.kind {
        MetricKind::Counter => recorder.describe_counter(name, unit, meaning),
        MetricKind::Gauge => recorder.describe_gauge(name, unit, meaning),
        MetricKind::Histogram => recorder.describe_histogram(name, unit, meaning),
    });
}

/// A number as recorders take it. Above 2^53 it is no longer exact, and nobody counts that far.
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

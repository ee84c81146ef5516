//! Watches the events of a simulated instance, and says which invariant they break. It knows nothing of the
//! machine: it reads the journal, and looks at the services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::world::World;
use crate::definition::{Definition, StepDefinition, StepKind};
use crate::id::{StepIndex, StepName};
use crate::journal::{Event, FailureKind, InstanceState, ResolutionKind};
use crate::machine::state::UnitIndex;
use crate::machine::status::Method;
use crate::time::Timestamp;

/// A step, or an item of one.
type Key = (StepIndex, Option<u32>);

/// What the journal has told so far.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    definition: Arc<Definition>,
    running: BTreeMap<Key, Method>,
    /// The children that run or are taken back: no attempts, and not lost in a crash.
    children: BTreeMap<StepIndex, Method>,
    started: BTreeSet<Key>,
    succeeded: BTreeSet<Key>,
    compensated: BTreeSet<Key>,
    held: BTreeSet<StepIndex>,
    skipped: BTreeSet<StepIndex>,
    delays: BTreeMap<StepIndex, Timestamp>,
    received: BTreeSet<StepIndex>,
    listed: BTreeMap<StepIndex, usize>,
    /// Those whose compensation somebody skipped: their effects may stand.
    left_standing: BTreeSet<Key>,
    decided: bool,
    ended: bool,
    /// What the clock showed last, unless it jumped: then nobody knows whether a delay is over.
    now: Option<Timestamp>,
    jumped: bool,
}

impl Watch {
    pub(super) fn new(definition: Arc<Definition>) -> Self {
        Self {
            definition,
            running: BTreeMap::new(),
            children: BTreeMap::new(),
            started: BTreeSet::new(),
            succeeded: BTreeSet::new(),
            compensated: BTreeSet::new(),
            held: BTreeSet::new(),
            skipped: BTreeSet::new(),
            delays: BTreeMap::new(),
            received: BTreeSet::new(),
            listed: BTreeMap::new(),
            left_standing: BTreeSet::new(),
            decided: false,
            ended: false,
            now: None,
            jumped: false,
        }
    }

    pub(super) fn running(&self) -> Vec<(UnitIndex, Method)> {
        let unit = |(step, item): Key| UnitIndex { step, item };
        self.running.iter().map(|(key, method)| (unit(*key), *method)).collect()
    }

    pub(super) fn children(&self) -> Vec<(StepIndex, Method)> {
        self.children.iter().map(|(step, method)| (*step, *method)).collect()
    }

    /// Whether the pivot was called, and has not turned out to have done nothing.
    pub(super) fn is_past_pivot(&self) -> bool {
        let is_begun = |key| self.started.contains(&key) || self.succeeded.contains(&key);
        self.definition.pivot().is_some_and(|pivot| is_begun((pivot, None)))
    }

    /// The attempt that was under way ended.
    pub(super) fn ended(&mut self, at: UnitIndex) {
        self.running.remove(&(at.step, at.item));
    }

    /// The child has ended, or is taken back.
    pub(super) fn child_ended(&mut self, step: StepIndex) {
        self.children.remove(&step);
    }

    /// The clock was set.
    pub(super) fn clock_jumped(&mut self) {
        self.jumped = true;
    }

    /// The process died, and every attempt with it.
    pub(super) fn crashed(&mut self) {
        self.running.clear();
    }

    pub(super) fn see(&mut self, event: &Event, now: Timestamp, world: &World) {
        self.now = (!self.jumped).then_some(now);
        let reverts =
            matches!(event, Event::CompensationDecided { cause } if cause.kind == FailureKind::Reverted);
        assert!(!self.ended || reverts, "I9: {event:?} follows the end");
        let step = event.step().map(|name| self.definition.index_of(name).expect("the saga has the step"));
        match step {
            Some(step) => self.see_of(step, event, world),
            None => match event {
                Event::CompensationDecided { .. } => self.decided(world),
                _ => self.ended = matches!(event, Event::Completed | Event::Compensated),
            },
        }
    }

    fn see_of(&mut self, step: StepIndex, event: &Event, world: &World) {
        let key = (step, event.item());
        let first = |is_new: bool| assert!(is_new, "{event:?} happened before");
        match event {
            Event::StepSkipped { .. } => first(self.skipped.insert(step) && !self.held.contains(&step)),
            Event::ConditionHeld { .. } => first(self.held.insert(step) && !self.skipped.contains(&step)),
            Event::StepDelayed { until, .. } => first(self.delays.insert(step, *until).is_none()),
            Event::SignalReceived { .. } => first(self.received.insert(step)),
            Event::ItemsListed { items, .. } => {
                self.is_prepared(step);
                first(self.listed.insert(step, items.len()).is_none());
            }
            Event::StepStarted { .. } => self.step_started(key),
            Event::StepSucceeded { .. } => {
                assert!(self.succeeded.insert(key), "I6: {event:?} is a second success");
                self.child_ended(step);
            }
            Event::AttemptFailed { .. } => self.child_ended(step),
            Event::CheckStarted { .. } => self.start(key, Method::Check),
            Event::CompensationStarted { .. } => self.compensation_started(key, world),
            Event::CompensationSucceeded { .. } => {
                assert!(self.compensated.insert(key), "{event:?} is a second one");
                self.child_ended(step);
            }
            Event::CompensationFailed { .. } => self.child_ended(step),
            Event::SignalAwaited { .. } => assert!(!self.received.contains(&step), "{event:?}: it came"),
            Event::SignalMissed { .. } => assert!(!self.received.contains(&step), "{event:?}: it came"),
            Event::AttemptLost { .. }
            | Event::CheckedVoid { .. }
            | Event::CheckFailed { .. }
            | Event::Parked { .. } => {}
            Event::Resolved { how: ResolutionKind::Skip, .. } => {
                assert!(self.decided, "{event:?} of what is not compensated");
                first(self.left_standing.insert(key));
                self.child_ended(step);
            }
            Event::Resolved { .. } => {}
            Event::SagaStarted { .. }
            | Event::ClockChanged
            | Event::CompensationDecided { .. }
            | Event::Completed
            | Event::Compensated => unreachable!("it is of no step"),
        }
        if matches!(
            event,
            Event::StepSkipped { .. }
                | Event::ConditionHeld { .. }
                | Event::StepDelayed { .. }
                | Event::SignalAwaited { .. }
                | Event::SignalReceived { .. }
                | Event::SignalMissed { .. }
                | Event::ItemsListed { .. }
        ) {
            assert!(!self.decided, "I7: {event:?} follows the decision");
        }
    }

    fn start(&mut self, key: Key, method: Method) {
        let (is_child, fan_out) = (self.of(key.0).child.is_some(), self.of(key.0).fan_out);
        if is_child {
            self.children.insert(key.0, method);
            return;
        }
        let running = self.running.insert(key, method);
        assert_eq!(running, None, "I10: {method:?} of {key:?} starts while another attempt is under way");
        if let Some(fan_out) = fan_out {
            let items = self.running.keys().filter(|(step, _)| *step == key.0).count();
            assert!(items <= fan_out.concurrency.get() as usize, "too many items of {key:?} run at once");
        }
    }

    /// Whether everything that has to come before the step's attempts has.
    fn is_prepared(&self, index: StepIndex) {
        let step = self.of(index);
        for before in self.definition.ancestors(index).iter() {
            assert!(self.is_done(before), "I1: {} begins before those before it are done", step.name);
        }
        assert!(!step.conditional || self.held.contains(&index), "{} was not asked", step.name);
        assert!(step.signal.is_none() || self.received.contains(&index), "{} has no message", step.name);
        if step.delay.is_some() {
            let until = self.delays.get(&index).expect("it was delayed");
            assert!(self.now.is_none_or(|now| *until <= now), "{} is not delayed", step.name);
        }
    }

    fn step_started(&mut self, key: Key) {
        assert!(!self.succeeded.contains(&key), "I6: {key:?} is called after its success");
        if self.started.insert(key) {
            self.is_prepared(key.0);
            assert!(!self.decided, "I7: {key:?} begins after the decision");
        }
        if let Some(item) = key.1 {
            assert!((item as usize) < self.listed[&key.0], "{key:?} is not on the list");
            assert!(item == 0 || self.started.contains(&(key.0, Some(item - 1))), "{key:?} is out of order");
        }
        self.start(key, Method::Attempt);
    }

    fn decided(&mut self, world: &World) {
        assert!(!self.decided, "I7: a second decision");
        self.decided = true;
        self.ended = false;
        // Nobody waits for a child to end any more: it is taken back.
        self.children.clear();
        let Some(pivot) = self.definition.pivot() else { return };
        assert!(!self.succeeded.contains(&(pivot, None)), "I12: the pivot has succeeded");
        let pivot = UnitIndex { step: pivot, item: None };
        assert!(!world.may_have_effect(pivot), "I12: the pivot may have been done");
    }

    fn compensation_started(&mut self, key: Key, world: &World) {
        assert!(self.decided, "{key:?} is compensated without a decision");
        assert!(self.started.contains(&key), "{key:?} is compensated and was never called");
        assert!(!self.left_standing.contains(&key), "{key:?} is compensated and was skipped");
        for behind in self.definition.descendants(key.0).iter() {
            let runs = self.running.keys().any(|(step, _)| *step == behind);
            assert!(!runs && !self.children.contains_key(&behind), "I11: a step behind {key:?} is under way");
            for unit in world.units(behind, self.of(behind)) {
                let stands = self.left_standing.contains(&(unit.step, unit.item));
                let may_have_effect = world.may_have_effect(unit) && !stands;
                assert!(!may_have_effect, "I11: {unit:?} behind {key:?} may have an effect");
            }
        }
        self.start(key, Method::Compensation);
    }

    /// What has to be true of the services at the end, when nothing travels any more.
    pub(super) fn end(&self, state: InstanceState, skipped: &[StepName], world: &World) {
        let left_standing: BTreeSet<_> = self.left_standing.iter().map(|(step, _)| *step).collect();
        let left_standing: Vec<_> = left_standing.into_iter().map(|step| &self.of(step).name).collect();
        assert_eq!(skipped.iter().collect::<Vec<_>>(), left_standing, "what was skipped is listed");
        assert!(self.ended);
        assert_eq!(self.running(), [], "nothing runs at the end");
        assert_eq!(self.children(), [], "no child runs at the end");
        for (index, step) in self.definition.steps() {
            for unit in world.units(index, step) {
                if self.left_standing.contains(&(unit.step, unit.item)) {
                    continue;
                }
                let effects = world.service(unit).effects.len();
                let expected = match (state, step.kind) {
                    (InstanceState::Completed, _) if self.skipped.contains(&index) => 0,
                    (InstanceState::Completed, StepKind::ReadOnly) => 0,
                    (InstanceState::Completed, _) => 1,
                    (InstanceState::Compensated, _) => 0,
                    other => panic!("{other:?} is no end"),
                };
                assert_eq!(effects, expected, "I8: {state}, and {unit:?} has {effects} effects");
            }
        }
    }

    /// Whether those after the step may begin.
    fn is_done(&self, step: StepIndex) -> bool {
        match self.of(step).fan_out {
            _ if self.skipped.contains(&step) => true,
            None => self.succeeded.contains(&(step, None)),
            Some(_) => self.listed.get(&step).is_some_and(|count| {
                let succeeded = self.succeeded.range((step, Some(0))..=(step, Some(u32::MAX)));
                succeeded.count() == *count
            }),
        }
    }

    fn of(&self, step: StepIndex) -> &StepDefinition {
        self.definition.step(step).expect("the saga has the step")
    }
}

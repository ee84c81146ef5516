//! Watches the events of a simulated instance, and says which invariant they break. It knows nothing of the
//! machine: it reads the journal, and looks at the services.

use std::sync::Arc;

use super::world::World;
use crate::definition::{Definition, StepKind, StepSet};
use crate::id::{StepIndex, StepName};
use crate::journal::{Event, InstanceState};
use crate::machine::status::Method;

/// What the journal has told so far.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    definition: Arc<Definition>,
    running: Vec<Option<Method>>,
    started: StepSet,
    succeeded: StepSet,
    compensated: StepSet,
    decided: bool,
    ended: bool,
}

impl Watch {
    pub(super) fn new(definition: Arc<Definition>) -> Self {
        let running = vec![None; definition.steps().count()];
        Self {
            definition,
            running,
            started: StepSet::default(),
            succeeded: StepSet::default(),
            compensated: StepSet::default(),
            decided: false,
            ended: false,
        }
    }

    pub(super) fn running(&self) -> Vec<(StepIndex, Method)> {
        let steps = self.definition.steps().map(|(index, _)| index);
        steps.zip(&self.running).filter_map(|(index, method)| Some((index, (*method)?))).collect()
    }

    /// The attempt of a step that was under way ended.
    pub(super) fn ended(&mut self, step: StepIndex) {
        self.running[step.get()] = None;
    }

    /// The process died, and every attempt with it.
    pub(super) fn crashed(&mut self) {
        self.running.fill(None);
    }

    pub(super) fn see(&mut self, event: &Event, world: &World) {
        assert!(!self.ended, "I9: {event:?} follows the end");
        match event {
            Event::StepStarted { step, .. } => self.step_started(step),
            Event::StepSucceeded { step, .. } => {
                let step = self.index(step);
                assert!(!self.succeeded.contains(step), "I6: {event:?} is a second success");
                self.succeeded.insert(step);
            }
            Event::CheckStarted { step, .. } => self.start(step, Method::Check),
            Event::CompensationDecided { .. } => self.decided(world),
            Event::CompensationStarted { step, .. } => self.compensation_started(step, world),
            Event::CompensationSucceeded { step, .. } => {
                let step = self.index(step);
                assert!(!self.compensated.contains(step), "{event:?} is a second one");
                self.compensated.insert(step);
            }
            Event::Completed | Event::Compensated => self.ended = true,
            Event::SagaStarted { .. }
            | Event::StepSkipped { .. }
            | Event::ConditionHeld { .. }
            | Event::StepDelayed { .. }
            | Event::SignalAwaited { .. }
            | Event::SignalReceived { .. }
            | Event::SignalMissed { .. }
            | Event::ItemsListed { .. }
            | Event::AttemptFailed { .. }
            | Event::AttemptLost { .. }
            | Event::CheckedVoid { .. }
            | Event::CheckFailed { .. }
            | Event::CompensationFailed { .. }
            | Event::Parked { .. }
            | Event::Resolved { .. } => {}
        }
    }

    fn start(&mut self, step: &StepName, method: Method) {
        let index = self.index(step);
        let running = self.running[index.get()].replace(method);
        assert_eq!(running, None, "I10: {method:?} of {step} starts while another attempt is under way");
    }

    fn step_started(&mut self, step: &StepName) {
        let index = self.index(step);
        let before = self.definition.ancestors(index);
        assert!(before.is_subset(self.succeeded), "I1: {step} starts before those before it are done");
        assert!(!self.decided || self.started.contains(index), "I7: {step} begins after the decision");
        assert!(!self.succeeded.contains(index), "I6: {step} is called after its success");
        self.started.insert(index);
        self.start(step, Method::Attempt);
    }

    fn decided(&mut self, world: &World) {
        assert!(!self.decided, "I7: a second decision");
        self.decided = true;
        let Some(pivot) = self.definition.pivot() else { return };
        assert!(!self.succeeded.contains(pivot), "I12: the pivot has succeeded");
        assert!(!world.may_have_effect(pivot), "I12: the pivot may have been done");
    }

    fn compensation_started(&mut self, step: &StepName, world: &World) {
        let index = self.index(step);
        assert!(self.decided, "{step} is compensated without a decision");
        for behind in self.definition.descendants(index).iter() {
            assert_eq!(self.running[behind.get()], None, "I11: a step behind {step} is under way");
            assert!(!world.may_have_effect(behind), "I11: a step behind {step} may have an effect");
        }
        self.start(step, Method::Compensation);
    }

    /// What has to be true of the services at the end, when nothing travels any more.
    pub(super) fn end(&self, state: InstanceState, world: &World) {
        assert!(self.ended);
        assert_eq!(self.running(), [], "nothing runs at the end");
        for (index, step) in self.definition.steps() {
            let effects = world.service(index).effects.len();
            let expected = match (state, step.kind) {
                (InstanceState::Completed, StepKind::ReadOnly) => 0,
                (InstanceState::Completed, _) => 1,
                (InstanceState::Compensated, _) => 0,
                other => panic!("{other:?} is no end"),
            };
            assert_eq!(effects, expected, "I8: {state}, and {} has {effects} effects", step.name);
        }
    }

    fn index(&self, step: &StepName) -> StepIndex {
        self.definition.index_of(step).expect("the saga has the step")
    }
}

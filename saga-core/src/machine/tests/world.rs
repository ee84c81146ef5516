//! The services that a simulated saga calls, one for each step, and requests that travel.
//!
//! They keep to what the library asks of a participant: a compensation is accepted twice, and for what never
//! happened, and a call whose compensation was seen is refused, by key. A step that is not idempotent has one
//! more effect with each call.

use crate::definition::{Definition, StepDefinition, StepKind};
use crate::id::StepIndex;

/// What a service knows of one key.
#[derive(Debug, Clone, Default)]
pub(super) struct Service {
    /// The effects that stand, by number.
    pub(super) effects: Vec<u64>,
    /// What the first call was answered, where the step is idempotent.
    answer: Option<Answer>,
    /// Calls whose outcome the caller does not know, and that may still arrive.
    pub(super) travelling: u32,
    compensated: bool,
}

/// What a service answers a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is done; the number of the effect is the output.
    Done(u64),
    Refused,
}

/// All services.
#[derive(Debug, Clone)]
pub(super) struct World {
    services: Vec<Service>,
    effects_made: u64,
}

impl World {
    pub(super) fn new(definition: &Definition) -> Self {
        Self { services: definition.steps().map(|_| Service::default()).collect(), effects_made: 0 }
    }

    pub(super) fn service(&self, step: StepIndex) -> &Service {
        &self.services[step.get()]
    }

    /// A call arrives.
    pub(super) fn call(&mut self, index: StepIndex, step: &StepDefinition) -> Answer {
        let service = &mut self.services[index.get()];
        if service.compensated {
            return Answer::Refused;
        }
        if step.kind == StepKind::ReadOnly {
            return Answer::Done(0);
        }
        if let Some(answer) = service.answer.filter(|_| step.idempotent) {
            return answer;
        }
        self.effects_made += 1;
        service.effects.push(self.effects_made);
        let answer = Answer::Done(self.effects_made);
        service.answer = Some(answer);
        answer
    }

    /// A call arrives that the service would rather refuse. What it has answered before it answers again.
    pub(super) fn call_refused(&mut self, index: StepIndex, step: &StepDefinition, is_final: bool) -> Answer {
        let service = &mut self.services[index.get()];
        if let Some(answer) = service.answer.filter(|_| step.idempotent && !service.compensated) {
            return answer;
        }
        if is_final {
            service.answer = Some(Answer::Refused);
        }
        Answer::Refused
    }

    /// A call was sent, and nobody knows when it arrives.
    pub(super) fn send(&mut self, index: StepIndex) {
        self.services[index.get()].travelling += 1;
    }

    /// A travelling call arrives; nobody hears the answer.
    pub(super) fn arrive(&mut self, index: StepIndex, step: &StepDefinition) {
        if self.services[index.get()].travelling > 0 {
            self.services[index.get()].travelling -= 1;
            self.call(index, step);
        }
    }

    /// A compensation arrives, with the output of its step or without.
    pub(super) fn compensate(&mut self, index: StepIndex, output: Option<u64>) {
        let service = &mut self.services[index.get()];
        service.compensated = true;
        match output {
            Some(output) => service.effects.retain(|effect| *effect != output),
            None => service.effects.clear(),
        }
    }

    /// A check arrives. That nothing was done is final: what still travels is not taken any more.
    pub(super) fn check(&mut self, index: StepIndex) -> Option<u64> {
        let service = &mut self.services[index.get()];
        let found = service.effects.last().copied();
        if found.is_none() {
            service.travelling = 0;
        }
        found
    }

    /// A person cleans up by hand before a call is repeated that is not idempotent.
    pub(super) fn clean_up(&mut self, index: StepIndex) {
        self.services[index.get()] = Service::default();
    }

    /// Whether a step has an effect, or may yet get one from a call that travels.
    pub(super) fn may_have_effect(&self, index: StepIndex) -> bool {
        let service = self.service(index);
        !service.effects.is_empty()
            || (service.travelling > 0 && !service.compensated && !service.is_refused())
    }
}

impl Service {
    fn is_refused(&self) -> bool {
        self.answer == Some(Answer::Refused)
    }
}

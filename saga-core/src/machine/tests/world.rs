//! The services that a simulated saga calls, one for each step or item, with the requests that travel; its
//! children; and what its pure methods say.
//!
//! The services keep to what the library asks of a participant: a compensation is accepted twice, and for what
//! never happened, and a call whose compensation was seen is refused, by key. A step that is not idempotent, or
//! whose key is forgotten, has one more effect with each call.

use std::time::Duration;

use super::choices::Choices;
use crate::definition::{Definition, StepDefinition, StepKind};
use crate::id::StepIndex;
use crate::machine::state::UnitIndex;
use crate::time::Timestamp;

/// What a service knows of one key.
#[derive(Debug, Clone, Default)]
pub(super) struct Service {
    /// The effects that stand, by number.
    pub(super) effects: Vec<u64>,
    /// What the first call was answered and when, where the step is idempotent.
    answer: Option<(Answer, Timestamp)>,
    /// When calls were sent whose outcome the caller does not know, and that may still arrive.
    travelling: Vec<Timestamp>,
    compensated: bool,
    /// When the last call was made: what comes of it is decided then, however long the answer takes.
    called_at: Option<Timestamp>,
    /// Where the step is a child: how far that is.
    child: Child,
}

/// How far a child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Child {
    #[default]
    Absent,
    Running,
    Completed,
    Compensated,
}

/// What a service answers a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is done; the number of the effect is the output.
    Done(u64),
    Refused,
}

/// What there is of one step.
#[derive(Debug, Clone)]
struct Station {
    holds: bool,
    services: Vec<Service>,
}

/// All services, and what the pure methods say.
#[derive(Debug, Clone)]
pub(super) struct World {
    stations: Vec<Station>,
    effects_made: u64,
    /// The time, as services tell it.
    pub(super) now: Timestamp,
}

impl World {
    pub(super) fn new(definition: &Definition, choices: &mut Choices, now: Timestamp) -> Self {
        // Every order of more than two would take too long.
        let items_max = if choices.is_scripted() { 2 } else { 4 };
        let stations = definition.steps().map(|(_, step)| Station {
            holds: !step.conditional || choices.below(3) > 0,
            services: match step.fan_out {
                None => vec![Service::default()],
                Some(_) => vec![Service::default(); choices.below(items_max + 1)],
            },
        });
        Self { stations: stations.collect(), effects_made: 0, now }
    }

    /// Whether the condition of a step holds.
    pub(super) fn holds(&self, step: StepIndex) -> bool {
        self.stations[step.get()].holds
    }

    /// How many items a step has.
    pub(super) fn items(&self, step: StepIndex) -> usize {
        self.stations[step.get()].services.len()
    }

    /// What is called by itself of a step.
    pub(super) fn units(&self, step: StepIndex, of: &StepDefinition) -> Vec<UnitIndex> {
        match of.fan_out {
            None => vec![UnitIndex { step, item: None }],
            Some(_) => {
                let items = (0..).take(self.items(step));
                items.map(|item| UnitIndex { step, item: Some(item) }).collect()
            }
        }
    }

    /// Whether it is called by itself: a step that fans out is not, nor an item that nobody lists.
    pub(super) fn has(&self, at: UnitIndex) -> bool {
        self.stations[at.step.get()].services.len() > at.item.unwrap_or(0) as usize
    }

    pub(super) fn service(&self, at: UnitIndex) -> &Service {
        &self.stations[at.step.get()].services[at.item.unwrap_or(0) as usize]
    }

    fn service_mut(&mut self, at: UnitIndex) -> &mut Service {
        &mut self.stations[at.step.get()].services[at.item.unwrap_or(0) as usize]
    }

    /// A call is made: it may arrive from now on.
    pub(super) fn called(&mut self, at: UnitIndex) {
        let now = self.now;
        self.service_mut(at).called_at = Some(now);
    }

    /// A call arrives.
    pub(super) fn call(&mut self, at: UnitIndex, step: &StepDefinition) -> Answer {
        let (now, next) = (self.now, self.effects_made + 1);
        let service = self.service_mut(at);
        let now = service.called_at.unwrap_or(now);
        if service.compensated {
            return Answer::Refused;
        }
        if step.kind == StepKind::ReadOnly {
            return Answer::Done(0);
        }
        if let Some(answer) = service.remembered(step, now) {
            return answer;
        }
        service.effects.push(next);
        let answer = Answer::Done(next);
        service.answer = Some((answer, now));
        self.effects_made = next;
        answer
    }

    /// A call arrives that the service would rather refuse. What it has answered before it answers again.
    pub(super) fn call_refused(&mut self, at: UnitIndex, step: &StepDefinition, is_final: bool) -> Answer {
        let now = self.now;
        let service = self.service_mut(at);
        let now = service.called_at.unwrap_or(now);
        if let Some(answer) = service.remembered(step, now).filter(|_| !service.compensated) {
            return answer;
        }
        if is_final {
            service.answer = Some((Answer::Refused, now));
        }
        Answer::Refused
    }

    /// A call was sent, and nobody knows when it arrives.
    pub(super) fn send(&mut self, at: UnitIndex) {
        let now = self.now;
        let service = self.service_mut(at);
        service.travelling.push(service.called_at.unwrap_or(now));
    }

    /// A travelling call arrives, if one does; nobody hears the answer. None travels for longer than its key is
    /// known.
    pub(super) fn arrive(&mut self, at: UnitIndex, step: &StepDefinition) {
        let now = self.now;
        let Some(sent) = self.service_mut(at).travelling.pop() else { return };
        if step.idempotent_within.is_none_or(|within| now.since(sent) < within) {
            self.call(at, step);
        }
    }

    /// A compensation arrives, with the output of its step or without.
    pub(super) fn compensate(&mut self, at: UnitIndex, output: Option<u64>) {
        let service = self.service_mut(at);
        service.compensated = true;
        match output {
            Some(output) => service.effects.retain(|effect| *effect != output),
            None => service.effects.clear(),
        }
    }

    /// A check arrives. That nothing was done is final: what still travels is not taken any more.
    pub(super) fn check(&mut self, at: UnitIndex) -> Option<u64> {
        let service = self.service_mut(at);
        let found = service.effects.last().copied();
        if found.is_none() {
            service.travelling.clear();
        }
        found
    }

    /// A person cleans up by hand before a call is repeated that is not idempotent.
    pub(super) fn clean_up(&mut self, at: UnitIndex) {
        *self.service_mut(at) = Service::default();
    }

    /// A person sees to it that it is done, once, and that no call of it arrives any more; the number of the effect.
    pub(super) fn make_done(&mut self, at: UnitIndex, step: &StepDefinition) -> u64 {
        self.effects_made += 1;
        let next = self.effects_made;
        let service = self.service_mut(at);
        service.travelling.clear();
        if step.kind == StepKind::ReadOnly {
            return 0;
        }
        let effect = service.effects.first().copied().unwrap_or(next);
        service.effects = vec![effect];
        effect
    }

    /// Somebody sees to it that the child runs.
    pub(super) fn run_child(&mut self, step: StepIndex) {
        self.effects_made += 1;
        let effect = self.effects_made;
        let service = self.service_mut(UnitIndex { step, item: None });
        if service.child == Child::Absent {
            service.child = Child::Running;
            service.effects.push(effect);
        }
    }

    /// The child completes, if it runs.
    pub(super) fn complete_child(&mut self, step: StepIndex) {
        let service = self.service_mut(UnitIndex { step, item: None });
        if service.child == Child::Running {
            service.child = Child::Completed;
        }
    }

    /// The child fails, or is cancelled, reverted, or kept from ever running.
    pub(super) fn compensate_child(&mut self, step: StepIndex) {
        let service = self.service_mut(UnitIndex { step, item: None });
        service.child = Child::Compensated;
        service.effects.clear();
    }

    /// Somebody talked to those who run the child after the pivot, and it is tried anew.
    pub(super) fn revive_child(&mut self, step: StepIndex) {
        *self.service_mut(UnitIndex { step, item: None }) = Service::default();
    }

    pub(super) fn child(&self, step: StepIndex) -> Child {
        self.service(UnitIndex { step, item: None }).child()
    }

    /// Whether a step or item has an effect, or may yet get one from a call that travels.
    pub(super) fn may_have_effect(&self, at: UnitIndex) -> bool {
        let service = self.service(at);
        !service.effects.is_empty()
            || (service.has_travelling() && !service.compensated && !service.is_refused())
    }
}

impl Service {
    pub(super) fn has_travelling(&self) -> bool {
        !self.travelling.is_empty()
    }

    pub(super) fn child(&self) -> Child {
        self.child
    }

    /// What it answered the key before, as long as it remembers.
    fn remembered(&self, step: &StepDefinition, now: Timestamp) -> Option<Answer> {
        let (answer, at) = self.answer.filter(|_| step.idempotent)?;
        let within = step.idempotent_within.unwrap_or(Duration::MAX);
        (now.since(at) < within).then_some(answer)
    }

    fn is_refused(&self) -> bool {
        matches!(self.answer, Some((Answer::Refused, _)))
    }
}

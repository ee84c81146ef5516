//! What comes of an action.

use std::sync::Arc;

use saga_core::id::StepIndex;
use saga_core::journal::{FailureKind, Loss, Payload};
use saga_core::machine::{Decision, Input, Target, Unexpected};

use super::action::Action;
use super::clock::START;
use super::ledger::announced;
use super::promise::{Broken, Promise, Seen};
use super::saga::Saga;
use super::services::{Answer, Fate, Flaw, Method};
use super::state::{Call, Live, Stage, State};
use super::turn::input_of;
use crate::record::Stands;

impl Saga {
    /// The state after `action`.
    pub(super) fn after(&self, before: &State, action: Action) -> State {
        let mut state = before.clone();
        if action.is_fault(before) {
            state.faults -= 1;
            self.counts.fault();
        }
        match action {
            Action::Land { worker } => self.land(&mut state, worker),
            Action::LandLate { write } => self.land_late(&mut state, write),
            Action::Hear { worker } => self.hear(&mut state, worker),
            Action::Arrive { call, fate } => self.arrive(&mut state, call, fate),
            Action::Lose { call } => {
                state.calls[call].travels = false;
                state.calls[call].answer = Some(Answer::Silence);
            }
            Action::TimeOut { call } => {
                let mut travelling = state.calls[call];
                travelling.abandon();
                state.calls[call].travels = false;
                state.calls[call].answer = Some(Answer::Silence);
                state.calls.push(travelling);
            }
            Action::Take { call } => self.take(&mut state, call),
            Action::TakeAll { worker } => self.take_all(&mut state, worker),
            Action::Pass { worker, at } => {
                let entry = self.turn(&mut state, worker, vec![Input::Proceed], at);
                if entry.is_ok_and(|starts| starts) {
                    self.counts.saw(Seen::TriedAgain);
                }
            }
            Action::Crash { worker } => self.crash(&mut state, worker),
            Action::Claim { worker } => self.claim(&mut state, worker),
            Action::Lost { worker } => self.lost(&mut state, worker),
            Action::Cancel { worker } => self.cancel(&mut state, worker),
            Action::Signal => state.store.has_signal = true,
            Action::Tell { worker } => self.tell(&mut state, worker),
            Action::Resolve { worker } => {
                state.client.resolves -= 1;
                state.past.resolved = true;
                let (who, note) = ("ann".to_owned(), "fixed".to_owned());
                let input = Input::Resolve { target: Target::All, decision: Decision::Retry, who, note };
                let _refused = self.turn(&mut state, worker, vec![input], START);
            }
        }
        state.order_calls();
        state
    }

    fn arrive(&self, state: &mut State, at: usize, fate: Fate) {
        let call = state.calls[at];
        let step = usize::from(call.step);
        let is_stale = call.caller.is_some_and(|worker| state.owner() != Some(usize::from(worker)));
        let service = &mut state.services[step];
        let (was_compensated, effects) = (service.has_compensated(), service.effects);
        let answer = match call.method {
            Method::Step => {
                let of = StepIndex::new(step).and_then(|step| self.definition.step(step));
                of.map_or(Answer::Refused, |of| service.call(of, fate, self.flaw))
            }
            Method::Check => service.check(fate),
            Method::Compensation => service.compensate(call.has_output, fate),
        };
        match call.method {
            Method::Step if fate == Fate::Refused && effects > 0 && !was_compensated => {
                state.past.refused_effects[step] = true;
            }
            Method::Compensation if service.effects < effects && state.past.refused_effects[step] => {
                self.counts.saw(Seen::RefusedFirst);
            }
            Method::Step if service.effects > effects && is_stale => state.past.stale_effects[step] = true,
            Method::Step if was_compensated && call.caller.is_none() => self.counts.saw(Seen::LateRefused),
            Method::Compensation if service.effects < effects && state.past.stale_effects[step] => {
                self.counts.saw(Seen::StaleEffectCompensated);
            }
            Method::Step | Method::Check | Method::Compensation => {}
        }
        let call = &mut state.calls[at];
        call.travels = false;
        let heard = if fate == Fate::DoneUnheard { Answer::Silence } else { answer };
        call.answer = call.caller.map(|_| heard);
    }

    /// A worker takes an answer.
    fn take(&self, state: &mut State, at: usize) {
        let call = state.calls.remove(at);
        let (Some(worker), Some(answer)) = (call.caller, call.answer) else { return };
        let _late = self.turn(state, usize::from(worker), vec![input_of(&call, answer)], START);
    }

    fn take_all(&self, state: &mut State, worker: usize) {
        let is_ready = |call: &Call| call.caller.map(usize::from) == Some(worker) && call.answer.is_some();
        let ready = state.calls.iter().filter(|call| is_ready(call));
        let inputs = ready.filter_map(|call| Some(input_of(call, call.answer?))).collect();
        state.calls.retain(|call| !is_ready(call));
        self.counts.saw(Seen::Together);
        let _late = self.turn(state, worker, inputs, START);
    }

    fn crash(&self, state: &mut State, worker: usize) {
        self.counts.death();
        state.past.crashed = true;
        self.leave(state, worker);
    }

    /// A worker hears that its lease has passed.
    fn lost(&self, state: &mut State, worker: usize) {
        if !self.has(Flaw::GoesOn) {
            self.counts.saw(Seen::StoppedWhenLost);
            self.leave(state, worker);
        } else if let Some(live) = &mut state.workers[worker] {
            live.knows = true;
        }
    }

    /// A worker has the instance in memory no more. What it has sent goes on without it.
    pub(super) fn leave(&self, state: &mut State, worker: usize) {
        let Some(live) = state.workers[worker].take() else { return };
        if let Some(writing) = live.writing.filter(|writing| writing.stage == Stage::OnItsWay) {
            state.flying.push(writing.write);
        }
        state.abandon_calls(worker);
    }

    /// A worker takes the instance over: from then on no entry of an earlier stay is taken.
    fn claim(&self, state: &mut State, worker: usize) {
        let Some(fold) = state.store.fold.clone() else { return };
        state.store.epoch += 1;
        self.see_recovery(state);
        let has_signal = state.store.has_signal;
        state.workers[worker] = Some(Live {
            epoch: state.store.epoch,
            machine: fold,
            journal: Arc::clone(&state.store.journal),
            writing: None,
            has_signal,
            knows: false,
        });
        if self.has(Flaw::CallsAgain) {
            return self.call_again(state, worker);
        }
        let signal = has_signal.then(|| self.signal()).flatten();
        let inputs = [Input::Recovered { loss: Loss::Alone }].into_iter().chain(signal).collect();
        if self.turn(state, worker, inputs, START).is_err() {
            state.breaks(Promise::I5, "an instance that was read back does not go on");
        }
    }

    fn cancel(&self, state: &mut State, worker: usize) {
        state.client.cancels -= 1;
        let (kind, message) = (FailureKind::Cancelled, "the client cancels".to_owned());
        match self.turn(state, worker, vec![Input::Cancel { kind, who: None, message }], START) {
            Ok(_) => match state.workers[worker].as_mut().and_then(|live| live.writing.as_mut()) {
                Some(writing) if !self.has(Flaw::TellsEarly) => writing.cancels = true,
                // If there is none it compensates already, and there is nothing to wait for.
                _ => state.client.is_cancelled = true,
            },
            Err(Unexpected::PastPivot) => self.counts.saw(Seen::PastPivot),
            Err(_) => {}
        }
    }

    fn tell(&self, state: &mut State, worker: usize) {
        let Some(live) = &mut state.workers[worker] else { return };
        live.has_signal = true;
        let seen = if live.machine.machine.waits_for_signal() { Seen::Signalled } else { Seen::SignalEarly };
        self.counts.saw(seen);
        let _late = self.turn(state, worker, self.signal().into_iter().collect(), START);
    }

    /// The message, to the step that takes one.
    fn signal(&self) -> Option<Input> {
        let (step, _) = self.definition.steps().find(|(_, step)| step.signal.is_some())?;
        Some(Input::Signal { step, id: "m1".to_owned(), payload: Payload::NOTHING })
    }

    /// Calls what was running again, without telling the machine that it was lost.
    fn call_again(&self, state: &mut State, worker: usize) {
        let running = state.store.ledger.records.iter().enumerate();
        let again: Vec<_> = running
            .filter_map(|(step, record)| {
                let method = match record.stands {
                    Stands::Running => Method::Step,
                    Stands::Checking => Method::Check,
                    Stands::Compensating => Method::Compensation,
                    _ => return None,
                };
                Some((step, method, announced(record, method)))
            })
            .collect();
        for (step, method, attempt) in again {
            self.call(state, worker, step, method, attempt);
        }
    }
}

impl State {
    /// A promise is broken; the first one counts.
    pub(super) fn breaks(&mut self, promise: Promise, what: &'static str) {
        self.broken.get_or_insert(Broken { promise, what });
    }
}

//! What people do to a simulated instance, and that what does not fit changes nothing.

use super::super::rig::resolve_all;
use super::super::world::Child;
use super::{Drive, OPEN, output};
use crate::journal::{FailureKind, ParkReason, Payload};
use crate::machine::state::UnitIndex;
use crate::machine::{Decision, Input, Target, Unexpected};

impl Drive {
    /// Somebody wants it taken back, and perhaps it is too late, or too early.
    pub(super) fn cancel(&mut self) {
        let kind = if self.choices.once_in(4) { FailureKind::Reverted } else { FailureKind::Cancelled };
        let input = Input::Cancel { kind, who: Some("ann".to_owned()), message: String::new() };
        let reverts = self.machine.failure().is_some_and(|failure| failure.kind == FailureKind::Reverted);
        match self.refusal_of(&input) {
            None => {
                assert!(reverts || kind == FailureKind::Cancelled);
                self.handle(input, self.gate);
            }
            Some(Unexpected::PastPivot) => assert!(self.watch.is_past_pivot()),
            Some(Unexpected::NotRevertible) => assert!(!reverts && kind == FailureKind::Reverted),
            Some(unexpected) => panic!("it is refused: {unexpected}"),
        }
    }

    /// A person has looked, and wants everything tried again.
    pub(super) fn retry(&mut self) {
        self.units().into_iter().for_each(|at| self.look(at));
        self.handle(resolve_all(Decision::Retry), OPEN);
    }

    /// Somebody decides something of something, and sees to it that it is true if it fits.
    pub(super) fn decide(&mut self) {
        let parked = self.parked();
        let target = match parked.is_empty() || self.choices.once_in(4) {
            true => Target::All,
            false => {
                let any = if self.choices.once_in(8) { self.units() } else { parked.clone() };
                let known: Vec<_> = any.into_iter().filter(|at| self.unit(*at).is_some()).collect();
                let all = if known.is_empty() { parked.clone() } else { known };
                let UnitIndex { step, item } = self.choices.one(&all);
                Target::One { step, item }
            }
        };
        let way = self.choices.below(4);
        self.decide_on(target, way);
    }

    /// Somebody decides something of everything; where that does not fit, they want it tried again.
    pub(super) fn decide_on_all(&mut self) {
        let way = self.choices.below(4);
        if !self.decide_on(Target::All, way) {
            self.retry();
        }
    }

    /// Somebody decides; whether that fits.
    fn decide_on(&mut self, target: Target, way: usize) -> bool {
        let parked = self.parked();
        let targets = match target {
            Target::All => parked.clone(),
            Target::One { step, item } => vec![UnitIndex { step, item }],
        };
        let decision = match way {
            0 => Decision::Retry,
            1 => Decision::Skip,
            2 => Decision::Succeeded(Payload::NOTHING),
            _ => Decision::Void,
        };
        let input = |decision| Input::Resolve {
            target,
            decision,
            who: "ann".to_owned(),
            note: "what the service said".to_owned(),
        };
        match self.refusal_of(&input(decision.clone())) {
            None => {}
            Some(Unexpected::NotParked) => {
                assert!(parked.is_empty());
                return false;
            }
            Some(Unexpected::NotApplicable { why }) => {
                let is_parked = targets.iter().all(|at| parked.contains(at));
                assert!(!is_parked || decision != Decision::Retry, "Retry fits whatever is parked: {why}");
                return false;
            }
            Some(unexpected) => panic!("it is refused: {unexpected}"),
        }
        let decision = match decision {
            Decision::Retry => {
                targets.into_iter().for_each(|at| self.look(at));
                Decision::Retry
            }
            Decision::Skip => Decision::Skip,
            Decision::Succeeded(_) => {
                let step = self.of(targets[0].step);
                Decision::Succeeded(output(self.world.make_done(targets[0], &step)))
            }
            Decision::Void => {
                self.world.clean_up(targets[0]);
                Decision::Void
            }
        };
        self.handle(input(decision), self.gate);
        true
    }

    /// Why `input` is refused, if it is. Then nothing has changed.
    pub(super) fn refusal_of(&self, input: &Input) -> Option<Unexpected> {
        let mut machine = self.machine.clone();
        let refusal = machine.handle(input.clone(), self.now, &mut self.gate.clone()).err()?;
        assert_eq!(machine.state(), self.machine.state(), "{input:?} is refused, and changes nothing");
        Some(refusal)
    }

    /// Everything that is parked.
    fn parked(&self) -> Vec<UnitIndex> {
        let parked = self.machine.parked_all().map(|parked| UnitIndex {
            step: self.definition.index_of(&parked.step).expect("the saga has it"),
            item: parked.item,
        });
        parked.collect()
    }

    /// A person looks before something parked is tried again: a call that may not be repeated is cleaned up by hand.
    fn look(&mut self, at: UnitIndex) {
        let Some(record) = self.unit(at).map(|unit| unit.record.clone()) else { return };
        let (parked, block) = (record.status.parked(), record.block.map(|block| block.reason));
        let step = self.of(at.step);
        let may_repeat = step.idempotent && step.idempotent_within.is_none();
        if [parked, block].contains(&Some(ParkReason::InDoubt)) && !may_repeat {
            self.world.clean_up(at);
        }
        if parked.is_some() && self.world.has(at) && self.world.service(at).child() == Child::Compensated {
            self.world.revive_child(at.step);
        }
    }
}

//! What the pure methods of a step say: whether its condition holds, and which items it has.

use super::decide::Machine;
use super::error::Unexpected;
use super::input::{Answer, Question};
use super::prepare::{Ahead, ahead};
use super::state::{Phase, UnitIndex};
use super::turn::Turn;
use crate::definition::FanOut;
use crate::id::StepIndex;
use crate::journal::{Event, ParkReason};

impl Machine {
    /// What has to be asked before a step goes on, if the instance may go forward. Ask it only while its gate is
    /// open, and bring the answer as [`Input::Answered`](super::Input::Answered) at the same time: another
    /// question may follow.
    pub fn question(&self) -> Option<Question> {
        self.state().question(self.definition(), self.clock())
    }
}

impl Turn<'_> {
    /// A pure method of the step at `index` said `answer`.
    pub(super) fn answered(&mut self, index: StepIndex, answer: Answer) -> Result<(), Unexpected> {
        let at = UnitIndex { step: index, item: None };
        let name = self.named(at)?.of.name.clone();
        let may_ask = self.state.phase == Phase::Running && !self.state.has_parked();
        let (done, clock) = (self.state.done(self.definition), self.clock());
        let ahead = self.step(index).filter(|_| may_ask).map(|step| ahead(step, done, clock));
        let event = match (ahead, answer) {
            (Some(Ahead::Ask(Question::Condition(_))), Answer::Holds(true)) => {
                Event::ConditionHeld { step: name }
            }
            (Some(Ahead::Ask(Question::Condition(_))), Answer::Holds(false)) => {
                Event::StepSkipped { step: name }
            }
            (Some(Ahead::Ask(Question::Items(_))), Answer::Items(items))
                if items.len() > FanOut::ITEMS_MAX =>
            {
                let message = format!("{} items, where {} is the most", items.len(), FanOut::ITEMS_MAX);
                return self.park(at, ParkReason::TooManyItems, message);
            }
            (Some(Ahead::Ask(Question::Items(_))), Answer::Items(items)) => {
                Event::ItemsListed { step: name, items }
            }
            (Some(_) | None, Answer::Holds(_) | Answer::Items(_)) => {
                return Err(Unexpected::NotAsked { step: name });
            }
        };
        Ok(self.record(event)?)
    }
}

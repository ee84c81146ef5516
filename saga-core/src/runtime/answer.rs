//! Asking the pure methods of a saga, which may panic like any user's code.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::definition::FanOut;
use crate::id::StepIndex;
use crate::journal::ParkReason;
use crate::machine::{Answer, Input, Question};
use crate::private::{Ask, Asked, Encoding};
use crate::runtime::attempt::text_of;

/// Asks what the machine wants to know, by `ask`. What cannot be answered parks the instance at the step.
pub(crate) fn answer(
    question: Question,
    ask: impl FnOnce(Ask, Encoding) -> Asked,
    encoding: Encoding,
) -> Input {
    let (step, ask_for) = match question {
        Question::Condition(step) => (step, Ask::Condition(step.get())),
        Question::Items(step) => (step, Ask::Items(step.get())),
    };
    match catch_unwind(AssertUnwindSafe(|| ask(ask_for, encoding))) {
        Ok(Asked::Holds(holds)) => Input::Answered { step, answer: Answer::Holds(holds) },
        Ok(Asked::Items(items)) => Input::Answered { step, answer: Answer::Items(items) },
        Ok(Asked::TooMany(count)) => {
            let message = format!("it has {count} items, more than the limit of {}", FanOut::ITEMS_MAX);
            park(step, ParkReason::TooManyItems, message)
        }
        Ok(Asked::NotEncodable(message)) => park(step, ParkReason::Decode, message),
        Err(panic) => park(step, ParkReason::Panicked, format!("panicked: {}", text_of(&*panic))),
    }
}

fn park(step: StepIndex, reason: ParkReason, message: String) -> Input {
    Input::Park { step, item: None, reason, message }
}

//! What a completed instance returns, as its journal tells it.

use serde_json::value::RawValue;

use crate::definition::Definition;
use crate::id::StepIndex;
use crate::journal::{Event, Payload};
use crate::private::AnySlot;

/// The output of an instance so far: that of one step, in the form that the step gives it.
#[derive(Debug, Clone, Default)]
pub(crate) enum Output {
    /// There is none yet.
    #[default]
    None,
    /// The step returned it.
    One(Payload),
    /// The step was skipped.
    Skipped,
    /// Each item of the step returned one, in their order.
    Items(Vec<Payload>),
}

impl Output {
    /// Takes down what `event` says of the output of the step at `step`.
    pub(crate) fn note(&mut self, definition: &Definition, step: Option<StepIndex>, event: &Event) {
        let is_it = |name| step.is_some() && definition.index_of(name) == step;
        match event {
            Event::StepSkipped { step } if is_it(step) => *self = Self::Skipped,
            Event::ItemsListed { step, items } if is_it(step) => {
                *self = Self::Items(vec![Payload::NOTHING; items.len()]);
            }
            Event::StepSucceeded { step, item, output } if is_it(step) => match (item, &mut *self) {
                (Some(item), Self::Items(items)) => {
                    let place = usize::try_from(*item).ok().and_then(|at| items.get_mut(at));
                    if let Some(place) = place {
                        *place = output.clone();
                    }
                }
                _ => *self = Self::One(output.clone()),
            },
            _ => {}
        }
    }

    /// Puts it where the saga keeps the output of its step.
    ///
    /// # Errors
    /// A text that names the type and the place, never what stands there.
    pub(crate) fn restore(&self, slot: &dyn AnySlot) -> Result<(), String> {
        match self {
            Self::None => Err("it has no output".to_owned()),
            Self::One(output) => slot.restore(output),
            Self::Skipped => Ok(()),
            Self::Items(_) => slot.restore(&self.to_payload()),
        }
    }

    /// It as one JSON value: what a parent keeps as the output of its step.
    pub(crate) fn to_payload(&self) -> Payload {
        match self {
            Self::None | Self::Skipped => Payload::NOTHING,
            Self::One(output) => output.clone(),
            Self::Items(outputs) => {
                let texts: Vec<&str> = outputs.iter().map(Payload::as_str).collect();
                // A list of JSON texts with commas between is a JSON text.
                RawValue::from_string(format!("[{}]", texts.join(","))).map(Payload::json).unwrap_or_default()
            }
        }
    }
}

//! The output that a person says a parked step has had.

use super::live::{Core, Live};
use crate::error::Error;
use crate::id::StepIndex;
use crate::journal::Payload;
use crate::machine::{Decision, Input, Target};

/// An output that was told, and whose it is.
pub(super) struct Told {
    step: StepIndex,
    item: Option<u32>,
    output: Payload,
}

impl Live {
    /// The output that `input` tells of, if it tells of one that is read as the type of its step. Whether the step can
    /// have it at all is the machine's to say.
    ///
    /// # Errors
    /// [`Error::WrongOutput`].
    pub(super) fn told_by(&self, core: &Core, input: &Input) -> Result<Option<Told>, Error> {
        let Input::Resolve { target, decision: Decision::Succeeded(output), .. } = input else {
            return Ok(None);
        };
        let definition = self.saga.definition();
        let (step, item) = match *target {
            Target::One { step, item } => (step, item),
            Target::All => {
                let mut parked = core.machine.parked_all();
                // Of several, or of none, the machine takes no output.
                let (Some(only), None) = (parked.next(), parked.next()) else { return Ok(None) };
                let Some(step) = definition.index_of(&only.step) else { return Ok(None) };
                (step, only.item)
            }
        };
        let Some(of) = definition.step(step) else { return Ok(None) };
        self.saga.check_output(step, item, output).map_err(|what| {
            let name = &of.name;
            let step = item.map_or_else(|| name.to_string(), |item| format!("{name}/{item}"));
            Error::WrongOutput { id: self.id.clone(), step, what }
        })?;
        Ok(Some(Told { step, item, output: output.clone() }))
    }

    /// Puts an output that was told where later steps find it.
    ///
    /// # Errors
    /// It was readable, and is so no longer.
    pub(super) fn keep_told(&self, told: &Told) -> Result<(), String> {
        let Some(slot) = self.memory.as_ref().and_then(|memory| memory.slot(told.step)) else {
            // Nothing is called on values that cannot be read; the journal has this one for whoever can.
            return Ok(());
        };
        match told.item {
            None => slot.restore(&told.output),
            Some(item) => slot.restore_item(item, &told.output),
        }
    }
}

//! How somebody decides that what is parked goes on.

use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::id::InstanceId;
use crate::journal::Payload;
use crate::machine::Decision;

/// How a parked instance goes on. It is in the journal with who decided (see
/// [`Orchestrator::acting_as`](crate::runtime::Orchestrator::acting_as)) and the note.
///
/// Its `Debug` shows no output.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// What is parked is tried again, with a new budget: a step with the same idempotency key, a compensation, a check,
    /// a method that panicked, a value that could not be read.
    Retry {
        /// Why, for the journal.
        note: String,
    },
    /// A parked compensation is given up. What its step did stays, and the step is listed in
    /// [`Failure::skipped`](crate::outcome::Failure::skipped) of the outcome.
    Skip {
        /// Why, for the journal.
        note: String,
    },
    /// A step in doubt was done, or a parked step after the pivot counts as done: somebody has looked, and knows its
    /// output.
    Succeeded {
        /// What the step returned, as its type is written in JSON.
        output: Value,
        /// Why, for the journal.
        note: String,
    },
    /// A step in doubt was not done, and will not be: somebody has looked.
    Void {
        /// Why, for the journal.
        note: String,
    },
}

impl Resolution {
    pub(crate) fn note(&self) -> &str {
        match self {
            Self::Retry { note }
            | Self::Skip { note }
            | Self::Succeeded { note, .. }
            | Self::Void { note } => note,
        }
    }

    /// It as the machine takes it.
    ///
    /// # Errors
    /// [`Error::PayloadTooLarge`], [`Error::NotEncodable`].
    pub(crate) fn decision(&self, id: &InstanceId, bytes_max: usize) -> Result<Decision, Error> {
        Ok(match self {
            Self::Retry { .. } => Decision::Retry,
            Self::Skip { .. } => Decision::Skip,
            Self::Void { .. } => Decision::Void,
            Self::Succeeded { output, .. } => {
                let text = RawValue::from_string(output.to_string()).map_err(|_| {
                    let message = "the output cannot be written as JSON".to_owned();
                    Error::NotEncodable { id: id.clone(), message }
                })?;
                let payload = Payload::json(text);
                let bytes = payload.len();
                if bytes > bytes_max {
                    return Err(Error::PayloadTooLarge { id: id.clone(), bytes, bytes_max });
                }
                Decision::Succeeded(payload)
            }
        })
    }
}

impl fmt::Debug for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Retry { .. } => "Retry",
            Self::Skip { .. } => "Skip",
            Self::Succeeded { .. } => "Succeeded",
            Self::Void { .. } => "Void",
        };
        f.debug_struct(name).field("note", &self.note()).finish_non_exhaustive()
    }
}

//! The machine from outside: an instance begins or is read back, and inputs are decided.

use std::sync::Arc;

use super::error::{ReplayError, Unexpected};
use super::input::{Input, Pace};
use super::state::State;
use super::turn::Turn;
use crate::definition::Definition;
use crate::id::{InstanceId, Seq};
use crate::journal::{Entry, Event, Payload};
use crate::time::Timestamp;

/// One instance of a saga: it decides what happens next.
///
/// It is pure: the same journal and the same inputs, at the same times, give the same events.
#[derive(Debug, Clone)]
pub struct Machine {
    definition: Arc<Definition>,
    id: InstanceId,
    state: State,
}

impl Machine {
    /// A new instance, and the events of its first entry: it started, and at [`Pace::Go`] so did its first steps.
    pub fn begin(
        definition: Arc<Definition>,
        id: InstanceId,
        input: Payload,
        now: Timestamp,
        pace: Pace,
    ) -> (Self, Vec<Event>) {
        let mut events = vec![Event::SagaStarted {
            saga: definition.name().clone(),
            version: definition.version(),
            shape: definition.shape_id().clone(),
            input,
        }];
        let mut machine = Self { state: State::new(&definition, now), definition, id };
        // A root of a new instance may start whatever the definition; a refusal would leave it ready, not lost.
        events.extend(machine.decide(Input::Proceed, now, pace).unwrap_or_default());
        (machine, events)
    }

    /// The instance whose journal is `entries`.
    ///
    /// # Errors
    /// [`ReplayError`] if they are not the whole journal of an instance of `definition`, from its first entry
    /// and without a gap. Nothing may be appended then.
    pub fn replay<'a>(
        definition: Arc<Definition>,
        id: InstanceId,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<Self, ReplayError> {
        let mut expected = Seq::FIRST;
        let mut state = None;
        for entry in entries {
            if entry.seq != expected {
                return Err(ReplayError::Gap { expected, found: entry.seq });
            }
            expected = expected.next();
            for event in &entry.events {
                match &mut state {
                    None => state = Some(started(&definition, event, entry.at)?),
                    Some(state) => state
                        .apply(&definition, event, entry.at)
                        .map_err(|source| ReplayError::Illegal { seq: entry.seq, source })?,
                }
            }
        }
        let state = state.ok_or(ReplayError::Empty)?;
        Ok(Self { definition, id, state })
    }

    /// Decides what `input` makes true at `now`. The events are applied already; none means that nothing became
    /// true, and nothing is appended.
    ///
    /// # Errors
    /// [`Unexpected`] if the input does not fit the state, such as the late result of an attempt that was given
    /// up: the state is as it was. Only after [`Unexpected::Broken`] it is not, and the machine is to be dropped.
    pub fn handle(&mut self, input: Input, now: Timestamp, pace: Pace) -> Result<Vec<Event>, Unexpected> {
        self.decide(input, now, pace)
    }

    /// The fold of the journal.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The saga.
    pub fn definition(&self) -> &Arc<Definition> {
        &self.definition
    }

    /// The instance.
    pub fn id(&self) -> &InstanceId {
        &self.id
    }

    fn decide(&mut self, input: Input, now: Timestamp, pace: Pace) -> Result<Vec<Event>, Unexpected> {
        Turn::new(&self.definition, &self.id, &mut self.state, now).take(input, pace)
    }
}

/// The state after the first event of a journal.
fn started(definition: &Definition, event: &Event, at: Timestamp) -> Result<State, ReplayError> {
    let Event::SagaStarted { saga, version, shape, .. } = event else {
        return Err(ReplayError::NotStarted { event: event.name() });
    };
    if saga != definition.name() || *version != definition.version() || shape != definition.shape_id() {
        return Err(ReplayError::OtherDefinition {
            saga: saga.to_string(),
            version: *version,
            shape: shape.clone(),
        });
    }
    Ok(State::new(definition, at))
}

//! The machine from outside: an instance begins or is read back, and inputs are decided.

use std::sync::Arc;

use super::clock::Clock;
use super::error::{ReplayError, Unexpected};
use super::gate::Gate;
use super::input::Input;
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
    /// When the last input came, or the last entry was written.
    now: Timestamp,
    /// When everything that was due was started, as far as there was room, if that is still so. It keeps what
    /// waits for room from being taken for what waits for a time.
    started_until: Option<Timestamp>,
}

impl Machine {
    /// A new instance, and the events of its first entry: it started, and if `gate` is open so did its first
    /// steps, but for those that have a [`question`](Self::question).
    pub fn begin(
        definition: Arc<Definition>,
        id: InstanceId,
        input: Payload,
        now: Timestamp,
        gate: &mut dyn Gate,
    ) -> (Self, Vec<Event>) {
        let mut events = vec![Event::SagaStarted {
            saga: definition.name().clone(),
            version: definition.version(),
            shape: definition.shape_id().clone(),
            parent: None,
            trace: None,
            input,
        }];
        let state = State::new(&definition, now);
        let mut machine = Self { state, definition, id, now, started_until: None };
        // A root of a new instance may start whatever the definition; a refusal would leave it ready, not lost.
        events.extend(machine.decide(Input::Proceed, now, gate).unwrap_or_default());
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
        let mut machine: Option<Self> = None;
        for entry in entries {
            if entry.seq != expected {
                return Err(ReplayError::Gap { expected, found: entry.seq });
            }
            expected = expected.next();
            match &mut machine {
                Some(machine) => machine.add(entry)?,
                None => machine = Self::first(&definition, &id, entry)?,
            }
        }
        machine.ok_or(ReplayError::Empty)
    }

    /// Adds the next entry of its journal.
    ///
    /// # Errors
    /// [`ReplayError::Illegal`] if that cannot follow.
    pub(crate) fn add(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        self.apply(entry.seq, &entry.events, entry.at)
    }

    /// Decides what `input` makes true at `now`. The events are applied already; none means that nothing became
    /// true, and nothing is appended.
    ///
    /// # Errors
    /// [`Unexpected`] if the input does not fit the state, such as the late result of an attempt that was given
    /// up: the state is as it was. Only after [`Unexpected::Broken`] it is not, and the machine is to be dropped.
    pub fn handle(
        &mut self,
        input: Input,
        now: Timestamp,
        gate: &mut dyn Gate,
    ) -> Result<Vec<Event>, Unexpected> {
        self.decide(input, now, gate)
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

    /// What the time was when the last input came, or the last entry was written.
    pub(super) fn clock(&self) -> Clock {
        self.state.clock(self.now)
    }

    /// Up to when what is due has started or waits for room.
    pub(super) fn started_until(&self) -> Option<Timestamp> {
        self.started_until
    }

    /// The instance of which the first entry is known; none if that is empty.
    fn first(
        definition: &Arc<Definition>,
        id: &InstanceId,
        entry: &Entry,
    ) -> Result<Option<Self>, ReplayError> {
        let Some((first, rest)) = entry.events.split_first() else { return Ok(None) };
        let state = started(definition, first, entry.at)?;
        let (definition, id) = (Arc::clone(definition), id.clone());
        let mut machine = Self { definition, id, state, now: entry.at, started_until: None };
        machine.apply(entry.seq, rest, entry.at)?;
        Ok(Some(machine))
    }

    fn apply(&mut self, seq: Seq, events: &[Event], at: Timestamp) -> Result<(), ReplayError> {
        self.now = at;
        events.iter().try_for_each(|event| {
            let applied = self.state.apply(&self.definition, event, at);
            applied.map_err(|source| ReplayError::Illegal { seq, source })
        })
    }

    fn decide(
        &mut self,
        input: Input,
        now: Timestamp,
        gate: &mut dyn Gate,
    ) -> Result<Vec<Event>, Unexpected> {
        let is_open = gate.is_open();
        let (definition, id, state) = (&*self.definition, &self.id, &mut self.state);
        let turn = Turn { definition, id, state, now, gate, events: Vec::new() };
        let events = turn.take(input)?;
        self.now = now;
        self.started_until = is_open.then_some(now);
        Ok(events)
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

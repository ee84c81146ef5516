//! A new instance, up to its first entry.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::decide::answer_all;
use super::flag::calls_for_attention;
use super::folded::Folded;
use super::live::{Arriving, Created, Live, Writing};
use super::rest::due_of;
use crate::error::Error;
use crate::id::Seq;
use crate::journal::{Entry, Event, Head, InstanceState, Payload, Progress, codec};
use crate::machine::Machine;
use crate::runtime::output::Output;
use crate::runtime::shared::Shared;
use crate::store::Write;

impl Live {
    /// A new instance: its first entry is being written once what is returned with it is handed in. `creator` is
    /// told what became of that.
    pub(crate) fn create(
        shared: &Arc<Shared>,
        arriving: Arriving,
        input: Payload,
        creator: oneshot::Sender<Created>,
    ) -> Result<(Arc<Self>, Write), Error> {
        let now = arriving.created_at;
        let definition = Arc::clone(arriving.saga.definition());
        let id = arriving.id.clone();
        let mut door = shared.door(arriving.place.is_some(), &definition, &id);
        let (mut machine, mut events) =
            Machine::begin(Arc::clone(&definition), id.clone(), input, now, &mut door);
        if let Some(Event::SagaStarted { parent, trace, .. }) = events.first_mut() {
            parent.clone_from(&arriving.parent);
            *trace = arriving.trace.as_deref().cloned();
        }
        if let Some(memory) = &arriving.memory {
            let answered = answer_all(shared, &mut machine, &**memory, now, &mut door);
            events.extend(
                answered.map_err(|broken| Error::Stopped { id: id.clone(), why: broken.to_string() })?,
            );
        }
        let parent = arriving.parent.clone();
        let (permits, in_line) = (std::mem::take(&mut door.permits), std::mem::take(&mut door.refused));
        let stays = arriving.place.is_none() || !in_line.is_empty() || machine.waits_for_children();
        let due = due_of(&machine, now, stays);
        let progress = Progress { due, ..machine.progress() };
        let live = Self::new(shared, arriving, machine, Seq::FIRST, progress.clone(), Output::default());
        let entry = Entry { seq: Seq::FIRST, epoch: live.epoch, at: now, events };
        let head = Head {
            id,
            saga: Arc::clone(definition.name()),
            version: definition.version(),
            shape: live.saga.shape().clone(),
            parent,
            created_at: now,
            seq: Seq::FIRST,
            progress,
        };
        let encoded = codec::encode(&entry)
            .map_err(|error| Error::NotEncodable { id: live.id.clone(), message: error.to_string() })?;
        let mut core = live.core();
        core.folded = Folded::begun(&core.machine, &encoded);
        let before = Progress::new(InstanceState::Running, now);
        let calls_for_attention = calls_for_attention(&before, &core.progress, &entry.events);
        core.writing = Some(Writing {
            events: entry.events,
            replies: Vec::new(),
            calls_for_attention,
            handed_out: false,
        });
        core.creators.push(creator);
        core.permits = permits;
        core.in_line = in_line;
        drop(core);
        Ok((live, Write::Create { head, entry: encoded }))
    }
}

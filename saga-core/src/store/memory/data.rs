//! What a store in memory holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use super::stays::Stays;
use crate::id::{Epoch, InstanceId, Seq};
use crate::journal::{EncodedEntry, Head, InstanceState, Progress};
use crate::store::{
    Defined, Due, InUse, Position, Query, Refusal, SIGNALS_MAX, Signal, Stored, Unfinished, Wanted, Write,
};
use crate::time::Timestamp;

/// What a store in memory holds.
#[derive(Debug, Default, Clone)]
pub(super) struct Data {
    pub(super) stays: Stays,
    definitions: Vec<Defined>,
    /// In the order of their creation.
    instances: BTreeMap<Place, Instance>,
    last: u64,
    places: HashMap<InstanceId, Place>,
    /// The instances that have not ended.
    open: BTreeSet<Place>,
    /// The active instances that wait for no time, by the stay they belong to.
    ready: BTreeMap<Epoch, BTreeSet<Place>>,
    /// The active instances that wait for a time.
    waiting: BTreeSet<(Timestamp, Place)>,
}

type Place = Position;

#[derive(Debug, Clone)]
struct Instance {
    head: Head,
    owner: Epoch,
    entries: Vec<EncodedEntry>,
    signals: Vec<Signal>,
    /// When it was called first since it was handed out.
    called: Option<Timestamp>,
}

impl Data {
    pub(super) fn join(&mut self, now: Timestamp, lease_until: Timestamp) -> Epoch {
        if let Some(setback) = self.stays.setback(now) {
            self.stays.set_back(now, setback);
            let places: Vec<Place> = self.instances.keys().copied().collect();
            for place in places {
                self.change(place, |instance| {
                    for time in [&mut instance.head.progress.due, &mut instance.called].into_iter().flatten()
                    {
                        *time = time.minus(setback);
                    }
                });
            }
        }
        self.stays.join(now, lease_until)
    }

    pub(super) fn define(&mut self, definition: &Defined) {
        if !self.definitions.contains(definition) {
            self.definitions.push(definition.clone());
        }
    }

    pub(super) fn write(&mut self, write: &Write) -> Result<(), Refusal> {
        match write {
            Write::Create { head, entry } => self.create(head, entry),
            Write::Append { id, entry, progress, wake } => {
                self.append(id, entry, progress.as_ref())?;
                if let Some(place) = wake.as_ref().and_then(|id| self.places.get(id)) {
                    self.wake(*place, entry.at);
                }
                Ok(())
            }
            Write::Signal { id, signal } => self.signal(id, signal),
            Write::MarkUnreadable { id, epoch, at } => {
                let place = self.owned(id, *epoch)?;
                self.set_progress(place, &Progress::new(InstanceState::Unreadable, *at));
                Ok(())
            }
        }
    }

    /// Hands out instances, see [`Store::claim`](crate::store::Store::claim).
    pub(super) fn claim(&mut self, epoch: Epoch, now: Timestamp, wanted: Wanted<'_>) -> Vec<InstanceId> {
        self.stays.end_passed(now);
        if !self.stays.is_live(epoch) {
            return Vec::new();
        }
        let places = match wanted {
            Wanted::Active { limit } => self.ready_of_ended(limit),
            Wanted::One(id) => self.one(epoch, id).into_iter().collect(),
        };
        for place in &places {
            self.give(*place, epoch);
        }
        self.ids(&places)
    }

    /// Hands out what is due, see [`Store::due`](crate::store::Store::due).
    pub(super) fn due(&mut self, epoch: Epoch, now: Timestamp, limit: usize) -> Due {
        self.stays.end_passed(now);
        if !self.stays.is_live(epoch) {
            return Due::default();
        }
        let mut places = Vec::new();
        let mut next = None;
        for (due, place) in &self.waiting {
            if !self.is_open_to(epoch, *place) {
                continue;
            }
            if *due > now || places.len() == limit {
                next = Some(*due);
                break;
            }
            places.push(*place);
        }
        for place in &places {
            self.give(*place, epoch);
            self.change(*place, |instance| instance.head.progress.due = None);
        }
        Due { ids: self.ids(&places), next }
    }

    pub(super) fn defined(&self, saga: &str, version: u32) -> Vec<(Defined, InUse)> {
        let of_this = |defined: &&Defined| defined.saga == saga && defined.version == version;
        self.definitions
            .iter()
            .filter(of_this)
            .map(|defined| (defined.clone(), self.in_use(defined)))
            .collect()
    }

    pub(super) fn load(&self, id: &InstanceId) -> Option<Stored> {
        let instance = self.instance(id)?;
        let Instance { head, owner: _, entries, signals, called: _ } = instance;
        Some(Stored { head: head.clone(), entries: entries.clone(), signals: signals.clone() })
    }

    pub(super) fn head(&self, id: &InstanceId) -> Option<Head> {
        self.instance(id).map(|instance| instance.head.clone())
    }

    pub(super) fn query(&self, query: &Query) -> Vec<(Position, Head)> {
        let from = query.after.map_or(Bound::Unbounded, Bound::Excluded);
        self.instances
            .range((from, Bound::Unbounded))
            .filter(|(_, instance)| query.fits(&instance.head))
            .take(query.limit)
            .map(|(place, instance)| (*place, instance.head.clone()))
            .collect()
    }

    pub(super) fn unfinished(&self) -> Unfinished {
        let mut unfinished = Unfinished::default();
        self.open_heads().for_each(|head| unfinished.count(head));
        unfinished
    }

    pub(super) fn delete(&mut self, ids: &[InstanceId]) -> usize {
        ids.iter().filter(|id| self.delete_one(id)).count()
    }

    fn delete_one(&mut self, id: &InstanceId) -> bool {
        let Some(instance) = self.instance(id) else { return false };
        let parent_is_there =
            instance.head.parent.as_ref().is_some_and(|parent| self.places.contains_key(parent));
        if !instance.head.progress.state.is_terminal() || parent_is_there {
            return false;
        }
        if let Some(place) = self.places.remove(id) {
            self.unlist(place);
            self.instances.remove(&place);
        }
        true
    }

    fn create(&mut self, head: &Head, entry: &EncodedEntry) -> Result<(), Refusal> {
        if self.places.contains_key(&head.id) {
            return Err(Refusal::Exists);
        }
        if entry.seq != Seq::FIRST {
            return Err(Refusal::Sequence);
        }
        self.last += 1;
        let place = Place::new(self.last);
        self.places.insert(head.id.clone(), place);
        let head = Head { seq: entry.seq, ..head.clone() };
        let (owner, entries) = (entry.epoch, vec![entry.clone()]);
        let instance = Instance { head, owner, entries, signals: Vec::new(), called: None };
        self.instances.insert(place, instance);
        self.list(place);
        Ok(())
    }

    fn append(
        &mut self,
        id: &InstanceId,
        entry: &EncodedEntry,
        progress: Option<&Progress>,
    ) -> Result<(), Refusal> {
        let place = self.owned(id, entry.epoch)?;
        let instance = self.instances.get_mut(&place).ok_or(Refusal::NotFound)?;
        if entry.seq != instance.head.seq.next() {
            return Err(Refusal::Sequence);
        }
        instance.head.seq = entry.seq;
        instance.entries.push(entry.clone());
        if let Some(progress) = progress {
            self.set_progress(place, progress);
        }
        Ok(())
    }

    fn signal(&mut self, id: &InstanceId, signal: &Signal) -> Result<(), Refusal> {
        let place = *self.places.get(id).ok_or(Refusal::NotFound)?;
        let instance = self.instances.get_mut(&place).ok_or(Refusal::NotFound)?;
        match instance.head.progress.state {
            InstanceState::Completed | InstanceState::Compensated => return Err(Refusal::Finished),
            InstanceState::Unreadable => return Err(Refusal::Unreadable),
            InstanceState::Running | InstanceState::Compensating | InstanceState::Parked => {}
        }
        if instance.signals.iter().any(|kept| kept.id == signal.id) {
            return Ok(());
        }
        if instance.signals.len() >= SIGNALS_MAX {
            return Err(Refusal::Full);
        }
        instance.signals.push(signal.clone());
        self.wake(place, signal.at);
        Ok(())
    }

    /// Makes an instance due at `at`, if it waits for longer, or once it does. Who drives it may be about to let it wait.
    fn wake(&mut self, place: Place, at: Timestamp) {
        self.change(place, |instance| {
            instance.called = Some(instance.called.map_or(at, |called| at.min(called)));
            if let Some(due) = &mut instance.head.progress.due {
                *due = at.min(*due);
            }
        });
    }

    /// The place of an instance that belongs to `epoch`.
    fn owned(&self, id: &InstanceId, epoch: Epoch) -> Result<Place, Refusal> {
        let place = *self.places.get(id).ok_or(Refusal::NotFound)?;
        let instance = self.instances.get(&place).ok_or(Refusal::NotFound)?;
        if instance.owner == epoch { Ok(place) } else { Err(Refusal::Fenced) }
    }

    fn set_progress(&mut self, place: Place, progress: &Progress) {
        self.change(place, |instance| {
            instance.head.progress.clone_from(progress);
            if let Some(due) = &mut instance.head.progress.due {
                *due = instance.called.map_or(*due, |called| called.min(*due));
            }
        });
    }

    fn give(&mut self, place: Place, epoch: Epoch) {
        self.change(place, |instance| {
            instance.owner = epoch;
            instance.called = None;
        });
    }

    /// Changes an instance, and keeps it in the right list.
    fn change(&mut self, place: Place, change: impl FnOnce(&mut Instance)) {
        self.unlist(place);
        if let Some(instance) = self.instances.get_mut(&place) {
            change(instance);
        }
        self.list(place);
    }

    fn list(&mut self, place: Place) {
        let Some(instance) = self.instances.get(&place) else { return };
        if !instance.head.progress.state.is_terminal() {
            self.open.insert(place);
        }
        match instance.listed() {
            Listed::Ready => drop(self.ready.entry(instance.owner).or_default().insert(place)),
            Listed::Waiting(due) => drop(self.waiting.insert((due, place))),
            Listed::Nowhere => {}
        }
    }

    fn unlist(&mut self, place: Place) {
        let Some(instance) = self.instances.get(&place) else { return };
        self.open.remove(&place);
        match instance.listed() {
            Listed::Ready => {
                if let Some(ready) = self.ready.get_mut(&instance.owner) {
                    ready.remove(&place);
                    if ready.is_empty() {
                        self.ready.remove(&instance.owner);
                    }
                }
            }
            Listed::Waiting(due) => drop(self.waiting.remove(&(due, place))),
            Listed::Nowhere => {}
        }
    }

    /// The oldest ready instances of ended stays.
    fn ready_of_ended(&self, limit: usize) -> Vec<Place> {
        let ended = self.ready.iter().filter(|(owner, _)| !self.stays.is_live(**owner));
        let mut places: Vec<Place> =
            ended.flat_map(|(_, places)| places.iter().copied().take(limit)).collect();
        places.sort_unstable();
        places.truncate(limit);
        places
    }

    fn one(&self, epoch: Epoch, id: &InstanceId) -> Option<Place> {
        let is_idle = |place: &Place| self.instances.get(place).is_some_and(Instance::is_idle);
        self.places.get(id).copied().filter(|place| self.is_open_to(epoch, *place) || is_idle(place))
    }

    /// Whether `epoch` may be handed this instance: it has it already, or the stay that has it has ended.
    fn is_open_to(&self, epoch: Epoch, place: Place) -> bool {
        self.instances
            .get(&place)
            .is_some_and(|instance| instance.owner == epoch || !self.stays.is_live(instance.owner))
    }

    fn in_use(&self, defined: &Defined) -> InUse {
        let shape = defined.shape_id();
        let has_it = |head: &Head| {
            *head.saga == *defined.saga && head.version == defined.version && head.shape == shape
        };
        if self.open_heads().any(has_it) { InUse::Yes } else { InUse::No }
    }

    fn open_heads(&self) -> impl Iterator<Item = &Head> {
        self.open.iter().filter_map(|place| self.instances.get(place)).map(|instance| &instance.head)
    }

    fn instance(&self, id: &InstanceId) -> Option<&Instance> {
        self.places.get(id).and_then(|place| self.instances.get(place))
    }

    fn ids(&self, places: &[Place]) -> Vec<InstanceId> {
        places.iter().filter_map(|place| self.instances.get(place)).map(|of| of.head.id.clone()).collect()
    }
}

/// Where an instance is listed.
enum Listed {
    Ready,
    Waiting(Timestamp),
    Nowhere,
}

impl Instance {
    /// Whether nobody drives it, whoever has it: it waits, is parked, cannot be read or has ended.
    fn is_idle(&self) -> bool {
        let progress = &self.head.progress;
        progress.due.is_some() || !progress.state.is_active()
    }

    fn listed(&self) -> Listed {
        let state = self.head.progress.state;
        match self.head.progress.due {
            None if state.is_active() => Listed::Ready,
            None | Some(Timestamp::NEVER) => Listed::Nowhere,
            Some(due) if state.is_unfinished() => Listed::Waiting(due),
            Some(_) => Listed::Nowhere,
        }
    }
}

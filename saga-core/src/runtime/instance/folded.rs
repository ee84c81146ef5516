//! In builds with debug assertions: the fold of what was written, beside the state in memory.

use crate::id::Seq;
use crate::journal::{EncodedEntry, codec};
use crate::machine::Machine;

/// Up to this entry of its journal an instance is looked after. The fold of an entry is cheap, comparing two states
/// with thousands of items is not: journals that long are for speed, not for what there is to find in them.
const ENTRIES_MAX: u64 = 256;

/// The fold of what an instance has written, as it would be read back. After each entry the state in memory is the
/// same. Without debug assertions there is none.
pub(super) struct Folded(Option<Box<Machine>>);

impl Folded {
    /// Nothing is looked after.
    pub(super) const NOTHING: Self = Self(None);

    /// The fold of a journal that was read back up to `seq`.
    pub(super) fn read_back(machine: &Machine, seq: Seq) -> Self {
        Self((cfg!(debug_assertions) && seq.get() < ENTRIES_MAX).then(|| Box::new(machine.clone())))
    }

    /// The fold of a first entry, which `machine` has decided on.
    pub(super) fn begun(machine: &Machine, entry: &EncodedEntry) -> Self {
        if cfg!(debug_assertions) {
            let begun = codec::decode(entry).ok().and_then(|entry| {
                Machine::replay(machine.definition().clone(), machine.id().clone(), [&entry]).ok()
            });
            assert_same(begun.as_ref(), machine, entry);
            return Self(begun.map(Box::new));
        }
        Self::NOTHING
    }

    /// Adds an entry, which `machine` has decided on.
    pub(super) fn add(&mut self, machine: &Machine, entry: &EncodedEntry) {
        let Some(folded) = &mut self.0 else { return };
        let is_folded = codec::decode(entry).is_ok_and(|entry| folded.add(&entry).is_ok());
        assert_same(is_folded.then_some(&**folded), machine, entry);
        if entry.seq.get() >= ENTRIES_MAX {
            self.0 = None;
        }
    }
}

/// Says so loudly if the state in memory is not the fold of the journal: the next life would be another.
fn assert_same(folded: Option<&Machine>, machine: &Machine, entry: &EncodedEntry) {
    let is_same = folded.is_some_and(|folded| folded.state() == machine.state());
    assert!(
        is_same,
        "the state of {} in memory is not the fold of its journal after entry {}",
        machine.id(),
        entry.seq
    );
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Folded;
    use crate::definition::{Definition, StepDefinition, StepKind};
    use crate::id::{Epoch, InstanceId, Seq, StepIndex};
    use crate::journal::{EncodedEntry, Entry, Event, Payload, codec};
    use crate::machine::{AttemptEnd, Input, Machine, Pace};
    use crate::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn encoded(seq: Seq, at: Timestamp, events: Vec<Event>) -> EncodedEntry {
        codec::encode(&Entry { seq, epoch: Epoch::new(1), at, events }).unwrap()
    }

    /// An instance of two steps after its first entry, and what it decides when the first step succeeds.
    fn second_entry() -> (Folded, Machine, Vec<Event>) {
        let step = |name| StepDefinition::new(name, StepKind::ReadOnly);
        let definition = Arc::new(Definition::new("two", 1, vec![step("a"), step("b").after(&[0])], 1));
        let id = InstanceId::new("it").unwrap();
        let payload = Payload::NOTHING;
        let (mut machine, events) = Machine::begin(definition, id, payload.clone(), NOW, &mut Pace::Go);
        let folded = Folded::begun(&machine, &encoded(Seq::FIRST, NOW, events));
        let (step, end) = (StepIndex::new(0).unwrap(), AttemptEnd::Succeeded(payload));
        let input = Input::StepEnded { step, item: None, attempt: 1, end };
        let events = machine.handle(input, NOW, &mut Pace::Go).unwrap();
        (folded, machine, events)
    }

    #[test]
    fn i4_an_entry_that_says_everything_is_folded_to_what_is_in_memory() {
        let (mut folded, machine, events) = second_entry();
        assert_eq!(events.len(), 2);
        folded.add(&machine, &encoded(Seq::FIRST.next(), NOW, events));
    }

    #[test]
    #[should_panic(expected = "not the fold of its journal after entry 2")]
    fn i4_an_entry_that_lacks_an_event_is_seen() {
        let (mut folded, machine, mut events) = second_entry();
        events.pop();
        folded.add(&machine, &encoded(Seq::FIRST.next(), NOW, events));
    }

    #[test]
    #[should_panic(expected = "not the fold of its journal after entry 2")]
    fn i4_an_entry_of_another_time_is_seen() {
        let (mut folded, machine, events) = second_entry();
        folded.add(&machine, &encoded(Seq::FIRST.next(), Timestamp::from_millis(2_000), events));
    }
}

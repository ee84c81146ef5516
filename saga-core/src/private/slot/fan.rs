//! A step that runs once for each item of a list.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::value::RawValue;

use super::{AnySlot, Keep};
use crate::journal::Payload;
use crate::private::memory::{Codec, decode};

/// Room for the items and the outputs of one step.
///
/// Outputs come one by one, in any order, and are read in one of two ways: by later steps as one slice, once all
/// are there, or by the compensations of their items, one by one. Whoever reads first decides where they are
/// moved to, since a reference that was given out must stay true. Both do not happen in one life of an instance:
/// whoever reads the slice is a later step, and is compensated before the first item is.
pub struct FanSlot<I, T> {
    items: OnceLock<Vec<I>>,
    item_codec: Codec<I>,
    arrived: Mutex<Arrived<T>>,
    /// All outputs, for later steps.
    whole: OnceLock<Vec<T>>,
    /// Each output by itself, for the compensation of its item.
    single: OnceLock<Box<[OnceLock<T>]>>,
    codec: Codec<T>,
}

/// Outputs that nobody has read yet.
struct Arrived<T> {
    outputs: Vec<Option<T>>,
    count: usize,
}

impl<I, T> FanSlot<I, T> {
    /// Room for items and outputs that are written and read by these codecs.
    pub const fn new(item: Codec<I>, output: Codec<T>) -> Self {
        Self {
            items: OnceLock::new(),
            item_codec: item,
            arrived: Mutex::new(Arrived { outputs: Vec::new(), count: 0 }),
            whole: OnceLock::new(),
            single: OnceLock::new(),
            codec: output,
        }
    }

    /// Writes an item.
    pub(crate) fn encode_item(&self, item: &I) -> Result<Payload, String> {
        self.item_codec.encode(item)
    }

    /// Keeps the items. A second list is dropped: the items of a step are listed once.
    pub(crate) fn list(&self, items: Vec<I>) {
        let _second = self.items.set(items);
    }

    /// The item at `at`.
    pub fn item(&self, at: Option<usize>) -> Option<&I> {
        self.items.get()?.get(at?)
    }

    /// The output of the item at `at`, once that has succeeded.
    pub fn output(&self, at: Option<usize>) -> Option<&T> {
        let at = at?;
        {
            let mut arrived = self.arrived();
            if let Some(whole) = self.whole.get() {
                return whole.get(at);
            }
            if let Some(output) = arrived.outputs.get_mut(at).and_then(Option::take) {
                arrived.count -= 1;
                let _second = self.single().get(at).map(|place| place.set(output));
            }
        }
        self.single.get()?.get(at)?.get()
    }

    /// All outputs in the order of the items, once all have succeeded.
    pub fn get(&self) -> Option<&[T]> {
        if self.whole.get().is_none() {
            self.assemble();
        }
        self.whole.get().map(Vec::as_slice)
    }

    /// All outputs, taken out.
    pub fn take(self) -> Option<Vec<T>> {
        self.assemble();
        self.whole.into_inner()
    }

    /// Makes one list of the outputs, if all are there.
    fn assemble(&self) {
        let Some(items) = self.items.get() else { return };
        let mut arrived = self.arrived();
        if arrived.count == items.len() {
            let outputs = std::mem::take(&mut arrived.outputs);
            let _second = self.whole.set(outputs.into_iter().flatten().collect());
        }
    }

    fn single(&self) -> &[OnceLock<T>] {
        let count = self.items.get().map_or(0, Vec::len);
        self.single.get_or_init(|| std::iter::repeat_with(OnceLock::new).take(count).collect())
    }

    fn arrived(&self) -> MutexGuard<'_, Arrived<T>> {
        // Nothing of the user's runs under this lock.
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: Send + Sync, T: Send + Sync> Keep<T> for FanSlot<I, T> {
    fn encode(&self, output: &T) -> Result<Payload, String> {
        self.codec.encode(output)
    }

    fn fill(&self, item: Option<usize>, output: T) {
        let (Some(at), Some(items)) = (item, self.items.get()) else { return };
        let mut arrived = self.arrived();
        if self.single.get().and_then(|single| single.get(at)?.get()).is_some() {
            return;
        }
        if arrived.outputs.is_empty() {
            arrived.outputs.resize_with(items.len(), || None);
        }
        if let Some(place) = arrived.outputs.get_mut(at)
            && place.is_none()
        {
            *place = Some(output);
            arrived.count += 1;
        }
    }
}

impl<I: Send + Sync, T: Send + Sync> AnySlot for FanSlot<I, T> {
    fn restore(&self, output: &Payload) -> Result<(), String> {
        let parts: Vec<Box<RawValue>> = decode(output)?;
        let outputs = parts.into_iter().map(|part| self.codec.decode(&Payload::json(part)));
        let outputs = outputs.collect::<Result<Vec<T>, _>>()?;
        let _second = self.whole.set(outputs);
        Ok(())
    }

    fn restore_items(&self, items: &[Payload]) -> Result<(), String> {
        let items = items.iter().map(|item| self.item_codec.decode(item));
        self.list(items.collect::<Result<_, _>>()?);
        Ok(())
    }

    fn restore_item(&self, item: u32, output: &Payload) -> Result<(), String> {
        let at = usize::try_from(item).map_err(|_| format!("there is no item {item}"))?;
        self.codec.decode(output).map(|output| self.fill(Some(at), output))
    }
}

impl<I, T> fmt::Debug for FanSlot<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanSlot").field("items", &self.items.get().map(Vec::len)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::FanSlot;
    use crate::private::memory::{codec, encode};
    use crate::private::slot::{AnySlot, Keep};

    /// A slot of three items.
    fn slot() -> FanSlot<char, String> {
        let slot = FanSlot::new(codec(), codec());
        slot.list(vec!['a', 'b', 'c']);
        slot
    }

    #[test]
    fn outputs_stand_in_the_order_of_the_items_once_all_are_there() {
        let slot = slot();
        for (at, output) in [(2, "three"), (0, "one")] {
            slot.fill(Some(at), output.to_owned());
            assert_eq!(slot.get(), None);
        }
        slot.fill(Some(1), "two".to_owned());
        assert_eq!(slot.get().unwrap(), ["one", "two", "three"]);
        assert_eq!(slot.take().unwrap(), ["one", "two", "three"]);
    }

    #[test]
    fn an_item_and_its_output_are_found_by_its_place() {
        let slot = slot();
        slot.fill(Some(1), "two".to_owned());
        assert_eq!(slot.item(Some(1)), Some(&'b'));
        assert_eq!(slot.output(Some(1)).unwrap(), "two");
        assert_eq!(slot.output(Some(1)).unwrap(), "two", "it is there to stay");
        assert_eq!(slot.output(Some(0)), None, "it has not succeeded");
        assert_eq!((slot.item(Some(3)), slot.item(None)), (None, None));
        assert_eq!((slot.output(Some(3)), slot.output(None)), (None, None));
    }

    #[test]
    fn the_output_of_an_item_is_found_after_all_were_read_as_one() {
        let slot = slot();
        for at in 0..3 {
            slot.fill(Some(at), at.to_string());
        }
        let all = slot.get().unwrap();
        assert_eq!(slot.output(Some(2)), all.last());
    }

    #[test]
    fn an_output_that_was_given_out_stays_where_it_is() {
        let slot = slot();
        slot.fill(Some(0), "one".to_owned());
        let one = slot.output(Some(0)).unwrap();
        for at in 0..3 {
            slot.fill(Some(at), "another".to_owned());
        }
        assert_eq!(slot.get(), None);
        assert_eq!(one, "one");
        assert_eq!(slot.output(Some(0)).unwrap(), "one", "an item succeeds once");
        assert_eq!(slot.output(Some(1)).unwrap(), "another");
    }

    #[test]
    fn an_item_succeeds_once() {
        let slot = slot();
        for at in [0, 0, 0] {
            slot.fill(Some(at), "again".to_owned());
        }
        assert_eq!(slot.get(), None);
        slot.fill(Some(1), "two".to_owned());
        slot.fill(Some(2), "three".to_owned());
        let first: *const [String] = slot.get().unwrap();
        slot.fill(Some(0), "late".to_owned());
        assert!(std::ptr::eq(first, slot.get().unwrap()));
        assert_eq!(slot.get().unwrap(), ["again", "two", "three"]);
    }

    #[test]
    fn a_list_without_items_is_a_success_and_no_list_is_none() {
        let slot: FanSlot<char, String> = FanSlot::new(codec(), codec());
        assert_eq!(slot.get(), None, "it was skipped, or has not begun");
        slot.list(Vec::new());
        assert_eq!(slot.get().unwrap(), [""; 0]);
        slot.fill(Some(0), "nobody's".to_owned());
        assert_eq!(slot.get().unwrap(), [""; 0]);
    }

    #[test]
    fn items_and_outputs_are_read_back() {
        let slot: FanSlot<char, String> = FanSlot::new(codec(), codec());
        let items = [slot.encode_item(&'x').unwrap(), slot.encode_item(&'y').unwrap()];
        slot.restore_items(&items).unwrap();
        slot.list(vec!['z']);
        slot.restore_item(1, &encode(&"two".to_owned()).unwrap()).unwrap();
        slot.restore_item(0, &encode(&"one".to_owned()).unwrap()).unwrap();
        assert_eq!((slot.item(Some(0)), slot.item(Some(1))), (Some(&'x'), Some(&'y')));
        assert_eq!(slot.get().unwrap(), ["one", "two"]);
    }

    #[test]
    fn all_outputs_are_read_back_from_one_list() {
        let slot: FanSlot<char, String> = FanSlot::new(codec(), codec());
        slot.restore(&encode(&["one".to_owned(), "two".to_owned()]).unwrap()).unwrap();
        assert_eq!(slot.take().unwrap(), ["one", "two"]);
    }

    #[test]
    fn values_of_another_type_are_refused_without_being_quoted() {
        let slot = slot();
        let secret = encode(&4711).unwrap();
        for error in [
            slot.restore(&secret),
            slot.restore(&encode(&[4711]).unwrap()),
            slot.restore_items(std::slice::from_ref(&secret)),
            slot.restore_item(0, &secret),
            slot.restore_signal(&secret),
        ] {
            let error = error.unwrap_err();
            assert!(!error.contains("4711"), "{error}");
        }
        assert_eq!(slot.output(Some(0)), None);
    }
}

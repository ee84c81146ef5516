//! A step that waits for a message.

use std::fmt;
use std::sync::OnceLock;

use super::{AnySlot, Keep, Slot};
use crate::journal::Payload;
use crate::private::memory::Codec;

/// Room for the signal and the output of one step.
pub struct SignalSlot<P, T> {
    signal: OnceLock<P>,
    codec: Codec<P>,
    output: Slot<T>,
}

impl<P, T> SignalSlot<P, T> {
    /// Room for a signal and an output that are written and read by these codecs.
    pub const fn new(signal: Codec<P>, output: Codec<T>) -> Self {
        Self { signal: OnceLock::new(), codec: signal, output: Slot::new(output) }
    }

    /// The signal, once it has been received.
    pub fn signal(&self) -> Option<&P> {
        self.signal.get()
    }

    /// The output, once the step has succeeded.
    pub fn get(&self) -> Option<&T> {
        self.output.get()
    }

    /// The output, taken out.
    pub fn take(self) -> Option<T> {
        self.output.take()
    }
}

impl<P: Send + Sync, T: Send + Sync> Keep<T> for SignalSlot<P, T> {
    fn encode(&self, output: &T) -> Result<Payload, String> {
        self.output.encode(output)
    }

    fn fill(&self, item: Option<usize>, output: T) {
        self.output.fill(item, output);
    }
}

impl<P: Send + Sync, T: Send + Sync> AnySlot for SignalSlot<P, T> {
    fn restore(&self, output: &Payload) -> Result<(), String> {
        self.output.restore(output)
    }

    fn restore_signal(&self, signal: &Payload) -> Result<(), String> {
        // The first one counts; a later one makes nothing true.
        self.codec.decode(signal).map(|signal| drop(self.signal.set(signal)))
    }
}

impl<P, T> fmt::Debug for SignalSlot<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalSlot")
            .field("received", &self.signal().is_some())
            .field("filled", &self.get().is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::SignalSlot;
    use crate::private::memory::{codec, encode};
    use crate::private::slot::{AnySlot, Keep};

    fn slot() -> SignalSlot<String, u32> {
        SignalSlot::new(codec(), codec())
    }

    #[test]
    fn the_first_signal_counts() {
        let slot = slot();
        assert_eq!(slot.signal(), None);
        slot.restore_signal(&encode(&"first".to_owned()).unwrap()).unwrap();
        slot.restore_signal(&encode(&"second".to_owned()).unwrap()).unwrap();
        assert_eq!(slot.signal().map(String::as_str), Some("first"));
        assert_eq!(slot.get(), None, "a signal is not the output");
    }

    #[test]
    fn a_signal_of_another_type_is_refused_without_being_quoted() {
        let slot = slot();
        let error = slot.restore_signal(&encode(&4711).unwrap()).unwrap_err();
        assert!(error.contains("String") && !error.contains("4711"), "{error}");
        assert_eq!(slot.signal(), None);
    }

    #[test]
    fn the_output_is_kept_beside_the_signal() {
        let slot = slot();
        slot.restore(&slot.encode(&7).unwrap()).unwrap();
        slot.fill(None, 8);
        assert_eq!(slot.get(), Some(&7), "a step succeeds once");
        assert_eq!(slot.take(), Some(7));
    }

    #[test]
    fn a_step_that_waits_for_a_signal_has_no_items() {
        let slot = slot();
        assert!(slot.restore_items(&[]).is_err());
        assert!(slot.restore_item(0, &encode(&1).unwrap()).is_err());
    }
}

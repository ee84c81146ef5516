//! A step that runs once.

use std::fmt;
use std::sync::OnceLock;

use super::{AnySlot, Keep};
use crate::journal::Payload;
use crate::private::memory::Codec;

/// Room for the output of one step.
pub struct Slot<T> {
    output: OnceLock<T>,
    codec: Codec<T>,
}

impl<T> Slot<T> {
    /// Room for an output that is written and read by `codec`.
    pub const fn new(codec: Codec<T>) -> Self {
        Self { output: OnceLock::new(), codec }
    }

    /// The output, once the step has succeeded.
    pub fn get(&self) -> Option<&T> {
        self.output.get()
    }

    /// The output, taken out.
    pub fn take(self) -> Option<T> {
        self.output.into_inner()
    }
}

impl<T: Send + Sync> Keep<T> for Slot<T> {
    fn encode(&self, output: &T) -> Result<Payload, String> {
        self.codec.encode(output)
    }

    fn fill(&self, _item: Option<usize>, output: T) {
        let _second = self.output.set(output);
    }
}

impl<T: Send + Sync> AnySlot for Slot<T> {
    fn restore(&self, output: &Payload) -> Result<(), String> {
        self.codec.decode(output).map(|output| self.fill(None, output))
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("filled", &self.get().is_some()).finish()
    }
}

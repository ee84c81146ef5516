//! Where the values of one step are kept: its output, and what it is given beside the outputs of others.

mod fan;
mod plain;
mod signal;

pub use fan::FanSlot;
pub use plain::Slot;
pub use signal::SignalSlot;

use crate::journal::Payload;

/// A slot as the calls of its step see it.
pub trait Keep<T>: Send + Sync {
    /// Writes an output.
    ///
    /// # Errors
    /// A text that names the type, never the value.
    fn encode(&self, output: &T) -> Result<Payload, String>;

    /// Keeps the output of the step, or of one of its items. A second one is dropped: a step succeeds once.
    fn fill(&self, item: Option<usize>, output: T);
}

/// A slot whose type is known to the saga only.
///
/// Each method reads what was kept; its error is a text that names the type and the place, never what stands
/// there.
pub trait AnySlot: Send + Sync {
    /// Reads the output of the step; of one that fans out, all outputs as one list.
    ///
    /// # Errors
    /// It does not read as its type.
    fn restore(&self, output: &Payload) -> Result<(), String>;

    /// Reads the items of a step that fans out.
    ///
    /// # Errors
    /// They do not read as their type, or the step does not fan out.
    fn restore_items(&self, _items: &[Payload]) -> Result<(), String> {
        Err("the step does not fan out".to_owned())
    }

    /// Reads the output of one item of a step that fans out.
    ///
    /// # Errors
    /// It does not read as its type, or the step does not fan out.
    fn restore_item(&self, _item: u32, _output: &Payload) -> Result<(), String> {
        Err("the step does not fan out".to_owned())
    }

    /// Reads the signal of a step that waits for one.
    ///
    /// # Errors
    /// It does not read as its type, or the step waits for none.
    fn restore_signal(&self, _signal: &Payload) -> Result<(), String> {
        Err("the step waits for no signal".to_owned())
    }
}

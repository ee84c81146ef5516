//! What the macro's expansion and the runtime say to each other. Not a public interface: it may change in any
//! version.

mod call;
mod cause;
mod returns;
mod slot;

pub use call::{Call, CallEnd, Calling, Encoding, Record, Role, check, compensation, missing, record, step};
pub use cause::AsCause;
pub use returns::{CheckReturn, CompensationReturn, Payloads, StepReturn};
pub use slot::{AnySlot, Codec, Memory, Slot, codec};
pub(crate) use slot::{decode, encode};

pub use crate::definition::{
    CheckDefinition, CompensationDefinition, Definition, OutputUse, StepDefinition, StepKind,
};
pub use crate::fault::{Fault, FaultKind};
pub use crate::retry::RetryPolicy;

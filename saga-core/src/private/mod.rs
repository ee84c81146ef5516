//! What the macro's expansion and the runtime say to each other. Not a public interface: it may change in any
//! version.

mod call;
mod cause;
mod returns;
mod slot;

pub use call::{Call, CallEnd, Calling, Encoding, Role, check, compensation, missing, step};
pub use cause::AsCause;
pub use returns::{CheckReturn, CompensationReturn, Payloads, StepReturn, assert_fault, assert_payload};
pub use slot::{AnySlot, Memory, Slot};
pub(crate) use slot::{decode, encode};

pub use crate::definition::{
    CheckDefinition, CompensationDefinition, Definition, OutputUse, StepDefinition, StepKind,
};
pub use crate::fault::{Fault, FaultKind};
pub use crate::retry::RetryPolicy;

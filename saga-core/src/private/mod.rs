//! What the macro's expansion and the runtime say to each other. Not a public interface: it may change in any
//! version.

mod ask;
mod call;
mod cause;
mod child;
mod memory;
mod returns;
mod slot;
mod told;

pub use ask::{Ask, Asked, items, unanswered};
pub use call::{Call, CallEnd, Calling, Encoding, Record, Role, check, compensation, missing, record, step};
pub use cause::AsCause;
pub use child::{AnyChild, ChildType, Compensatable, HasPivot, NoPivot, child};
pub use memory::{Codec, Memory, codec};
pub(crate) use memory::{decode, encode};
pub use returns::{CheckReturn, CompensationReturn, ListReturn, Payloads, StepReturn};
pub use slot::{AnySlot, FanSlot, Keep, SignalSlot, Slot};
pub use told::{Told, told};

pub use crate::definition::{
    CheckDefinition, CompensationDefinition, Definition, FanOut, OutputUse, StepDefinition, StepKind,
};
pub use crate::fault::{Fault, FaultKind};
pub use crate::retry::RetryPolicy;

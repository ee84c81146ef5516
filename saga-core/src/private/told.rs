//! What the function of `#[fault(with = ..)]` tells.

use crate::fault::FaultKind;

/// What a function tells of a field of type `E`: whether something was done.
#[diagnostic::on_unimplemented(
    message = "a function of `with` returns `FaultKind`, not `{Self}`",
    label = "this function does not say whether something was done",
    note = "help: write `fn kind(error: &{E}) -> FaultKind`"
)]
pub trait Told<E> {
    /// The kind that was told.
    fn kind(self) -> FaultKind;
}

impl<E> Told<E> for FaultKind {
    fn kind(self) -> FaultKind {
        self
    }
}

/// The kind that a function told of a field of type `E`.
pub fn told<E>(kind: impl Told<E>) -> FaultKind {
    kind.kind()
}

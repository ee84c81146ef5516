//! What the methods of a saga may return, seen through aliases.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is journalled: inputs, outputs, items and signals.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in the journal",
    label = "inputs, outputs, items and signals are serialized, and outlive the process",
    note = "help: write `#[derive(Serialize, Deserialize)]` on `{Self}`, and keep it owned, `Send`, `Sync` and `'static`"
)]
pub trait Payloads: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Payloads for T {}

/// What a step returns.
#[diagnostic::on_unimplemented(
    message = "a step returns `Result<T, E>`, not `{Self}`",
    note = "help: write `Result<T, E>`, where `E` implements `Fault`"
)]
pub trait StepReturn {
    /// The step's output.
    type Output;
    /// The step's error.
    type Error;

    /// The value as a `Result`.
    fn into_result(self) -> Result<Self::Output, Self::Error>;
}

impl<T, E> StepReturn for Result<T, E> {
    type Output = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// What a compensation returns.
#[diagnostic::on_unimplemented(
    message = "a compensation returns `Result<(), E>`, not `{Self}`",
    note = "help: write `Result<(), E>`, where `E` implements `Fault`"
)]
pub trait CompensationReturn: StepReturn<Output = ()> {}

impl<E> CompensationReturn for Result<(), E> {}

/// What a check of a step with output `T` returns.
#[diagnostic::on_unimplemented(
    message = "a check returns `Result<Checked<T>, E>` with the step's own `T`, not `{Self}`",
    note = "help: write `Result<Checked<{T}>, E>`, where `E` implements `Fault`"
)]
pub trait CheckReturn<T>: StepReturn<Output = crate::checked::Checked<T>> {}

impl<T, E> CheckReturn<T> for Result<crate::checked::Checked<T>, E> {}

/// What a method returns that lists the items of a step.
#[diagnostic::on_unimplemented(
    message = "the method of `for_each` returns `Vec<I>`, not `{Self}`",
    note = "help: write `Vec<I>`, with the type of `item: &I` for `I`"
)]
pub trait ListReturn {
    /// One item.
    type Item;

    /// The value as a list.
    fn into_list(self) -> Vec<Self::Item>;
}

impl<I> ListReturn for Vec<I> {
    type Item = I;

    fn into_list(self) -> Self {
        self
    }
}

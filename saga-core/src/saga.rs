//! The traits that `#[saga]` implements.

use std::fmt;
use std::hash::Hash;

use crate::definition::Definition;
use crate::graph::Graph;
use crate::private::{AnySlot, Call, Calling, Memory, Payloads};

/// A saga: what `#[saga]` makes of an impl block. It is not meant to be implemented by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a saga",
    note = "help: write `#[saga]` on its impl block and `#[step(..)]` on the methods that are steps"
)]
pub trait Saga: Send + Sync + Sized + 'static {
    /// What an instance is started with.
    type Input: Payloads;
    /// What a completed instance returns.
    type Output: Send + 'static;
    /// The steps.
    type Step: Step;

    /// The steps and their order, to be drawn.
    fn graph() -> Graph {
        Graph::new(Self::definition())
    }

    /// Where the outputs of one instance are kept.
    #[doc(hidden)]
    type Outputs: Send + Sync + 'static;

    /// What the machine knows of the saga.
    #[doc(hidden)]
    fn definition() -> Definition;

    /// Room for the outputs of an instance.
    #[doc(hidden)]
    fn outputs() -> Self::Outputs;

    /// The room of one step's output.
    #[doc(hidden)]
    fn slot(outputs: &Self::Outputs, step: usize) -> Option<&dyn AnySlot>;

    /// The saga's output, once its step has succeeded.
    #[doc(hidden)]
    fn output(outputs: Self::Outputs) -> Option<Self::Output>;

    /// Calls a method of the saga.
    #[doc(hidden)]
    fn call<'a>(&'a self, call: Call<'a>, memory: &'a Memory<Self>) -> Calling<'a>;
}

/// The steps of a saga: the enum that `#[saga]` writes beside the impl block.
pub trait Step:
    fmt::Debug + fmt::Display + Clone + Copy + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// All steps, in the order of their declaration.
    const ALL: &'static [Self];

    /// The step's name in the journal.
    fn name(&self) -> &'static str;
}

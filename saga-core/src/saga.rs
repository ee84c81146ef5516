//! The traits that `#[saga]` implements.

use std::fmt;
use std::hash::Hash;

use crate::definition::Definition;
use crate::graph::Graph;
use crate::private::{
    AnyChild, AnySlot, Ask, Asked, Call, Calling, ChildType, Encoding, Memory, Payloads, unanswered,
};

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

    /// Whether it has a pivot, which decides what it can be as a child.
    #[doc(hidden)]
    type Pivot;

    /// The saga's name in the journal.
    #[doc(hidden)]
    const NAME: &'static str;

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

    /// Asks whether a step runs, or for which items.
    #[doc(hidden)]
    fn ask(&self, _question: Ask, _memory: &Memory<Self>, _encoding: Encoding) -> Asked {
        unanswered("a method of this step")
    }

    /// The child that the step at this place is, with its input.
    #[doc(hidden)]
    fn child(&self, _step: usize, _memory: &Memory<Self>) -> Option<AnyChild> {
        None
    }

    /// The sagas of its child steps.
    #[doc(hidden)]
    fn children() -> Vec<ChildType> {
        Vec::new()
    }
}

/// A saga with a step that waits for a message of type `P`: see `signal` in `#[step(..)]`. `#[saga]` implements
/// it.
#[diagnostic::on_unimplemented(
    message = "no step of `{Self}` waits for a `{P}`",
    label = "no step takes this as its `signal`",
    note = "help: write a step for it: `#[step(signal, ..)] async fn received(&self, signal: &{P}) -> Result<T, E>`"
)]
pub trait Receives<P>: Saga {
    /// The place of the step in the declaration, from 0.
    const STEP: usize;
}

/// A saga that can run without a store: it has no step that waits for a message or that is a saga of its own.
/// `#[saga]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run inline: a step of it waits for a signal, or is a child",
    label = "signals and children need a store, so that they can outlive the call",
    note = "help: register it with an `Orchestrator`; with a `MemoryStore` it writes no file"
)]
pub trait Inline: Saga {}

/// The steps of a saga: the enum that `#[saga]` writes beside the impl block.
pub trait Step:
    fmt::Debug + fmt::Display + Clone + Copy + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// All steps, in the order of their declaration.
    const ALL: &'static [Self];

    /// The step's name in the journal.
    fn name(&self) -> &'static str;
}

//! Steps that are sagas of their own.
//!
//! The child's saga is mentioned in projections (`<C as Saga>::NAME`) and never as a bound: where it is no saga,
//! the compiler says so in the same words at the same place, and shows most of them once.

use std::any::{Any, TypeId};
use std::fmt;

/// The saga of a child step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildType {
    /// Its type.
    pub saga: TypeId,
    /// Its name in the journal.
    pub name: &'static str,
}

impl ChildType {
    /// The child saga `C` with its name.
    pub const fn of<C: 'static>(name: &'static str) -> Self {
        Self { saga: TypeId::of::<C>(), name }
    }

    /// The child saga `C` with its name, whose instances are compensated when their parent is. `P` is its
    /// `Pivot`.
    pub const fn compensatable<C: 'static, P: Compensatable<C>>(name: &'static str) -> Self {
        Self::of::<C>(name)
    }
}

/// What a saga with a pivot is.
#[derive(Debug)]
pub struct HasPivot;

/// What a saga without a pivot is.
#[derive(Debug)]
pub struct NoPivot;

/// What a child `C` must be to be compensated after it has completed.
#[diagnostic::on_unimplemented(
    message = "`{C}` has a pivot, so it cannot be compensated as a step of another saga",
    label = "this saga has a pivot",
    note = "help: write `child = {C}, pivot`, or `child = {C}, retriable` after the pivot of the parent"
)]
pub trait Compensatable<C> {}

impl<C> Compensatable<C> for NoPivot {}

/// A child that is to be started.
pub struct AnyChild {
    of: ChildType,
    input: Box<dyn Any + Send>,
}

/// The child of a saga with this input.
pub fn child<I: Send + 'static>(of: ChildType, input: I) -> AnyChild {
    AnyChild { of, input: Box::new(input) }
}

impl AnyChild {
    /// The type of its saga.
    pub fn saga(&self) -> TypeId {
        self.of.saga
    }

    /// The name of its saga in the journal.
    pub fn saga_name(&self) -> &'static str {
        self.of.name
    }

    /// Its input, of the type that its saga says.
    pub fn into_input(self) -> Box<dyn Any + Send> {
        self.input
    }
}

impl fmt::Debug for AnyChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyChild").field("saga", &self.of.name).finish_non_exhaustive()
    }
}

//! Steps that are sagas of their own.

use std::any::{Any, TypeId};
use std::fmt;

use crate::saga::{Revertible, Saga};

/// The saga of a child step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildType {
    /// Its type.
    pub saga: TypeId,
    /// Its name in the journal.
    pub name: &'static str,
}

impl ChildType {
    /// The child saga `C`.
    pub const fn of<C: Saga>() -> Self {
        Self { saga: TypeId::of::<C>(), name: C::NAME }
    }

    /// The child saga `C`, whose instances are compensated when their parent is.
    pub const fn compensatable<C: Revertible>() -> Self {
        Self::of::<C>()
    }
}

/// A child that is to be started.
pub struct AnyChild {
    of: ChildType,
    input: Box<dyn Any + Send>,
}

/// The child of `C` with this input.
pub fn child<C: Saga>(input: C::Input) -> AnyChild {
    AnyChild { of: ChildType::of::<C>(), input: Box::new(input) }
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

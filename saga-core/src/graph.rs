//! The steps of a saga, drawn.

use crate::definition::Definition;

/// The steps of a saga with their order and their compensations, to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    definition: Definition,
}

impl Graph {
    /// The graph of `definition`.
    pub fn new(definition: Definition) -> Self {
        Self { definition }
    }
}

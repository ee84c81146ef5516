//! The cause of an error, whether its field holds an error or a box of one.

use std::error::Error;

/// What `#[derive(Fault)]` makes a cause of.
pub trait AsCause {
    /// The field as an error.
    fn as_cause(&self) -> &(dyn Error + 'static);
}

impl<E: Error + 'static> AsCause for E {
    fn as_cause(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AsCause for dyn Error + 'static {
    fn as_cause(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AsCause for dyn Error + Send + 'static {
    fn as_cause(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AsCause for dyn Error + Send + Sync + 'static {
    fn as_cause(&self) -> &(dyn Error + 'static) {
        self
    }
}

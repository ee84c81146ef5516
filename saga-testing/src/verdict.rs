//! What a check may say.

use std::fmt::Display;

/// What a [check](crate::Explore::check) returns: nothing, if it panics where something is wrong, or a `Result`.
pub trait Verdict {
    /// What is wrong, if anything is.
    ///
    /// # Errors
    /// A text that says what is wrong.
    fn into_result(self) -> Result<(), String>;
}

impl Verdict for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> Verdict for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        // With `{:#}` the errors of some crates tell their causes too.
        self.map_err(|error| format!("{error:#}"))
    }
}

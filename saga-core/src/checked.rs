//! What a check answers.

/// What a service knows of a call whose outcome is unknown: the answer of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked<T> {
    /// It was done, and this was its output.
    Done(T),
    /// It was not done, and the service will not do it later. That is final: the step is taken for void. Only a
    /// retriable step, which has to succeed, is called again.
    NotDone,
    /// The service cannot tell yet: it is asked again.
    Unknown,
}

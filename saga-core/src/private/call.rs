//! One call of a user's method, from the runtime's order to what came of it.

use std::future::Future;
use std::pin::Pin;

use crate::checked::Checked;
use crate::context::StepContext;
use crate::fault::{Fault, FaultKind, FaultRecord};
use crate::journal::Payload;
use crate::outcome::Failure;
use crate::private::returns::{CheckReturn, CompensationReturn, StepReturn};
use crate::private::slot::Keep;

/// Which method of a saga to call, and what the runtime gives it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The step's place in the declaration, from 0.
    pub step: usize,
    /// Which of its methods.
    pub role: Role,
    /// Which of its items, if it fans out, from 0.
    pub item: Option<usize>,
    /// The attempt.
    pub cx: &'a StepContext,
    /// Why the instance compensates, if it does.
    pub failure: Option<&'a Failure>,
    /// What becomes of an output.
    pub encoding: Encoding,
}

/// Which method of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The step itself.
    Step,
    /// Its check.
    Check,
    /// Its compensation.
    Compensation,
}

/// What becomes of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// It is written as JSON of at most this many bytes.
    Json {
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// It stays in memory.
    Nothing,
    /// It is dropped, as the answer of a call is that nobody hears any more.
    Dropped,
}

/// A call under way.
pub type Calling<'a> = Pin<Box<dyn Future<Output = CallEnd> + Send + 'a>>;

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// It succeeded, with this output; a check found the step done.
    Succeeded(Payload),
    /// It failed.
    Failed(FaultRecord),
    /// A check found that nothing was done, and nothing will be.
    NothingDone,
    /// A check found that the service does not know.
    Unknown,
}

/// How an error becomes what is kept of it. The macro asks for one per error type of a saga, so that a missing
/// [`Fault`] is one mistake wherever the type is used.
pub type Record<E> = fn(&E) -> FaultRecord;

/// The [`Record`] of `E`.
pub const fn record<E: Fault>() -> Record<E> {
    |fault| FaultRecord::of(fault)
}

/// Calls a step, and keeps its output in `slot` once it has been encoded and measured.
pub fn step<'a, R>(
    call: Call<'a>,
    slot: &'a impl Keep<R::Output>,
    record: Record<R::Error>,
    future: impl Future<Output = R> + Send + 'a,
) -> Calling<'a>
where
    R: StepReturn<Output: Send + Sync, Error: 'a>,
{
    Box::pin(async move {
        match future.await.into_result() {
            Ok(output) => keep(call, slot, output),
            Err(fault) => CallEnd::Failed(record(&fault)),
        }
    })
}

/// Calls a check; what it finds done is kept in `slot` like the step's own output.
pub fn check<'a, R, T>(
    call: Call<'a>,
    slot: &'a impl Keep<T>,
    record: Record<R::Error>,
    future: impl Future<Output = R> + Send + 'a,
) -> Calling<'a>
where
    T: Send + Sync,
    R: CheckReturn<T, Error: 'a>,
{
    Box::pin(async move {
        match future.await.into_result() {
            Ok(Checked::Done(output)) => keep(call, slot, output),
            Ok(Checked::NotDone) => CallEnd::NothingDone,
            Ok(Checked::Unknown) => CallEnd::Unknown,
            Err(fault) => CallEnd::Failed(record(&fault)),
        }
    })
}

/// Calls a compensation.
pub fn compensation<'a, R>(
    record: Record<R::Error>,
    future: impl Future<Output = R> + Send + 'a,
) -> Calling<'a>
where
    R: CompensationReturn<Error: 'a>,
{
    Box::pin(async move {
        match future.await.into_result() {
            Ok(()) => CallEnd::Succeeded(Payload::NOTHING),
            Err(fault) => CallEnd::Failed(record(&fault)),
        }
    })
}

/// The answer to a call that cannot be made, since the value of `what` is not there: a defect of this library,
/// which is told like any other failure.
pub fn missing<'a>(what: &'static str) -> Calling<'a> {
    let fault = FaultRecord::new(FaultKind::NotDone, "missing_value", defect(what));
    Box::pin(std::future::ready(CallEnd::Failed(fault)))
}

/// What is told where the value of `what` is not there, though the machine says it is.
pub(super) fn defect(what: &str) -> String {
    format!("the value of `{what}` is not there: this is a defect of the library `sagas`")
}

/// Encodes and measures `output` before it is kept: an output that cannot be journalled is an effect in doubt.
fn keep<T>(call: Call<'_>, slot: &impl Keep<T>, output: T) -> CallEnd {
    let payload = match call.encoding {
        Encoding::Nothing => Payload::NOTHING,
        Encoding::Dropped => return CallEnd::Succeeded(Payload::NOTHING),
        Encoding::Json { bytes_max } => match slot.encode(&output) {
            Ok(payload) if payload.len() <= bytes_max => payload,
            Ok(payload) => {
                let message =
                    format!("the output has {} bytes, more than the limit of {bytes_max}", payload.len());
                return CallEnd::Failed(FaultRecord::new(FaultKind::InDoubt, "output_too_large", message));
            }
            Err(message) => {
                return CallEnd::Failed(FaultRecord::new(
                    FaultKind::InDoubt,
                    "output_not_encodable",
                    message,
                ));
            }
        },
    };
    slot.fill(call.item, output);
    CallEnd::Succeeded(payload)
}

//! What a test kit may put between the runtime and the users' methods. Not a public interface.

use std::fmt;
use std::sync::Arc;

use crate::context::StepContext;
use crate::definition::Definition;
use crate::id::StepIndex;
use crate::outcome::Failure;
use crate::private::{Call, Calling, Encoding, Role};
use crate::runtime::registry::AnyInstance;

/// Stands between the runtime and the users' methods: it is given each call in the place of the method, and answers
/// for it. The attempt's time, and what becomes of a panic, are as they are without it.
pub trait Intercept: fmt::Debug + Send + Sync + 'static {
    /// Answers a call.
    fn call(&self, call: Intercepted) -> Calling<'static>;
}

/// A call that was to be made. It can be made any number of times, also after its attempt has ended and after its
/// orchestrator is gone, as a request that was still travelling.
#[derive(Clone)]
pub struct Intercepted {
    pub(crate) memory: Arc<dyn AnyInstance>,
    pub(crate) definition: Arc<Definition>,
    pub(crate) role: Role,
    pub(crate) step: StepIndex,
    pub(crate) item: Option<u32>,
    pub(crate) cx: StepContext,
    pub(crate) failure: Option<Failure>,
    pub(crate) encoding: Encoding,
}

impl fmt::Debug for Intercepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intercepted").field("role", &self.role).field("cx", &self.cx).finish_non_exhaustive()
    }
}

impl Intercepted {
    /// Makes the call.
    pub fn make(&self) -> Calling<'_> {
        self.make_with(self.encoding)
    }

    /// Makes the call for a caller who does not hear the answer.
    pub fn make_unheard(&self) -> Calling<'_> {
        self.make_with(Encoding::Dropped)
    }

    /// The saga.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Which of its step's methods it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The step.
    pub fn step(&self) -> StepIndex {
        self.step
    }

    /// Which item of the step, if it fans out.
    pub fn item(&self) -> Option<u32> {
        self.item
    }

    /// The attempt.
    pub fn cx(&self) -> &StepContext {
        &self.cx
    }

    /// Whether its instance compensates.
    pub fn compensates(&self) -> bool {
        self.failure.is_some()
    }

    fn make_with(&self, encoding: Encoding) -> Calling<'_> {
        let item = self.item.and_then(|item| usize::try_from(item).ok());
        let (role, cx, failure) = (self.role, &self.cx, self.failure.as_ref());
        self.memory.call(Call { step: self.step.get(), role, item, cx, failure, encoding })
    }
}

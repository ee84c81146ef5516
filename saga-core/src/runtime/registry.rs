//! The sagas an orchestrator knows, with their types erased.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tracing::error;

use crate::definition::{Definition, ShapeId};
use crate::error::Error;
use crate::id::StepIndex;
use crate::journal::{Head, Payload};
use crate::private::{Call, Calling, Memory, decode, missing};
use crate::saga::Saga;

/// A registered saga whose type only its own methods know.
pub(crate) trait AnySaga: Send + Sync {
    /// What the machine knows of it.
    fn definition(&self) -> &Arc<Definition>;

    /// The short name of its shape.
    fn shape(&self) -> &ShapeId;

    /// The memory of an instance that was started with `input`, or why the input cannot be read.
    fn recall(&self, input: &Payload) -> Result<Arc<dyn AnyInstance>, String>;
}

/// The values of one instance together with its saga: what calls are made on.
pub(crate) trait AnyInstance: Send + Sync {
    /// Puts back an output that was journalled, or says why it cannot be read.
    fn restore(&self, step: StepIndex, output: &Payload) -> Result<(), String>;

    /// Calls a method of the saga.
    fn call<'a>(&'a self, call: Call<'a>) -> Calling<'a>;
}

/// A registered saga.
pub(crate) struct Registered<S: Saga> {
    flow: Arc<S>,
    definition: Arc<Definition>,
    shape: ShapeId,
}

impl<S: Saga> Registered<S> {
    pub(crate) fn new(flow: S) -> Self {
        let definition = Arc::new(S::definition());
        let shape = definition.shape().id();
        Self { flow: Arc::new(flow), definition, shape }
    }

    /// The memory of an instance that starts with `input`.
    pub(crate) fn instance(&self, input: S::Input) -> Arc<dyn AnyInstance> {
        Arc::new(TypedInstance { flow: Arc::clone(&self.flow), memory: Some(Memory::new(input)) })
    }
}

impl<S: Saga> AnySaga for Registered<S> {
    fn definition(&self) -> &Arc<Definition> {
        &self.definition
    }

    fn shape(&self) -> &ShapeId {
        &self.shape
    }

    fn recall(&self, input: &Payload) -> Result<Arc<dyn AnyInstance>, String> {
        Ok(self.instance(decode(input)?))
    }
}

struct TypedInstance<S: Saga> {
    flow: Arc<S>,
    /// There until the drop.
    memory: Option<Memory<S>>,
}

impl<S: Saga> AnyInstance for TypedInstance<S> {
    fn restore(&self, step: StepIndex, output: &Payload) -> Result<(), String> {
        let memory = self.memory.as_ref().ok_or("its values are gone")?;
        match S::slot(&memory.outputs, step.get()) {
            Some(slot) => slot.restore(output),
            None => Err("the saga has no such step".to_owned()),
        }
    }

    fn call<'a>(&'a self, call: Call<'a>) -> Calling<'a> {
        match &self.memory {
            Some(memory) => self.flow.call(call, memory),
            None => missing("memory"),
        }
    }
}

impl<S: Saga> Drop for TypedInstance<S> {
    /// The last who holds the values may be the committer: a value whose drop panics must not take it along.
    fn drop(&mut self) {
        let memory = self.memory.take();
        if catch_unwind(AssertUnwindSafe(|| drop(memory))).is_err() {
            error!(saga = %S::definition().name(), "a value panicked when it was dropped");
        }
    }
}

/// The sagas an orchestrator knows.
#[derive(Default)]
pub(crate) struct Registry {
    by_type: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    sagas: Vec<Arc<dyn AnySaga>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sagas.iter().map(|saga| saga.definition().name())).finish()
    }
}

impl Registry {
    pub(crate) fn register<S: Saga>(&mut self, flow: S) {
        let saga = Arc::new(Registered::new(flow));
        self.by_type.insert(TypeId::of::<S>(), Arc::clone(&saga) as _);
        self.sagas.push(saga);
    }

    /// All of them, in the order of registration.
    pub(crate) fn sagas(&self) -> &[Arc<dyn AnySaga>] {
        &self.sagas
    }

    /// The one of type `S`.
    pub(crate) fn typed<S: Saga>(&self) -> Result<Arc<Registered<S>>, Error> {
        let found = self.by_type.get(&TypeId::of::<S>()).cloned();
        found
            .and_then(|saga| saga.downcast().ok())
            .ok_or_else(|| Error::NotRegistered { saga: S::definition().name().to_string() })
    }

    /// The one that an instance began under: name, version and shape.
    pub(crate) fn of(&self, head: &Head) -> Option<Arc<dyn AnySaga>> {
        let is_it = |saga: &&Arc<dyn AnySaga>| {
            let definition = saga.definition();
            *definition.name() == head.saga
                && definition.version() == head.version
                && *saga.shape() == head.shape
        };
        self.sagas.iter().find(is_it).cloned()
    }

    /// Refuses to be empty, and two sagas of one name and version.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.sagas.is_empty() {
            return Err(Error::NothingRegistered);
        }
        let mut seen = Vec::new();
        for saga in &self.sagas {
            let name_and_version = (saga.definition().name(), saga.definition().version());
            if seen.contains(&name_and_version) {
                let (name, version) = name_and_version;
                return Err(Error::RegisteredTwice { saga: name.to_string(), version });
            }
            seen.push(name_and_version);
        }
        Ok(())
    }
}

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
use crate::private::{
    AnyChild, AnySlot, Ask, Asked, Call, Calling, ChildType, Encoding, Memory, decode, encode, missing,
};
use crate::saga::Saga;

/// A registered saga whose type only its own methods know.
pub(crate) trait AnySaga: Send + Sync {
    /// What the machine knows of it.
    fn definition(&self) -> &Arc<Definition>;

    /// The short name of its shape.
    fn shape(&self) -> &ShapeId;

    /// The memory of an instance that was started with `input`, or why the input cannot be read.
    fn recall(&self, input: &Payload) -> Result<Arc<dyn AnyInstance>, String>;

    /// The memory of an instance that starts with `input`, which is of the saga's own type, and the input as it
    /// is journalled; or why that cannot be written.
    fn begin(&self, input: Box<dyn Any + Send>) -> Result<(Arc<dyn AnyInstance>, Payload), String>;

    /// An input that was kept, read and written as today's type.
    fn reread(&self, input: &Payload) -> Result<Payload, String>;

    /// Whether `output` reads as that of a step, or of an item of it.
    ///
    /// # Errors
    /// A text that names the type, never the value.
    fn check_output(&self, step: StepIndex, item: Option<u32>, output: &Payload) -> Result<(), String>;

    /// The sagas that its steps are instances of.
    fn children(&self) -> Vec<ChildType>;
}

/// The values of one instance together with its saga: what calls are made on.
pub(crate) trait AnyInstance: Send + Sync {
    /// The room for what a step returns.
    fn slot(&self, step: StepIndex) -> Option<&dyn AnySlot>;

    /// Asks a pure method of the saga.
    fn ask(&self, ask: Ask, encoding: Encoding) -> Asked;

    /// What the child of a step is started with.
    fn child(&self, step: StepIndex) -> Option<AnyChild>;

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
    pub(crate) fn new(flow: Arc<S>) -> Self {
        let definition = Arc::new(S::definition());
        let shape = definition.shape().id();
        Self { flow, definition, shape }
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

    fn begin(&self, input: Box<dyn Any + Send>) -> Result<(Arc<dyn AnyInstance>, Payload), String> {
        let input = input.downcast::<S::Input>().map_err(|_| "the input is of another type".to_owned())?;
        let payload = encode(&*input)?;
        Ok((self.instance(*input), payload))
    }

    fn reread(&self, input: &Payload) -> Result<Payload, String> {
        encode(&decode::<S::Input>(input)?)
    }

    fn check_output(&self, step: StepIndex, item: Option<u32>, output: &Payload) -> Result<(), String> {
        // In values of their own, since what an instance has once it keeps.
        let outputs = S::outputs();
        let slot = S::slot(&outputs, step.get()).ok_or("the saga has no such step")?;
        match item {
            None => slot.restore(output),
            Some(item) => slot.restore_item(item, output),
        }
    }

    fn children(&self) -> Vec<ChildType> {
        S::children()
    }
}

struct TypedInstance<S: Saga> {
    flow: Arc<S>,
    /// There until the drop.
    memory: Option<Memory<S>>,
}

impl<S: Saga> AnyInstance for TypedInstance<S> {
    fn slot(&self, step: StepIndex) -> Option<&dyn AnySlot> {
        S::slot(&self.memory.as_ref()?.outputs, step.get())
    }

    fn ask(&self, ask: Ask, encoding: Encoding) -> Asked {
        match &self.memory {
            Some(memory) => self.flow.ask(ask, memory, encoding),
            None => Asked::NotEncodable("its values are gone".to_owned()),
        }
    }

    fn child(&self, step: StepIndex) -> Option<AnyChild> {
        self.flow.child(step.get(), self.memory.as_ref()?)
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
    typed: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    by_type: HashMap<TypeId, Arc<dyn AnySaga>>,
    sagas: Vec<Arc<dyn AnySaga>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sagas.iter().map(|saga| saga.definition().name())).finish()
    }
}

impl Registry {
    pub(crate) fn register<S: Saga>(&mut self, flow: S) {
        self.register_shared(Arc::new(flow));
    }

    pub(crate) fn register_shared<S: Saga>(&mut self, flow: Arc<S>) {
        let saga = Arc::new(Registered::new(flow));
        self.typed.insert(TypeId::of::<S>(), Arc::clone(&saga) as _);
        self.by_type.insert(TypeId::of::<S>(), Arc::clone(&saga) as _);
        self.sagas.push(saga);
    }

    /// All of them, in the order of registration.
    pub(crate) fn sagas(&self) -> &[Arc<dyn AnySaga>] {
        &self.sagas
    }

    /// The one of type `S`.
    pub(crate) fn typed<S: Saga>(&self) -> Result<Arc<Registered<S>>, Error> {
        let found = self.typed.get(&TypeId::of::<S>()).cloned();
        found
            .and_then(|saga| saga.downcast().ok())
            .ok_or_else(|| Error::NotRegistered { saga: S::definition().name().to_string() })
    }

    /// The one of this type.
    pub(crate) fn by_type(&self, saga: TypeId) -> Option<&Arc<dyn AnySaga>> {
        self.by_type.get(&saga)
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

    /// Whether an instance may be cancelled by its deadline, also while it is parked.
    pub(crate) fn has_deadlines(&self) -> bool {
        self.sagas.iter().any(|saga| saga.definition().deadline_after().is_some())
    }

    /// Refuses to be empty, two sagas of one name and version, and a child that is not there.
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
        let children = self.sagas.iter().flat_map(|saga| saga.children());
        for child in children {
            if !self.by_type.contains_key(&child.saga) {
                return Err(Error::NotRegistered { saga: child.name.to_owned() });
            }
        }
        Ok(())
    }
}

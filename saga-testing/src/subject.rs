//! What is tested: the user's saga, and how it is set up.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use saga_core::definition::StepDefinition;
use saga_core::error::Error;
use saga_core::id::StepIndex;
use saga_core::private::Payloads;
use saga_core::runtime::{Builder, Handle};
use saga_core::saga::{Receives, Saga};

/// The id of the instance if nothing is said.
const DEFAULT_ID: &str = "explored";

/// A saga over a world, as often as wanted.
type Make<'a, S, W> = Mutex<Box<dyn FnMut() -> (S, W) + Send + 'a>>;

/// Registers further sagas.
type Register<'a, W> = Box<dyn Fn(Builder, &W) -> Builder + Send + Sync + 'a>;

/// A signal under way.
type Sending = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What is tested.
pub(crate) struct Subject<'a, S: Saga, W> {
    make: Make<'a, S, W>,
    input: Result<String, String>,
    pub(crate) id: String,
    register: Vec<Register<'a, W>>,
    pub(crate) signals: Vec<Message<S>>,
}

/// A signal that is sent to each instance.
pub(crate) struct Message<S: Saga> {
    /// How long its step waits for it.
    pub(crate) within: Option<Duration>,
    send: Box<dyn Fn(Handle<S>) -> Sending + Send + Sync>,
}

impl<S: Saga> Message<S> {
    pub(crate) async fn send(&self, to: Handle<S>) -> Result<(), Error> {
        (self.send)(to).await
    }
}

impl<'a, S: Saga, W> Subject<'a, S, W> {
    pub(crate) fn new(make: impl FnMut() -> (S, W) + Send + 'a, input: &S::Input) -> Self {
        let input =
            serde_json::to_string(input).map_err(|error| format!("the input cannot be written: {error}"));
        let make: Box<dyn FnMut() -> (S, W) + Send + 'a> = Box::new(make);
        Self {
            make: Mutex::new(make),
            input,
            id: DEFAULT_ID.to_owned(),
            register: Vec::new(),
            signals: Vec::new(),
        }
    }

    pub(crate) fn also_register(&mut self, register: impl Fn(Builder, &W) -> Builder + Send + Sync + 'a) {
        self.register.push(Box::new(register));
    }

    pub(crate) fn also_signal<P: Payloads>(&mut self, id: String, payload: &P)
    where
        S: Receives<P>,
    {
        let definition = S::definition();
        let step = StepIndex::new(<S as Receives<P>>::STEP).and_then(|step| definition.step(step));
        let within = step.and_then(|step: &StepDefinition| step.signal?.within);
        let written = serde_json::to_string(payload).map_err(|error| error.to_string());
        let send = move |to: Handle<S>| -> Sending {
            let (id, written) = (id.clone(), written.clone());
            Box::pin(async move {
                let not_encodable = |message: String| Error::NotEncodable { id: to.id().clone(), message };
                let written = written.map_err(not_encodable)?;
                let payload = serde_json::from_str::<P>(&written);
                to.signal(id, payload.map_err(|error| not_encodable(error.to_string()))?).await
            })
        };
        self.signals.push(Message { within, send: Box::new(send) });
    }

    /// A saga over a world of its own.
    pub(crate) fn make(&self) -> (S, W) {
        // A panic in it has been told where it happened.
        (self.make.lock().unwrap_or_else(PoisonError::into_inner))()
    }

    /// The input.
    pub(crate) fn input(&self) -> Result<S::Input, String> {
        let input = self.input.as_ref().map_err(Clone::clone)?;
        serde_json::from_str(input).map_err(|error| format!("the input cannot be read back: {error}"))
    }

    /// Registers further sagas.
    pub(crate) fn register(&self, builder: Builder, world: &W) -> Builder {
        self.register.iter().fold(builder, |builder, register| register(builder, world))
    }
}

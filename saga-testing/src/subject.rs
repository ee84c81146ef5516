//! What is tested: the user's saga, and how it is set up.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use saga_core::definition::StepDefinition;
use saga_core::error::Error;
use saga_core::id::StepIndex;
use saga_core::private::Payloads;
use saga_core::runtime::{Builder, Orchestrator};
use saga_core::saga::{Receives, Saga};

use crate::watch::Watch;

/// The id of the instance if nothing is said.
const DEFAULT_ID: &str = "explored";

/// A saga over a world, as often as wanted.
type Make<'a, S, W> = Mutex<Box<dyn FnMut() -> (S, W) + Send + 'a>>;

/// Registers further sagas.
type Register<'a, W> = Box<dyn Fn(Builder, &W) -> Builder + Send + Sync + 'a>;

/// A signal under way.
type Sending = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Sends a signal to the instance of that id.
type SendTo = Box<dyn Fn(&Orchestrator, String) -> Sending + Send + Sync>;

/// What is tested.
pub(crate) struct Subject<'a, S: Saga, W> {
    make: Make<'a, S, W>,
    input: Result<String, String>,
    pub(crate) id: String,
    register: Vec<Register<'a, W>>,
    pub(crate) signals: Vec<Message>,
    mistake: Option<String>,
    pub(crate) watch: Watch,
}

/// A signal that is sent to an instance of each history.
pub(crate) struct Message {
    pub(crate) id: String,
    /// The steps on the way to the child that it is for, with `/` between them; none for the instance itself.
    child: Option<String>,
    /// How long its step waits for it.
    pub(crate) within: Option<Duration>,
    send: SendTo,
}

impl Message {
    /// The id of the instance that it is for, where that of the history's is `root`.
    pub(crate) fn target(&self, root: &str) -> String {
        match &self.child {
            None => root.to_owned(),
            Some(child) => format!("{root}/{child}"),
        }
    }

    pub(crate) async fn send(&self, orchestrator: &Orchestrator, root: &str) -> Result<(), Error> {
        (self.send)(orchestrator, self.target(root)).await
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
            mistake: None,
            watch: Watch::default(),
        }
    }

    pub(crate) fn also_register(&mut self, register: impl Fn(Builder, &W) -> Builder + Send + Sync + 'a) {
        self.register.push(Box::new(register));
    }

    /// Sends a signal to the instance itself, which is of `C`, or to one of its children.
    pub(crate) fn also_signal<C: Receives<P>, P: Payloads>(
        &mut self,
        child: Option<String>,
        id: String,
        payload: &P,
    ) {
        if let Some(child) = &child {
            self.check_child(child, C::NAME);
        }
        let definition = C::definition();
        let step = StepIndex::new(<C as Receives<P>>::STEP).and_then(|step| definition.step(step));
        let within = step.and_then(|step: &StepDefinition| step.signal?.within);
        let written = serde_json::to_string(payload).map_err(|error| error.to_string());
        let signal_id = id.clone();
        let send = move |orchestrator: &Orchestrator, to: String| -> Sending {
            let (id, written, to) = (id.clone(), written.clone(), orchestrator.handle::<C>(to));
            Box::pin(async move {
                let not_encodable = |message: String| Error::NotEncodable { id: to.id().clone(), message };
                let written = written.map_err(not_encodable)?;
                let payload = serde_json::from_str::<P>(&written);
                to.signal(id, payload.map_err(|error| not_encodable(error.to_string()))?).await
            })
        };
        self.signals.push(Message { id: signal_id, child, within, send: Box::new(send) });
    }

    /// Notes it if `child` does not name a child. What the children of children are is not known here.
    fn check_child(&mut self, child: &str, saga: &str) {
        let definition = S::definition();
        let (step, rest) = match child.split_once('/') {
            None => (child, None),
            Some((step, rest)) => (step, Some(rest)),
        };
        let found = definition.steps().map(|(_, step)| step).find(|known| known.name.as_str() == step);
        let found = found.and_then(|step| step.child.as_deref());
        if found.is_some_and(|found| rest.is_some() || found == saga) {
            return;
        }
        let is = found.map_or_else(
            || "no step that is a child".to_owned(),
            |found| format!("of {found}, not of {saga}"),
        );
        let children: Vec<_> = definition
            .steps()
            .filter_map(|(_, step)| Some(format!("{} (of {})", step.name, step.child.as_ref()?)))
            .collect();
        let known = if children.is_empty() { "none".to_owned() } else { children.join(", ") };
        let name = definition.name();
        self.is_wrong(format!(
            "`.signal_child({child:?}, ..)`: `{step}` is {is}; the children of {name} are: {known}"
        ));
    }

    /// Notes what is wrong with how it is set up: it is told in the place of the first history.
    pub(crate) fn is_wrong(&mut self, what: String) {
        self.mistake.get_or_insert(what);
    }

    /// A saga over a world of its own.
    pub(crate) fn make(&self) -> (S, W) {
        // A panic in it has been told where it happened.
        (self.make.lock().unwrap_or_else(PoisonError::into_inner))()
    }

    /// What is wrong with how it is set up, if anything is.
    pub(crate) fn mistake(&self) -> Option<&str> {
        self.mistake.as_deref()
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

/// An error, and what it comes from.
pub(crate) fn with_causes(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

//! A subscriber that keeps everything, and knows in which span it was said.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// Everything that was traced on one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Collector {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    spans: Vec<Span>,
    events: Vec<Said>,
    entered: Vec<usize>,
}

/// A span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) name: &'static str,
    pub(super) level: Level,
    pub(super) fields: Fields,
    /// By its place among the spans.
    pub(super) parent: Option<usize>,
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) fields: Fields,
    /// The span it was said in, by its place among the spans.
    pub(super) span: Option<usize>,
}

/// What is said with a span or an event.
pub(super) type Fields = BTreeMap<&'static str, String>;

impl Collector {
    /// Collects until the end of `run` what this thread traces.
    pub(super) fn listen<T>(&self, run: impl FnOnce() -> T) -> T {
        // While there is only one subscriber, a place in the code that another test's thread comes to first is
        // remembered as one that nobody listens to.
        let _second = Dispatch::new(Self::default());
        tracing::subscriber::with_default(self.clone(), run)
    }

    /// The spans with this name, in order.
    pub(super) fn spans(&self, name: &str) -> Vec<Span> {
        self.lock().spans.iter().filter(|span| span.name == name).cloned().collect()
    }

    /// The span at this place.
    pub(super) fn span(&self, at: usize) -> Span {
        self.lock().spans[at].clone()
    }

    /// The events that say this.
    pub(super) fn said(&self, message: &str) -> Vec<Said> {
        self.lock().events.iter().filter(|said| said.message == message).cloned().collect()
    }

    /// The place of the span that is entered.
    pub(super) fn current(&self) -> Option<usize> {
        self.lock().entered.last().copied()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

/// What a field says is kept as text.
#[derive(Debug, Default)]
struct Reader(Fields);

impl Visit for Reader {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// The place of a span among all.
fn place(id: &Id) -> usize {
    usize::try_from(id.into_u64()).unwrap() - 1
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Reader::default();
        span.record(&mut fields);
        let mut inner = self.lock();
        let current = inner.entered.last().copied().filter(|_| span.is_contextual());
        let parent = span.parent().map(place).or(current);
        let metadata = span.metadata();
        inner.spans.push(Span { name: metadata.name(), level: *metadata.level(), fields: fields.0, parent });
        Id::from_u64(inner.spans.len().try_into().unwrap())
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Reader::default();
        values.record(&mut fields);
        self.lock().spans[place(span)].fields.extend(fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Reader::default();
        event.record(&mut fields);
        let message = fields.0.remove("message").unwrap_or_default();
        let mut inner = self.lock();
        let current = inner.entered.last().copied().filter(|_| event.is_contextual());
        let span = event.parent().map(place).or(current);
        inner.events.push(Said { level: *event.metadata().level(), message, fields: fields.0, span });
    }

    fn enter(&self, span: &Id) {
        self.lock().entered.push(place(span));
    }

    fn exit(&self, span: &Id) {
        let mut inner = self.lock();
        let at = inner.entered.iter().rposition(|entered| *entered == place(span));
        at.map(|at| inner.entered.remove(at));
    }
}

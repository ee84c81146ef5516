//! Telling somebody that an instance needs a person.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tracing::error;

use crate::runtime::attempt::text_of;
use crate::runtime::shared::Shared;
use crate::runtime::shutdown::Lifecycle;
use crate::runtime::summary::InstanceSummary;

/// The user's own.
type Tell = dyn Fn(&InstanceSummary) + Send + Sync;

/// Whom to tell, if anybody wants to know.
#[derive(Clone, Default)]
pub(crate) struct Attention(Option<Arc<Tell>>);

impl fmt::Debug for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attention").field(&self.0.is_some()).finish()
    }
}

impl Attention {
    pub(crate) fn of(tell: impl Fn(&InstanceSummary) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }
}

/// Tells whoever wants to know. The user's code runs in a task of its own: it may be slow, or panic.
pub(crate) fn tell(shared: &Arc<Shared>, summary: impl FnOnce() -> InstanceSummary) {
    let Some(attention) = shared.settings.attention.0.clone() else { return };
    let summary = summary();
    // A shutdown waits for it as for an attempt.
    let work = Lifecycle::work(shared);
    shared.runtime.spawn(async move {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| attention(&summary))) {
            error!(instance = %summary.id, panic = text_of(&*panic), "what is told of attention panicked");
        }
        drop(work);
    });
}

//! Panics that are expected: caught, told once, and not printed where they happen.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

static HOOK: Once = Once::new();

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    static WHERE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; no panic in it is printed, on this thread. Other threads, and this one afterwards, print theirs as
/// they did.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                return before(info);
            }
            WHERE.set(info.location().map(ToString::to_string));
        }));
    });
    let was = IS_QUIET.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_QUIET.set(was);
    done.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// What `work` returns, or what it panicked with, and where.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    WHERE.set(None);
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = text_of(&*panic);
        match WHERE.take() {
            Some(place) => format!("{text}\nat {place}"),
            None => text.to_owned(),
        }
    })
}

/// The text of a panic without its line breaks.
pub(crate) fn in_one_line(panic: &(dyn Any + Send)) -> String {
    text_of(panic).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it panicked without a message")
}

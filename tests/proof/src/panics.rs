//! Seeing that the library panics, wherever that is caught: it says so when what must always be true is not.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    /// The last panic of this thread.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From here on a panic of any thread is kept for [`seen`]. Services that panic are not seen: they do so without the
/// hook of `panic!`.
pub(crate) fn watch() {
    static WATCHES: Once = Once::new();
    WATCHES.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            LAST.set(Some(info.to_string()));
            before(info);
        }));
    });
}

/// The last panic of this thread since this was asked before.
pub(crate) fn seen() -> Option<String> {
    LAST.take()
}

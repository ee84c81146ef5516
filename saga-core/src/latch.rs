//! Something that happens once, for those who wait for it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Something that happens once. Who waits for it goes on in the order in which they began to wait, so that a history
/// that is run again is the same.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    is_set: AtomicBool,
    waiting: Notify,
}

impl Latch {
    /// It has happened. Once more changes nothing.
    pub(crate) fn set(&self) {
        self.is_set.store(true, Ordering::Release);
        self.waiting.notify_waiters();
    }

    /// Whether it has happened.
    pub(crate) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Waits until it has happened.
    pub(crate) async fn wait(&self) {
        // What happens after this line is heard of, also before it is waited for.
        let happens = self.waiting.notified();
        if !self.is_set() {
            happens.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn who_waits_goes_on_in_order() {
        let latch = Arc::new(Latch::default());
        assert!(!latch.is_set());
        let order = Arc::new(Mutex::new(Vec::new()));
        let waiting = (0..100).map(|number| {
            let (latch, order) = (Arc::clone(&latch), Arc::clone(&order));
            tokio::spawn(async move {
                latch.wait().await;
                order.lock().unwrap().push(number);
            })
        });
        let waiting: Vec<_> = waiting.collect();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        latch.set();
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
        assert!(latch.is_set());
        latch.wait().await;
    }
}

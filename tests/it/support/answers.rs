//! Pure methods that answer as they are told, and what steps were given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

/// What a pure method says, call by call. The last answer is said again and again.
#[derive(Debug, Clone)]
pub(crate) struct Answers<T> {
    inner: Arc<Mutex<Told<T>>>,
}

#[derive(Debug, Clone)]
struct Told<T> {
    /// Where there is none it panics.
    answers: VecDeque<Option<T>>,
    asked: usize,
}

impl<T: Clone> Answers<T> {
    /// These answers, in order; `None` is a panic.
    pub(crate) fn new(answers: impl IntoIterator<Item = Option<T>>) -> Self {
        let told = Told { answers: answers.into_iter().collect(), asked: 0 };
        Self { inner: Arc::new(Mutex::new(told)) }
    }

    /// The same answer each time.
    pub(crate) fn always(answer: T) -> Self {
        Self::new([Some(answer)])
    }

    /// The next answer.
    pub(crate) fn next(&self) -> T {
        let answer = {
            let mut told = self.lock();
            told.asked += 1;
            if told.answers.len() > 1 { told.answers.pop_front() } else { told.answers.front().cloned() }
        };
        // Without the hook of `panic!`, which would fill the output of the tests.
        answer.flatten().unwrap_or_else(|| std::panic::resume_unwind(Box::new("the method panics")))
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.lock().asked
    }

    /// The answers that are left, from here on apart from the others.
    pub(crate) fn apart(&self) -> Self {
        Self { inner: Arc::new(Mutex::new(self.lock().clone())) }
    }

    fn lock(&self) -> MutexGuard<'_, Told<T>> {
        self.inner.lock().unwrap()
    }
}

/// What methods were given, as they wrote it down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    inner: Arc<Mutex<Vec<String>>>,
}

impl Notes {
    pub(crate) fn add(&self, note: String) {
        self.inner.lock().unwrap().push(note);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.inner.lock().unwrap().clone()
    }
}

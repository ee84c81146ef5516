//! The classic bugs, each in a saga that looks right, and the saga in which it is repaired.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use sagas::prelude::*;
use sagas::testing::{Violation, explore};

/// A warehouse with ten pieces, and what its customers have of it.
#[derive(Debug, Clone)]
struct Warehouse {
    books: Arc<Mutex<Books>>,
}

#[derive(Debug)]
struct Books {
    free: u32,
    reserved: BTreeMap<String, u32>,
    closed: BTreeSet<String>,
}

impl Warehouse {
    fn new() -> Self {
        let books = Books { free: 10, reserved: BTreeMap::new(), closed: BTreeSet::new() };
        Self { books: Arc::new(Mutex::new(books)) }
    }

    /// Reserves pieces under a key, once.
    fn reserve(&self, key: &str, pieces: u32) -> Result<u32, StepError> {
        let mut books = self.books.lock().unwrap();
        if books.closed.contains(key) {
            return Err(StepError::rejected("the reservation was cancelled"));
        }
        if books.reserved.insert(key.to_owned(), pieces).is_none() {
            books.free -= pieces;
        }
        Ok(pieces)
    }

    /// Gives back what was reserved under a key, if anything was.
    fn release(&self, key: &str) {
        let mut books = self.books.lock().unwrap();
        if let Some(pieces) = books.reserved.remove(key) {
            books.free += pieces;
        }
    }

    /// Refuses everything that comes under a key from here on.
    fn close(&self, key: &str) {
        self.books.lock().unwrap().closed.insert(key.to_owned());
    }

    /// Gives pieces back, whoever had them.
    fn put_back(&self, pieces: u32) {
        self.books.lock().unwrap().free += pieces;
    }
}

/// What must be true: the pieces are gone exactly if the order is completed.
fn nothing_is_lost<S: Saga>(warehouse: &Warehouse, outcome: &Outcome<S>) {
    let free = warehouse.books.lock().unwrap().free;
    match outcome {
        Outcome::Completed(_) => assert_eq!(free, 7, "three pieces are sold"),
        Outcome::Compensated(_) => assert_eq!(free, 10, "everything is back"),
        Outcome::Parked(parked) => panic!("{parked}"),
    }
}

async fn violation_of<S: Saga<Input = u32>>(make: fn(Warehouse) -> S) -> Violation {
    let make = || {
        let warehouse = Warehouse::new();
        (make(warehouse.clone()), warehouse)
    };
    explore(make, 3).check(nothing_is_lost).try_run().await.expect_err("it has a bug")
}

/// Its compensation adds up, and does so again when it is called again.
struct AddsTwice(Warehouse);

#[saga]
impl AddsTwice {
    #[step(compensate = release, idempotent)]
    async fn reserve(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        self.0.reserve(cx.idempotency_key(), *input)
    }
    async fn release(&self, cx: &StepContext, reserve: &u32) -> Result<(), StepError> {
        self.0.close(cx.step_key());
        self.0.put_back(*reserve);
        Ok(())
    }
    #[step(pivot, idempotent)]
    async fn charge(&self, reserve: &u32) -> Result<u32, StepError> {
        Ok(*reserve)
    }
}

#[tokio::test]
async fn a_compensation_that_is_not_idempotent_is_found() {
    let violation = violation_of(AddsTwice).await;
    assert_eq!(
        violation.timeline,
        "      0.000s  reserve, attempt 1: succeeded
!     0.000s  charge, attempt 1: rejected (the service refuses)
      0.000s  compensating, since charge failed: the service refuses
      0.000s  compensation of reserve, attempt 1: succeeded
!     0.000s  compensation of reserve (the same call once more): succeeded
      0.000s  compensated
"
    );
    assert_eq!(violation.history, "3:refuse,5:twice");
    assert!(violation.message.contains("left: 13"), "{violation}");
}

/// Its compensation gives back what it knows of: after a timeout it knows of nothing.
struct Forgets(Warehouse);

#[saga]
impl Forgets {
    #[step(compensate = release)]
    async fn reserve(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        self.0.reserve(cx.idempotency_key(), *input)
    }
    async fn release(&self, cx: &StepContext, reserve: Option<&u32>) -> Result<(), StepError> {
        if reserve.is_some() {
            self.0.release(cx.step_key());
        }
        self.0.close(cx.step_key());
        Ok(())
    }
    #[step(pivot, idempotent)]
    async fn charge(&self, reserve: &u32) -> Result<u32, StepError> {
        Ok(*reserve)
    }
}

#[tokio::test]
async fn a_reservation_that_is_leaked_after_a_timeout_is_found() {
    let violation = violation_of(Forgets).await;
    assert_eq!(
        violation.timeline,
        "\
!     0.000s  reserve, attempt 1: in doubt (it was done, and the answer was lost)
      0.000s  compensating, since reserve failed: it was done, and the answer was lost
      0.000s  compensation of reserve, attempt 1: succeeded
      0.000s  compensated
"
    );
}

/// Its service does not remember what was cancelled: a call that arrives later is applied.
struct AppliesLate(Warehouse);

#[saga]
impl AppliesLate {
    #[step(compensate = release, idempotent)]
    async fn reserve(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        self.0.reserve(cx.idempotency_key(), *input)
    }
    async fn release(&self, cx: &StepContext) -> Result<(), StepError> {
        self.0.release(cx.step_key());
        Ok(())
    }
    #[step(pivot, idempotent)]
    async fn charge(&self, reserve: &u32) -> Result<u32, StepError> {
        Ok(*reserve)
    }
}

#[tokio::test]
async fn a_service_that_applies_a_late_call_is_found() {
    let violation = violation_of(AppliesLate).await;
    assert_eq!(
        violation.timeline,
        "\
!     0.000s  reserve, attempt 1: no answer in time, and the request is still travelling
!    30.095s  reserve, attempt 2: rejected (the service refuses)
     30.095s  compensating, since reserve failed: the service refuses
     30.095s  compensation of reserve, attempt 1: succeeded
!    30.095s  reserve (the call that was travelling arrives): succeeded
     30.095s  compensated
"
    );
}

/// The three of them repaired.
struct Sound(Warehouse);

#[saga]
impl Sound {
    #[step(compensate = release, idempotent)]
    async fn reserve(&self, cx: &StepContext, input: &u32) -> Result<u32, StepError> {
        self.0.reserve(cx.idempotency_key(), *input)
    }
    async fn release(&self, cx: &StepContext) -> Result<(), StepError> {
        self.0.release(cx.step_key());
        self.0.close(cx.step_key());
        Ok(())
    }
    #[step(pivot, idempotent)]
    async fn charge(&self, reserve: &u32) -> Result<u32, StepError> {
        Ok(*reserve)
    }
}

#[tokio::test]
async fn the_same_saga_with_the_bugs_repaired_passes() {
    let make = || {
        let warehouse = Warehouse::new();
        (Sound(warehouse.clone()), warehouse)
    };
    let exploration = explore(make, 3).check(nothing_is_lost).run().await;
    assert_eq!(exploration.left_out, 0, "{exploration}");
}

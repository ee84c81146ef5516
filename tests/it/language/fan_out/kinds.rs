//! `for_each` on other kinds of steps: items that are checked, whose compensation knows no output, that run after the
//! pivot, that only look.

use sagas::StepState;
use sagas::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::answers::Notes;
use crate::support::data::on_both;
use crate::support::lives::ID;
use crate::support::world::{Act, World};
use crate::support::{retry, soon};

/// What an item may be: any type of the user's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    product: String,
    count: u32,
}

fn line(product: &str, count: u32) -> Line {
    Line { product: product.to_owned(), count }
}

/// What an order is started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cart {
    lines: Vec<Line>,
}

/// An order of lines that are priced, reserved, charged, and sent.
#[derive(Debug, Clone, Default)]
struct Order {
    world: World,
    notes: Notes,
}

impl Order {
    fn script(mut self, step: &str, acts: &[Act]) -> Self {
        self.world = self.world.script(step, acts);
        self
    }

    fn note(&self, what: &str, cx: &StepContext, item: &Line) {
        self.notes.add(format!("{what} {} {} {}", item.count, item.product, cx.idempotency_key()));
    }
}

#[saga(name = "order", output = sent)]
impl Order {
    #[step(read_only, for_each = lines, concurrency = 4, output = prices, retry(attempts = 2, initial = "10ms"))]
    async fn price(&self, cx: &StepContext, item: &Line) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| item.count * 10)
    }
    fn lines(&self, input: &Cart) -> Vec<Line> {
        input.lines.clone()
    }

    // The service is asked what became of an item.
    #[step(for_each = lines, concurrency = 4, output = reservations, compensate = release, in_doubt = check(find))]
    async fn reserve(&self, cx: &StepContext, item: &Line, prices: &[u32]) -> Result<String, StepError> {
        assert_eq!(prices.len(), 3, "one of each line");
        self.world.forward(cx).await.map(|_| item.product.clone())
    }
    #[policy(retry(attempts = 3, initial = "10ms"))]
    async fn find(&self, cx: &StepContext, item: &Line) -> Result<Checked<String>, StepError> {
        self.note("find", cx, item);
        Ok(match self.world.check(cx).await? {
            Checked::Done(_) => Checked::Done(item.product.clone()),
            Checked::NotDone => Checked::NotDone,
            Checked::Unknown => Checked::Unknown,
        })
    }
    async fn release(&self, cx: &StepContext, item: &Line, reservations: &String) -> Result<(), StepError> {
        assert_eq!(*reservations, item.product, "its own output");
        self.world.compensate(cx).await
    }

    // Nobody can tell what came of an item: its compensation copes with that.
    #[step(for_each = lines, concurrency = 4, compensate = refund, in_doubt = compensate)]
    async fn charge(&self, cx: &StepContext, item: &Line) -> Result<u32, StepError> {
        self.world.forward(cx).await.map(|_| item.count)
    }
    async fn refund(&self, cx: &StepContext, item: &Line, charge: Option<&u32>) -> Result<(), StepError> {
        self.notes.add(format!("refund {} {charge:?}", item.product));
        self.world.compensate(cx).await
    }

    #[step(pivot, idempotent)]
    async fn ship(
        &self,
        cx: &StepContext,
        reservations: &[String],
        charge: &[u32],
    ) -> Result<u32, StepError> {
        self.notes.add(format!("ship {} for {charge:?}", reservations.join(", ")));
        self.world.forward(cx).await
    }

    #[step(retriable, for_each = lines, concurrency = 4, idempotent, output = sent, retry(initial = "10ms", max = "10ms"))]
    async fn send(&self, cx: &StepContext, item: &Line, ship: &u32) -> Result<String, StepError> {
        let _ = ship;
        self.world.forward(cx).await.map(|_| format!("sent {}", item.product))
    }
}

fn cart() -> Cart {
    Cart { lines: vec![line("apples", 1), line("pears", 2), line("plums", 3)] }
}

async fn open(store: crate::support::probe::Probe, order: &Order) -> Orchestrator {
    Orchestrator::builder(store).register(order.clone()).build().await.unwrap()
}

/// Runs an order on both stores, and hands its outcome to `then`.
fn run(make: impl Fn() -> Order, then: impl Fn(&Order, Outcome<Order>)) {
    on_both(async |data| {
        let order = make();
        let orchestrator = open(data.open(), &order).await;
        let handle = orchestrator.start::<Order>(ID, cart()).await.unwrap();
        then(&order, soon(handle.outcome()).await.unwrap());
        orchestrator.shutdown().await;
    });
}

fn failure_of(outcome: Outcome<Order>) -> Failure<OrderStep> {
    match outcome {
        Outcome::Compensated(failure) => failure,
        other => panic!("not compensated: {other:?}"),
    }
}

#[test]
fn items_of_every_kind_of_step_run_and_their_outputs_stand_in_order() {
    run(Order::default, |order, outcome| {
        let sent = ["sent apples", "sent pears", "sent plums"].map(str::to_owned);
        assert_eq!(outcome, Outcome::Completed(sent.to_vec()));
        assert_eq!(order.notes.all(), ["ship apples, pears, plums for [1, 2, 3]"]);
        assert_eq!(order.world.in_force().len(), 4 * 3 + 1);
    });
}

#[test]
fn an_item_in_doubt_is_checked_under_its_own_key_and_done_or_not() {
    // It was done: the check's output is the item's.
    run(
        || {
            Order::default()
                .script("reserve/1", &[Act::LoseAnswer])
                .script("reserve/1/check", &[Act::NotDone])
        },
        |order, outcome| {
            assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
            let notes = order.notes.all();
            let find = format!("find 2 pears order/{ID}/reserve/1");
            assert_eq!(notes.iter().filter(|note| **note == find).count(), 2, "{notes:?}");
            assert_eq!(order.world.count("reserve/check"), 2);
            assert!(notes.contains(&"ship apples, pears, plums for [1, 2, 3]".to_owned()), "{notes:?}");
        },
    );
    // It was not: it is void, and the others are compensated.
    run(
        || Order::default().script("reserve/1", &[Act::LoseRequest]),
        |order, outcome| {
            let failure = failure_of(outcome);
            assert_eq!((failure.step, failure.item), (Some(OrderStep::Reserve), Some(1)));
            assert_eq!(failure.kind, FailureKind::NotDone);
            assert_eq!((order.world.count("reserve"), order.world.count("reserve/compensate")), (3, 2));
            assert!(order.world.in_force().iter().all(|key| key.contains("/price/")));
        },
    );
}

#[test]
fn an_item_whose_check_never_knows_parks_and_retry_asks_again() {
    on_both(async |data| {
        let order = Order::default()
            .script("reserve/2", &[Act::LoseAnswer])
            .script("reserve/2/check", &[Act::NotDone, Act::LoseAnswer, Act::NotDone]);
        let orchestrator = open(data.open(), &order).await;
        let handle = orchestrator.start::<Order>(ID, cart()).await.unwrap();
        let outcome = soon(handle.outcome()).await.unwrap();
        let Outcome::Parked(parked) = outcome else { panic!("{outcome:?}") };
        assert_eq!((parked.step, parked.item), (OrderStep::Reserve, Some(2)));
        assert_eq!(parked.reason, ParkReason::BudgetSpent);
        assert_eq!(handle.status().await.unwrap().steps[1].state, StepState::Parked);
        orchestrator.resolve(ID, retry()).await.unwrap();
        let outcome = soon(handle.outcome()).await.unwrap();
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        assert_eq!((order.world.count("reserve"), order.world.count("reserve/check")), (3, 4));
        orchestrator.shutdown().await;
    });
}

#[test]
fn i8_an_item_in_doubt_for_good_is_compensated_with_none_and_the_finished_ones_with_their_outputs() {
    run(
        || Order::default().script("charge/1", &[Act::LoseAnswer]),
        |order, outcome| {
            let failure = failure_of(outcome);
            assert_eq!((failure.step, failure.item), (Some(OrderStep::Charge), Some(1)));
            assert_eq!((failure.kind, failure.attempts), (FailureKind::InDoubt, 1));
            let mut notes = order.notes.all();
            notes.sort();
            assert_eq!(notes, ["refund apples Some(1)", "refund pears None", "refund plums Some(3)"]);
            assert_eq!(order.world.count("reserve/compensate"), 3);
            assert!(order.world.in_force().iter().all(|key| key.contains("/price/")));
        },
    );
}

#[test]
fn i12_after_the_pivot_an_item_is_tried_until_it_succeeds_and_a_refused_one_parks() {
    on_both(async |data| {
        let order = Order::default()
            .script("send/0", &[Act::NotDone, Act::LoseAnswer, Act::Panic])
            .script("send/2", &[Act::Reject]);
        let orchestrator = open(data.open(), &order).await;
        let handle = orchestrator.start::<Order>(ID, cart()).await.unwrap();
        let outcome = soon(handle.outcome()).await.unwrap();
        let Outcome::Parked(parked) = outcome else { panic!("{outcome:?}") };
        assert_eq!((parked.step, parked.item), (OrderStep::Send, Some(2)));
        assert_eq!((parked.reason, parked.attempts), (ParkReason::Refused, 1));
        orchestrator.resolve(ID, retry()).await.unwrap();
        let outcome = soon(handle.outcome()).await.unwrap();
        assert!(matches!(&outcome, Outcome::Completed(sent) if sent.len() == 3), "{outcome:?}");
        assert_eq!(order.world.count("send"), 4 + 1 + 2);
        assert_eq!(order.world.in_force().len(), 4 * 3 + 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_item_of_a_step_that_only_looks_is_never_compensated() {
    run(
        || Order::default().script("price/0", &[Act::LoseRequest, Act::LoseRequest]),
        |order, outcome| {
            let failure = failure_of(outcome);
            assert_eq!((failure.step, failure.item), (Some(OrderStep::Price), Some(0)));
            assert!(order.world.calls().iter().all(|call| call == "price"), "{:?}", order.world.calls());
        },
    );
}

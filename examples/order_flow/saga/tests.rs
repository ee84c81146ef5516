//! The saga over services that do what a test tells them to.

use std::sync::Mutex;

use sagas::inline;

use super::*;
use crate::money::Cents;
use crate::order::Units;
use crate::order::tests::place;
use crate::services::{Late, ServiceError};

/// All four services at once. They write down each call, and one of them is in trouble, once.
#[derive(Debug, Default)]
struct Fake {
    calls: Mutex<Vec<&'static str>>,
    trouble: Mutex<Option<(&'static str, Trouble)>>,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trouble {
    Refused,
    NotDone,
    /// It is done, and its answer is lost.
    AnswerLost,
    /// It never arrives, and nobody can know.
    RequestLost,
}

impl Fake {
    /// Makes `call`, unless it is the one in trouble.
    fn call<E: From<ServiceError> + From<Late>>(&self, call: &'static str) -> Result<(), E> {
        let mut trouble = self.trouble.lock().unwrap();
        let trouble = trouble.take_if(|(troubled, _)| *troubled == call).map(|(_, trouble)| trouble);
        if matches!(trouble, None | Some(Trouble::AnswerLost)) {
            self.calls.lock().unwrap().push(call);
        }
        match trouble {
            None => Ok(()),
            Some(Trouble::Refused) => Err(Late.into()),
            Some(Trouble::NotDone) => Err(ServiceError::Stopped.into()),
            Some(Trouble::AnswerLost | Trouble::RequestLost) => Err(ServiceError::NoAnswer.into()),
        }
    }

    fn was_called(&self, call: &str) -> bool {
        self.calls.lock().unwrap().contains(&call)
    }
}

impl Orders for &'static Fake {
    async fn create(&self, _: &str, order: &PlaceOrder) -> Result<OrderId, OrderError> {
        self.call("create").map(|()| order.order)
    }

    async fn cancel(&self, _: &str) -> Result<(), OrderError> {
        self.call("cancel")
    }
}

impl Inventory for &'static Fake {
    async fn reserve(&self, key: &str, _: OrderId, units: Units) -> Result<Reservation, InventoryError> {
        self.call("reserve").map(|()| Reservation { key: key.to_owned(), units })
    }

    async fn release(&self, key: &str) -> Result<(), InventoryError> {
        assert!(key.ends_with("/reserve_inventory"), "{key}");
        self.call("release")
    }
}

impl Payments for &'static Fake {
    async fn charge(&self, key: &str, _: OrderId, _: &str, amount: Cents) -> Result<Payment, PaymentError> {
        self.call("charge").map(|()| Payment { key: key.to_owned(), amount })
    }

    async fn find(&self, key: &str) -> Result<Option<Payment>, PaymentError> {
        let charged = self.was_called("charge");
        self.call("find").map(|()| charged.then(|| Payment { key: key.to_owned(), amount: Cents(3_200) }))
    }

    async fn refund(&self, key: &str) -> Result<(), PaymentError> {
        assert!(key.ends_with("/process_payment"), "{key}");
        self.call("refund")
    }
}

impl Shipments for &'static Fake {
    async fn prepare(
        &self,
        _: &str,
        order: OrderId,
        country: &str,
        _: Units,
    ) -> Result<Shipment, ShipmentError> {
        self.call("ship").map(|()| Shipment { order, country: country.to_owned() })
    }
}

type Flow = OrderFlow<&'static Fake, &'static Fake, &'static Fake, &'static Fake>;

/// How an order ends, and the calls that were made, if one of them is in trouble.
async fn with(trouble: Option<(&'static str, Trouble)>) -> (Outcome<Flow>, Vec<&'static str>) {
    let fake: &'static Fake = Box::leak(Box::new(Fake { trouble: Mutex::new(trouble), ..Fake::default() }));
    let flow = OrderFlow { orders: fake, inventory: fake, payments: fake, shipments: fake };
    let outcome = inline::run(&flow, place(1001, &[(1, "13.50", 2, "0")])).await;
    let calls = fake.calls.lock().unwrap().clone();
    (outcome, calls)
}

#[tokio::test(start_paused = true)]
async fn an_order_goes_through_the_four_services() {
    let (outcome, calls) = with(None).await;
    let Outcome::Completed(shipment) = outcome else { panic!("{outcome:?}") };
    assert_eq!(shipment, Shipment { order: OrderId(1001), country: "Norway".to_owned() });
    assert_eq!(calls, ["create", "reserve", "charge", "ship"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_compensates_what_was_done_before_it_in_reverse_order() {
    let cases: [(_, _, &[_]); 4] = [
        ("create", OrderFlowStep::CreateOrder, &[]),
        ("reserve", OrderFlowStep::ReserveInventory, &["create", "cancel"]),
        ("charge", OrderFlowStep::ProcessPayment, &["create", "reserve", "release", "cancel"]),
        (
            "ship",
            OrderFlowStep::PrepareShipment,
            &["create", "reserve", "charge", "refund", "release", "cancel"],
        ),
    ];
    for (call, step, expected) in cases {
        let (outcome, calls) = with(Some((call, Trouble::Refused))).await;
        let Outcome::Compensated(failure) = outcome else { panic!("{call}: {outcome:?}") };
        assert_eq!((failure.step, failure.code.as_deref()), (Some(step), Some("Late")));
        assert_eq!(calls, expected, "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_done_is_tried_again() {
    for call in ["create", "reserve", "charge", "ship"] {
        let (outcome, calls) = with(Some((call, Trouble::NotDone))).await;
        assert!(matches!(outcome, Outcome::Completed(_)), "{call}: {outcome:?}");
        assert_eq!(calls, ["create", "reserve", "charge", "ship"], "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_step_in_doubt_is_called_again() {
    for (call, expected) in [
        ("create", ["create", "create", "reserve", "charge", "ship"]),
        ("reserve", ["create", "reserve", "reserve", "charge", "ship"]),
        ("ship", ["create", "reserve", "charge", "ship", "ship"]),
    ] {
        let (outcome, calls) = with(Some((call, Trouble::AnswerLost))).await;
        assert!(matches!(outcome, Outcome::Completed(_)), "{call}: {outcome:?}");
        assert_eq!(calls, expected, "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_charge_in_doubt_is_asked_for_and_never_made_twice() {
    let (outcome, calls) = with(Some(("charge", Trouble::AnswerLost))).await;
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(calls, ["create", "reserve", "charge", "find", "ship"]);

    let (outcome, calls) = with(Some(("charge", Trouble::RequestLost))).await;
    let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.step, Some(OrderFlowStep::ProcessPayment));
    assert_eq!(calls, ["create", "reserve", "find", "release", "cancel"]);
}

//! The README's order saga, errors and commands, as they are printed there; and what they rely on.

use std::sync::atomic::{AtomicBool, Ordering};

use sagas::prelude::*;
use serde::{Deserialize, Serialize};

pub struct OrderFlow { orders: Orders, inventory: Inventory, payments: Payments, shipments: Shipments }

#[saga]
impl OrderFlow {
    #[step(compensate = cancel_order, idempotent)]
    async fn create_order(&self, cx: &StepContext, input: &PlaceOrder) -> Result<OrderId, OrderError> {
        self.orders.create(cx.idempotency_key(), input).await
    }
    async fn cancel_order(&self, cx: &StepContext) -> Result<(), OrderError> {
        self.orders.cancel(cx.step_key()).await // finds the order by the key it was created under
    }

    #[step(output = reservation, compensate = release_inventory, idempotent, retry(attempts = 4), timeout = "2s")]
    async fn reserve_inventory(&self, cx: &StepContext, input: &PlaceOrder) -> Result<Reservation, StockError> {
        self.inventory.reserve(cx.idempotency_key(), &input.lines).await
    }
    async fn release_inventory(&self, reservation: &Reservation) -> Result<(), StockError> {
        self.inventory.release(reservation).await
    }

    #[step(output = payment, compensate = refund_payment, in_doubt = check(find_payment, after = "10s"))]
    async fn process_payment(&self, cx: &StepContext, input: &PlaceOrder) -> Result<Payment, PaymentError> {
        self.payments.charge(cx.idempotency_key(), input).await
    }
    async fn find_payment(&self, cx: &StepContext) -> Result<Checked<Payment>, PaymentError> {
        Ok(self.payments.find(cx.step_key()).await?.map_or(Checked::NotDone, Checked::Done))
    }
    async fn refund_payment(&self, payment: &Payment) -> Result<(), PaymentError> {
        self.payments.refund(payment).await
    }

    #[step(pivot, idempotent)]
    async fn prepare_shipment(&self, cx: &StepContext, reservation: &Reservation) -> Result<Shipment, ShipmentError> {
        self.shipments.prepare(cx.idempotency_key(), reservation).await
    }
}

#[derive(Debug, thiserror::Error, Fault)] // or implement Display by hand
enum PaymentError {
    #[error("the card was declined")] #[fault(rejected)] // refused, and asking again will not help
    Declined,
    #[error("the gateway is busy")] #[fault(not_done, retry_after = "5s")] // nothing was done, try again
    Busy,
    #[error("no answer from the gateway")] #[fault(in_doubt)] // it may have been done
    NoAnswer(#[source] std::io::Error),
}

type OrderError = StepError;
type StockError = StepError;
type ShipmentError = StepError;

#[derive(Debug, Serialize, Deserialize)]
pub struct PlaceOrder {
    lines: Vec<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct OrderId(String);

#[derive(Debug, Serialize, Deserialize)]
pub struct Reservation(Vec<u32>);

#[derive(Debug, Serialize, Deserialize)]
pub struct Payment(usize);

#[derive(Debug, Serialize, Deserialize)]
pub struct Shipment(usize);

struct Orders {
    is_cancelled: AtomicBool,
}

impl Orders {
    async fn create(&self, key: &str, _order: &PlaceOrder) -> Result<OrderId, OrderError> {
        Ok(OrderId(key.to_owned()))
    }

    async fn cancel(&self, _key: &str) -> Result<(), OrderError> {
        self.is_cancelled.store(true, Ordering::Relaxed);
        Ok(())
    }
}

struct Inventory;

impl Inventory {
    async fn reserve(&self, _key: &str, lines: &[u32]) -> Result<Reservation, StockError> {
        Ok(Reservation(lines.to_vec()))
    }

    async fn release(&self, _reservation: &Reservation) -> Result<(), StockError> {
        Ok(())
    }
}

struct Payments;

impl Payments {
    async fn charge(&self, _key: &str, order: &PlaceOrder) -> Result<Payment, PaymentError> {
        match order.lines.len() {
            0 => Err(PaymentError::Declined),
            1..=100 => Ok(Payment(order.lines.len())),
            101.. => Err(PaymentError::NoAnswer(std::io::ErrorKind::TimedOut.into())),
        }
    }

    async fn find(&self, _key: &str) -> Result<Option<Payment>, PaymentError> {
        Err(PaymentError::Busy)
    }

    async fn refund(&self, _payment: &Payment) -> Result<(), PaymentError> {
        Ok(())
    }
}

struct Shipments;

impl Shipments {
    async fn prepare(&self, _key: &str, reservation: &Reservation) -> Result<Shipment, ShipmentError> {
        Ok(Shipment(reservation.0.len()))
    }
}

/// Is compiled only: it would leave a file behind.
async fn run(
    (orders, inventory, payments, shipments): (Orders, Inventory, Payments, Shipments),
    place_order: PlaceOrder,
) -> Result<(), sagas::Error> {
    let orchestrator = Orchestrator::builder(SqliteStore::open("orders.db")?)
        .register(OrderFlow { orders, inventory, payments, shipments })
        .build().await?; // goes on with what a crash left unfinished
    let order = orchestrator.start::<OrderFlow>("order-10248", place_order).await?;
    match order.outcome().await? {
        Outcome::Completed(shipment) => println!("shipped: {shipment:?}"),
        Outcome::Compensated(failure) if failure.step == Some(OrderFlowStep::ProcessPayment) => println!("not paid"),
        Outcome::Compensated(failure) => println!("not possible: {failure}"),
        Outcome::Parked(parked) => println!("somebody must look: {parked}"),
    }

    let on_call = orchestrator.acting_as("mara");
    let stuck = || sagas::Filter::new().step("process_payment").reason(ParkReason::InDoubt);
    for parked in on_call.instances(stuck()).await?.items {
        println!("{}", on_call.inspect(parked.id).await?); // its attempts as a timeline, without payloads
    }
    let note = "the gateway is back".to_owned();
    on_call.resolve_all(stuck(), sagas::Resolution::Retry { note }).await?; // each once, and no more at a time than `max_running`
    Ok(())
}

#[tokio::test]
async fn nothing_is_lost() {
    sagas::testing::explore(|| { let shop = Shop::default(); (OrderFlow::over(&shop), shop) }, place_order())
        .check(|shop, outcome| match outcome {
            Outcome::Completed(_) => assert_eq!(shop.stock(), 7),
            Outcome::Compensated(_) => assert_eq!(shop.stock(), 10),
            Outcome::Parked(parked) => panic!("{parked}"),
        })
        .run()
        .await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let _ = run;
    let orders = Orders { is_cancelled: AtomicBool::new(false) };
    let flow = OrderFlow { orders, inventory: Inventory, payments: Payments, shipments: Shipments };

    let outcome = sagas::inline::run(&flow, PlaceOrder { lines: vec![7, 9] }).await;
    assert!(matches!(outcome, Outcome::Completed(Shipment(2))));
    assert!(!flow.orders.is_cancelled.load(Ordering::Relaxed));

    let outcome = sagas::inline::run(&flow, PlaceOrder { lines: vec![] }).await;
    let Outcome::Compensated(failure) = outcome else { unreachable!("the card was declined") };
    assert_eq!(failure.step, Some(OrderFlowStep::ProcessPayment));
    assert_eq!(failure.code.as_deref(), Some("Declined"));
    assert!(flow.orders.is_cancelled.load(Ordering::Relaxed));
}

//! The order saga: it expands without a warning, its steps stay callable, and its calls reach them.

#![deny(warnings)]

use sagas::__private::{Call, CallEnd, Encoding, Memory, Role};
use sagas::{Checked, Failure, Saga, StepContext, StepError, saga};
use serde::{Deserialize, Serialize};

/// What is ordered.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PlaceOrder {
    /// The caller's own key.
    id: String,
}

/// The order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OrderId(String);

/// What is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Reservation(u32);

/// What was charged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Payment(u32);

/// What is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Shipment(u32);

/// Four steps, each of another kind of doubt.
#[derive(Debug)]
struct OrderFlow;

#[saga]
impl OrderFlow {
    /// Creates the order.
    #[step(compensate = cancel_order, idempotent)]
    pub(crate) async fn create_order(&self, input: &PlaceOrder) -> Result<OrderId, StepError> {
        Ok(OrderId(input.id.clone()))
    }

    async fn cancel_order(&self, input: &PlaceOrder, failure: &Failure) -> Result<(), StepError> {
        let _ = (input, failure);
        Ok(())
    }

    #[step(output = reservation, compensate = release_inventory, idempotent, retry(attempts = 4, initial = "50ms"), timeout = "2s")]
    async fn reserve_inventory(&self, _input: &PlaceOrder, create_order: &OrderId) -> Result<Reservation, StepError> {
        u32::try_from(create_order.0.len()).map(Reservation).map_err(Into::into)
    }

    async fn release_inventory(&self, reservation: &Reservation) -> Result<(), StepError> {
        assert_eq!(reservation.0, 2);
        Ok(())
    }

    #[step(output = payment, compensate = refund_payment, in_doubt = check(find_payment, after = "10s"))]
    async fn process_payment(&self, cx: &StepContext, _input: &PlaceOrder) -> Result<Payment, StepError> {
        Ok(Payment(cx.attempt()))
    }

    async fn find_payment(&self, cx: &StepContext) -> Result<Checked<Payment>, StepError> {
        Ok(Checked::Done(Payment(cx.attempt())))
    }

    #[policy(retry(attempts = unlimited, max = "2m"))]
    async fn refund_payment(&self, _cx: &StepContext, payment: Option<&Payment>) -> Result<(), StepError> {
        payment.map(|_| ()).ok_or_else(|| StepError::in_doubt("none"))
    }

    #[step(pivot, idempotent)]
    async fn prepare_shipment(
        &self,
        _input: &PlaceOrder,
        reservation: &Reservation,
        payment: &Payment,
    ) -> Result<Shipment, StepError> {
        Ok(Shipment(reservation.0 + payment.0))
    }

    /// An ordinary method.
    pub(crate) fn describe(&self) -> &'static str {
        "orders"
    }
}

fn end(flow: &OrderFlow, memory: &Memory<OrderFlow>, step: usize, role: Role) -> CallEnd {
    let cx = StepContext::detached("ab", "step");
    let call = Call { step, role, cx: &cx, failure: None, encoding: Encoding::Nothing };
    now(flow.call(call, memory))
}

/// Whether a call was not made, since the value of `what` is not there.
fn is_missing(end: CallEnd, what: &str) -> bool {
    matches!(end, CallEnd::Failed(fault) if fault.message.contains(&format!("`{what}`")))
}

/// Runs a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("it waits"),
    }
}

fn main() {
    let flow = OrderFlow;
    assert_eq!(flow.describe(), "orders");
    let input = PlaceOrder { id: "ab".to_owned() };
    assert!(now(flow.create_order(&input)).is_ok_and(|id| id == OrderId("ab".to_owned())));

    let memory = Memory::<OrderFlow>::new(input);
    assert!(is_missing(end(&flow, &memory, 1, Role::Step), "create_order"));
    assert!(matches!(end(&flow, &memory, 0, Role::Step), CallEnd::Succeeded(_)));
    assert!(is_missing(end(&flow, &memory, 0, Role::Compensation), "failure"));
    assert!(is_missing(end(&flow, &memory, 1, Role::Compensation), "reservation"));
    assert!(matches!(end(&flow, &memory, 1, Role::Step), CallEnd::Succeeded(_)));
    assert!(matches!(end(&flow, &memory, 1, Role::Compensation), CallEnd::Succeeded(_)));
    assert!(matches!(end(&flow, &memory, 2, Role::Compensation), CallEnd::Failed(_)), "it takes `None`");
    assert!(matches!(end(&flow, &memory, 2, Role::Check), CallEnd::Succeeded(_)));
    assert!(matches!(end(&flow, &memory, 2, Role::Compensation), CallEnd::Succeeded(_)));
    assert!(matches!(end(&flow, &memory, 3, Role::Step), CallEnd::Succeeded(_)));
    assert!(is_missing(end(&flow, &memory, 3, Role::Check), "a method of this step"));
    assert_eq!(OrderFlow::output(memory.outputs), Some(Shipment(3)));

    // What was journalled is read back into the slots, and later steps take it from there.
    let memory = Memory::<OrderFlow>::new(PlaceOrder { id: "ab".to_owned() });
    let restore = |step, json: &str| {
        let value = serde_json::value::RawValue::from_string(json.to_owned()).map_err(|error| error.to_string())?;
        let payload = sagas::journal::Payload::json(value);
        OrderFlow::slot(&memory.outputs, step).map_or(Err("no slot".to_owned()), |slot| slot.restore(&payload))
    };
    assert_eq!(restore(1, "40"), Ok(()));
    assert_eq!(restore(2, "2"), Ok(()));
    assert!(restore(3, "\"text\"").is_err_and(|text| text.contains("Shipment") && !text.contains("text")));
    assert!(restore(4, "1").is_err());
    assert!(matches!(end(&flow, &memory, 3, Role::Step), CallEnd::Succeeded(_)));
    assert_eq!(OrderFlow::output(memory.outputs), Some(Shipment(42)));

    let names: Vec<_> = OrderFlowStep::ALL.iter().map(|step| step.to_string()).collect();
    assert_eq!(names, ["create_order", "reserve_inventory", "process_payment", "prepare_shipment"]);
    assert_eq!(OrderFlowStep::ProcessPayment.name(), "process_payment");
    assert_eq!(<OrderFlow as Saga>::definition().name().as_ref(), "order-flow");
}

//! The saga: an order is created, its units are reserved, the customer is charged, the parcel is shipped; or
//! whatever of it was done is compensated.

use sagas::prelude::*;

use crate::order::{OrderId, PlaceOrder};
use crate::services::inventory::{Inventory, InventoryError, Reservation};
use crate::services::orders::{OrderError, Orders};
use crate::services::payments::{Payment, PaymentError, Payments};
use crate::services::shipments::{Shipment, ShipmentError, Shipments};

/// The services that an order needs.
#[derive(Debug)]
pub(crate) struct OrderFlow<O, I, P, S> {
    pub(crate) orders: O,
    pub(crate) inventory: I,
    pub(crate) payments: P,
    pub(crate) shipments: S,
}

#[saga]
impl<O: Orders, I: Inventory, P: Payments, S: Shipments> OrderFlow<O, I, P, S> {
    #[step(compensate = cancel_order, idempotent)]
    async fn create_order(&self, cx: &StepContext, input: &PlaceOrder) -> Result<OrderId, OrderError> {
        self.orders.create(cx.idempotency_key(), input).await
    }

    /// Needs no output of `create_order`: the service knows the order by the key of the call that made it.
    async fn cancel_order(&self, cx: &StepContext) -> Result<(), OrderError> {
        self.orders.cancel(cx.step_key()).await
    }

    #[step(
        output = reservation,
        compensate = release_inventory,
        idempotent,
        retry(attempts = 4, initial = "50ms"),
        timeout = "2s"
    )]
    async fn reserve_inventory(
        &self,
        cx: &StepContext,
        input: &PlaceOrder,
        create_order: &OrderId,
    ) -> Result<Reservation, InventoryError> {
        self.inventory.reserve(cx.idempotency_key(), *create_order, input.units()).await
    }

    /// Can rely on a reservation: `reserve_inventory` is idempotent, so if its outcome is in doubt it is called
    /// again until it is known.
    async fn release_inventory(&self, reservation: &Reservation) -> Result<(), InventoryError> {
        self.inventory.release(&reservation.key).await
    }

    /// Is treated as not idempotent, like many a gateway: when its outcome is in doubt, nobody charges again,
    /// `find_payment` asks.
    #[step(output = payment, compensate = refund_payment, in_doubt = check(find_payment))]
    async fn process_payment(
        &self,
        cx: &StepContext,
        input: &PlaceOrder,
        create_order: &OrderId,
    ) -> Result<Payment, PaymentError> {
        self.payments.charge(cx.idempotency_key(), *create_order, &input.customer, input.total()?).await
    }

    async fn find_payment(&self, cx: &StepContext) -> Result<Checked<Payment>, PaymentError> {
        Ok(match self.payments.find(cx.step_key()).await? {
            Some(payment) => Checked::Done(payment),
            None => Checked::NotDone,
        })
    }

    async fn refund_payment(&self, payment: &Payment) -> Result<(), PaymentError> {
        self.payments.refund(&payment.key).await
    }

    /// What the carrier has taken over cannot be called back, so nothing that can be refused comes later.
    #[step(pivot, idempotent)]
    async fn prepare_shipment(
        &self,
        cx: &StepContext,
        input: &PlaceOrder,
        reservation: &Reservation,
        _payment: &Payment,
    ) -> Result<Shipment, ShipmentError> {
        let units = reservation.units.clone();
        self.shipments.prepare(cx.idempotency_key(), input.order, &input.country, units).await
    }
}

#[cfg(test)]
mod tests;

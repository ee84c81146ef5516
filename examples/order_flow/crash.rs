//! `--crash-after`: a process that dies at the worst moment.

use std::io::{self, IsTerminal};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::money::Cents;
use crate::order::{OrderId, PlaceOrder, Units};
use crate::services::inventory::{Inventory, InventoryError, Reservation};
use crate::services::orders::{OrderError, Orders};
use crate::services::payments::{Payment, PaymentError, Payments};
use crate::services::shipments::{Shipment, ShipmentError, Shipments};

/// A number of orders after which the process aborts: between the moment when a service has done what it was
/// asked for and the moment when the orchestrator hears of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CrashPlan {
    after: Option<u64>,
    finished: Arc<AtomicU64>,
}

impl CrashPlan {
    /// Aborts once `after` orders were started and finished by this process; without a number, never.
    pub(crate) fn new(after: Option<u64>) -> Self {
        Self { after, finished: Arc::default() }
    }

    /// Counts an order that is finished.
    pub(crate) fn order_finished(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    /// A service that dies as planned.
    pub(crate) fn wrap<S>(&self, service: S) -> Crashing<S> {
        Crashing { service, plan: self.clone() }
    }

    fn pass(&self, call: &str) {
        let finished = self.finished.load(Ordering::Relaxed);
        if self.after.is_some_and(|after| finished >= after) {
            // A progress bar leaves the cursor at its end.
            let line = if io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
            eprintln!(
                "{line}aborting after {finished} orders: {call} is done, and the orchestrator does not know it yet"
            );
            process::abort();
        }
    }
}

/// A service whose answers may find nobody alive.
#[derive(Debug)]
pub(crate) struct Crashing<S> {
    service: S,
    plan: CrashPlan,
}

impl<S> Crashing<S> {
    async fn pass<T>(&self, call: &str, answer: impl Future<Output = T>) -> T {
        let answer = answer.await;
        self.plan.pass(call);
        answer
    }
}

impl<S: Orders> Orders for Crashing<S> {
    async fn create(&self, key: &str, order: &PlaceOrder) -> Result<OrderId, OrderError> {
        self.pass(key, self.service.create(key, order)).await
    }

    async fn cancel(&self, key: &str) -> Result<(), OrderError> {
        self.pass(&compensation(key), self.service.cancel(key)).await
    }
}

impl<S: Inventory> Inventory for Crashing<S> {
    async fn reserve(&self, key: &str, order: OrderId, units: Units) -> Result<Reservation, InventoryError> {
        self.pass(key, self.service.reserve(key, order, units)).await
    }

    async fn release(&self, key: &str) -> Result<(), InventoryError> {
        self.pass(&compensation(key), self.service.release(key)).await
    }
}

impl<S: Payments> Payments for Crashing<S> {
    async fn charge(
        &self,
        key: &str,
        order: OrderId,
        customer: &str,
        amount: Cents,
    ) -> Result<Payment, PaymentError> {
        self.pass(key, self.service.charge(key, order, customer, amount)).await
    }

    async fn find(&self, key: &str) -> Result<Option<Payment>, PaymentError> {
        self.service.find(key).await
    }

    async fn refund(&self, key: &str) -> Result<(), PaymentError> {
        self.pass(&compensation(key), self.service.refund(key)).await
    }
}

impl<S: Shipments> Shipments for Crashing<S> {
    async fn prepare(
        &self,
        key: &str,
        order: OrderId,
        country: &str,
        units: Units,
    ) -> Result<Shipment, ShipmentError> {
        self.pass(key, self.service.prepare(key, order, country, units)).await
    }
}

fn compensation(key: &str) -> String {
    format!("the compensation of {key}")
}

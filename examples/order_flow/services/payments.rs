//! The payments service: what customers were charged, and what they were refunded.

use std::path::Path;

use rusqlite::{Connection, params};
use sagas::prelude::*;
use serde::{Deserialize, Serialize};

use super::database::{Database, ServiceError};
use super::{Late, barrier};
use crate::money::{Cents, Overflow};
use crate::order::OrderId;

/// What the order flow needs of the payments service.
pub(crate) trait Payments: Send + Sync + 'static {
    /// Charges the customer, unless the amount exceeds the credit limit.
    fn charge(
        &self,
        key: &str,
        order: OrderId,
        customer: &str,
        amount: Cents,
    ) -> impl Future<Output = Result<Payment, PaymentError>> + Send;

    /// The charge that was made under `key`. If there is none, none will be made any more.
    fn find(&self, key: &str) -> impl Future<Output = Result<Option<Payment>, PaymentError>> + Send;

    /// Refunds what was charged under `key`, if anything was.
    fn refund(&self, key: &str) -> impl Future<Output = Result<(), PaymentError>> + Send;
}

/// A charge that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payment {
    /// The key it was made under.
    pub(crate) key: String,
    pub(crate) amount: Cents,
}

/// Why nothing was charged.
#[derive(Debug, Serialize, Deserialize, thiserror::Error, Fault)]
pub(crate) enum PaymentError {
    #[error("{amount} exceeds the credit limit of {limit}")]
    #[fault(rejected)]
    OverLimit { amount: Cents, limit: Cents },
    #[error(transparent)]
    #[fault(rejected)]
    #[serde(skip)]
    NoAmount(#[from] Overflow),
    #[error(transparent)]
    #[fault(rejected)]
    Late(#[from] Late),
    #[error(transparent)]
    #[fault(transparent)]
    #[serde(skip)]
    Service(#[from] ServiceError),
}

/// The service with a database of its own.
#[derive(Debug)]
pub(crate) struct CardGateway {
    database: Database,
    credit_limit: Cents,
}

impl CardGateway {
    /// Opens the service's database. No charge may exceed `credit_limit`.
    pub(crate) fn open(path: &Path, credit_limit: Cents) -> rusqlite::Result<Self> {
        Ok(Self { database: Database::open(path, prepare)?, credit_limit })
    }
}

impl Payments for CardGateway {
    async fn charge(
        &self,
        key: &str,
        order: OrderId,
        customer: &str,
        amount: Cents,
    ) -> Result<Payment, PaymentError> {
        let (key, customer, limit) = (key.to_owned(), customer.to_owned(), self.credit_limit);
        let charge = move |connection: &Connection| {
            barrier::once(connection, &key, || {
                if amount > limit {
                    return Ok(Err(PaymentError::OverLimit { amount, limit }));
                }
                connection.execute(
                    "INSERT INTO charges VALUES (?1, ?2, ?3, ?4)",
                    params![order.0, key, customer, amount.0],
                )?;
                Ok(Ok(Payment { key: key.clone(), amount }))
            })
        };
        self.database.call(charge).await?
    }

    async fn find(&self, key: &str) -> Result<Option<Payment>, PaymentError> {
        let key = key.to_owned();
        Ok(self.database.call(move |connection| barrier::check(connection, &key)).await?)
    }

    async fn refund(&self, key: &str) -> Result<(), PaymentError> {
        let key = key.to_owned();
        let refund = move |connection: &Connection| {
            barrier::compensate(connection, &key, || {
                let refund = "INSERT INTO refunds SELECT order_id, amount_cents FROM charges WHERE key = ?1";
                connection.execute(refund, [&key]).map(drop)
            })
        };
        Ok(self.database.call(refund).await?)
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE charges (
            order_id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            customer_id TEXT NOT NULL,
            amount_cents INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE refunds (
            order_id INTEGER PRIMARY KEY REFERENCES charges,
            amount_cents INTEGER NOT NULL
        ) STRICT;",
    )
}

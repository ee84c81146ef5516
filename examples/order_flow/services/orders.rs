//! The orders service: the catalogue and the orders that were placed.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use sagas::prelude::*;
use serde::{Deserialize, Serialize};

use super::database::{Database, ServiceError};
use super::{Late, barrier};
use crate::data::Product;
use crate::order::{OrderId, PlaceOrder, ProductId};

/// What the order flow needs of the orders service.
pub(crate) trait Orders: Send + Sync + 'static {
    /// Records the order, unless one of its products is not sold.
    fn create(
        &self,
        key: &str,
        order: &PlaceOrder,
    ) -> impl Future<Output = Result<OrderId, OrderError>> + Send;

    /// Cancels the order that was created under `key`, if any was.
    fn cancel(&self, key: &str) -> impl Future<Output = Result<(), OrderError>> + Send;
}

/// Why an order was not created.
#[derive(Debug, Serialize, Deserialize, thiserror::Error, Fault)]
pub(crate) enum OrderError {
    #[error("product {0} is not in the catalogue")]
    #[fault(rejected)]
    UnknownProduct(ProductId),
    #[error("product {0} is discontinued")]
    #[fault(rejected)]
    Discontinued(ProductId),
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
pub(crate) struct OrderBook {
    database: Database,
}

impl OrderBook {
    /// Opens the service's database; a new one gets the catalogue.
    pub(crate) fn open(path: &Path, catalogue: &[Product]) -> rusqlite::Result<Self> {
        let database = Database::open(path, |connection| prepare(connection, catalogue))?;
        Ok(Self { database })
    }
}

impl Orders for OrderBook {
    async fn create(&self, key: &str, order: &PlaceOrder) -> Result<OrderId, OrderError> {
        let (key, order) = (key.to_owned(), order.clone());
        self.database
            .call(move |connection| barrier::once(connection, &key, || create(connection, &key, &order)))
            .await?
    }

    async fn cancel(&self, key: &str) -> Result<(), OrderError> {
        let key = key.to_owned();
        let cancel = move |connection: &Connection| {
            barrier::compensate(connection, &key, || {
                connection.execute("UPDATE orders SET state = 'cancelled' WHERE key = ?1", [&key]).map(drop)
            })
        };
        Ok(self.database.call(cancel).await?)
    }
}

fn prepare(connection: &Connection, catalogue: &[Product]) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE products (
            product_id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            unit_price TEXT NOT NULL,
            discontinued INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE orders (
            order_id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            customer_id TEXT NOT NULL,
            order_date TEXT NOT NULL,
            ship_country TEXT NOT NULL,
            freight TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('placed', 'cancelled'))
        ) STRICT;
        CREATE TABLE order_lines (
            order_id INTEGER NOT NULL REFERENCES orders,
            line INTEGER NOT NULL,
            product_id INTEGER NOT NULL REFERENCES products,
            unit_price TEXT NOT NULL,
            quantity INTEGER NOT NULL,
            discount TEXT NOT NULL,
            PRIMARY KEY (order_id, line)
        ) WITHOUT ROWID, STRICT;",
    )?;
    let mut insert = connection.prepare("INSERT INTO products VALUES (?1, ?2, ?3, ?4)")?;
    for product in catalogue {
        let price = product.unit_price.to_string();
        insert.execute(params![product.id.0, product.name, price, product.discontinued])?;
    }
    Ok(())
}

fn create(
    connection: &Connection,
    key: &str,
    order: &PlaceOrder,
) -> rusqlite::Result<Result<OrderId, OrderError>> {
    let mut sold = connection.prepare("SELECT discontinued FROM products WHERE product_id = ?1")?;
    for line in &order.lines {
        match sold.query_row([line.product.0], |row| row.get(0)).optional()? {
            Some(false) => {}
            Some(true) => return Ok(Err(OrderError::Discontinued(line.product))),
            None => return Ok(Err(OrderError::UnknownProduct(line.product))),
        }
    }
    let PlaceOrder { order: id, customer, date, country, freight, lines } = order;
    connection.execute(
        "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'placed')",
        params![id.0, key, customer, date, country, freight.to_string()],
    )?;
    let mut insert = connection.prepare("INSERT INTO order_lines VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (number, line) in (1_u32..).zip(lines) {
        let (price, discount) = (line.unit_price.to_string(), line.discount.to_string());
        insert.execute(params![id.0, number, line.product.0, price, line.quantity, discount])?;
    }
    Ok(Ok(*id))
}

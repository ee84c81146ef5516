//! The inventory service: the stock and what is reserved of it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use sagas::prelude::*;
use serde::{Deserialize, Serialize};

use super::database::{Database, ServiceError};
use super::{Late, barrier};
use crate::data::Product;
use crate::order::{OrderId, ProductId, Units};

/// What the order flow needs of the inventory service.
pub(crate) trait Inventory: Send + Sync + 'static {
    /// Takes the units out of the stock: all of them, or none if one product has too few.
    fn reserve(
        &self,
        key: &str,
        order: OrderId,
        units: Units,
    ) -> impl Future<Output = Result<Reservation, InventoryError>> + Send;

    /// Puts what was reserved under `key` back into the stock, if anything was.
    fn release(&self, key: &str) -> impl Future<Output = Result<(), InventoryError>> + Send;
}

/// Units that are kept for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reservation {
    /// The key it was made under.
    pub(crate) key: String,
    pub(crate) units: Units,
}

/// Why nothing was reserved.
#[derive(Debug, Serialize, Deserialize, thiserror::Error, Fault)]
pub(crate) enum InventoryError {
    #[error("product {product} has {in_stock} units in stock, the order needs {needed}")]
    #[fault(rejected)]
    OutOfStock { product: ProductId, in_stock: i64, needed: i64 },
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
pub(crate) struct Warehouse {
    database: Database,
}

impl Warehouse {
    /// Opens the service's database; a new one gets the stock that `products` begin with.
    pub(crate) fn open(path: &Path, products: &[Product]) -> rusqlite::Result<Self> {
        let database = Database::open(path, |connection| prepare(connection, products))?;
        Ok(Self { database })
    }
}

impl Inventory for Warehouse {
    async fn reserve(&self, key: &str, order: OrderId, units: Units) -> Result<Reservation, InventoryError> {
        let key = key.to_owned();
        self.database
            .call(move |connection| {
                barrier::once(connection, &key, || reserve(connection, &key, order, units))
            })
            .await?
    }

    async fn release(&self, key: &str) -> Result<(), InventoryError> {
        let key = key.to_owned();
        let release = move |connection: &Connection| {
            barrier::compensate(connection, &key, || release(connection, &key))
        };
        Ok(self.database.call(release).await?)
    }
}

fn prepare(connection: &Connection, products: &[Product]) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE stock (
            product_id INTEGER PRIMARY KEY,
            units_at_start INTEGER NOT NULL,
            units INTEGER NOT NULL CHECK (units >= 0)
        ) STRICT;
        CREATE TABLE reservations (
            order_id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL CHECK (state IN ('held', 'released'))
        ) STRICT;
        CREATE TABLE reserved_units (
            order_id INTEGER NOT NULL REFERENCES reservations,
            product_id INTEGER NOT NULL REFERENCES stock,
            units INTEGER NOT NULL,
            PRIMARY KEY (order_id, product_id)
        ) WITHOUT ROWID, STRICT;",
    )?;
    let mut insert = connection.prepare("INSERT INTO stock VALUES (?1, ?2, ?2)")?;
    for product in products {
        insert.execute(params![product.id.0, product.stock])?;
    }
    Ok(())
}

fn reserve(
    connection: &Connection,
    key: &str,
    order: OrderId,
    units: Units,
) -> rusqlite::Result<Result<Reservation, InventoryError>> {
    let mut in_stock = connection.prepare("SELECT units FROM stock WHERE product_id = ?1")?;
    for (&product, &needed) in &units {
        let in_stock = in_stock.query_row([product.0], |row| row.get(0)).optional()?.unwrap_or(0);
        if needed > in_stock {
            return Ok(Err(InventoryError::OutOfStock { product, in_stock, needed }));
        }
    }
    connection.execute("INSERT INTO reservations VALUES (?1, ?2, 'held')", params![order.0, key])?;
    let mut insert = connection.prepare("INSERT INTO reserved_units VALUES (?1, ?2, ?3)")?;
    let mut take = connection.prepare("UPDATE stock SET units = units - ?2 WHERE product_id = ?1")?;
    for (product, needed) in &units {
        insert.execute(params![order.0, product.0, needed])?;
        take.execute(params![product.0, needed])?;
    }
    Ok(Ok(Reservation { key: key.to_owned(), units }))
}

fn release(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE stock SET units = stock.units + reserved_units.units
         FROM reserved_units JOIN reservations USING (order_id)
         WHERE stock.product_id = reserved_units.product_id AND reservations.key = ?1",
        [key],
    )?;
    connection.execute("UPDATE reservations SET state = 'released' WHERE key = ?1", [key])?;
    Ok(())
}

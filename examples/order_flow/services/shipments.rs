//! The shipments service: what leaves the house.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, params};
use sagas::prelude::*;
use serde::{Deserialize, Serialize};

use super::database::{Database, ServiceError};
use super::{Late, barrier};
use crate::order::{OrderId, Units};

/// What the order flow needs of the shipments service.
pub(crate) trait Shipments: Send + Sync + 'static {
    /// Hands the units to the carrier, unless it does not serve the country. They cannot be called back.
    fn prepare(
        &self,
        key: &str,
        order: OrderId,
        country: &str,
        units: Units,
    ) -> impl Future<Output = Result<Shipment, ShipmentError>> + Send;
}

/// A shipment that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shipment {
    pub(crate) order: OrderId,
    pub(crate) country: String,
}

/// Why nothing was shipped.
#[derive(Debug, Serialize, Deserialize, thiserror::Error, Fault)]
pub(crate) enum ShipmentError {
    #[error("nothing is shipped to {country}")]
    #[fault(rejected)]
    NotServed { country: String },
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
pub(crate) struct Carrier {
    database: Database,
    not_served: BTreeSet<String>,
}

impl Carrier {
    /// Opens the service's database. Nothing is shipped to the countries `not_served`.
    pub(crate) fn open(path: &Path, not_served: BTreeSet<String>) -> rusqlite::Result<Self> {
        Ok(Self { database: Database::open(path, prepare)?, not_served })
    }
}

impl Shipments for Carrier {
    async fn prepare(
        &self,
        key: &str,
        order: OrderId,
        country: &str,
        units: Units,
    ) -> Result<Shipment, ShipmentError> {
        let (key, country) = (key.to_owned(), country.to_owned());
        let served = !self.not_served.contains(&country);
        let ship = move |connection: &Connection| {
            barrier::once(connection, &key, || {
                if served {
                    ship(connection, &key, order, country, &units).map(Ok)
                } else {
                    Ok(Err(ShipmentError::NotServed { country }))
                }
            })
        };
        self.database.call(ship).await?
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE shipments (
            order_id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            country TEXT NOT NULL
        ) STRICT;
        CREATE TABLE shipped_units (
            order_id INTEGER NOT NULL REFERENCES shipments,
            product_id INTEGER NOT NULL,
            units INTEGER NOT NULL,
            PRIMARY KEY (order_id, product_id)
        ) WITHOUT ROWID, STRICT;",
    )
}

fn ship(
    connection: &Connection,
    key: &str,
    order: OrderId,
    country: String,
    units: &Units,
) -> rusqlite::Result<Shipment> {
    connection.execute("INSERT INTO shipments VALUES (?1, ?2, ?3)", params![order.0, key, country])?;
    let mut insert = connection.prepare("INSERT INTO shipped_units VALUES (?1, ?2, ?3)")?;
    for (product, units) in units {
        insert.execute(params![order.0, product.0, units])?;
    }
    Ok(Shipment { order, country })
}

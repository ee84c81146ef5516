//! The audit: do the books of the four services agree with each other, with the data and with the outcomes?
//!
//! It reads the databases behind the services' backs, all four in one connection, and believes nothing that
//! the program remembers except how each order ended.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::data::Data;
use crate::folder::Folder;
use crate::money::{Cents, Overflow};
use crate::order::ProductId;
use crate::run::{Ending, Results};

/// What the books say.
#[derive(Debug)]
pub(crate) struct Audit {
    pub(crate) checks: Vec<Check>,
    /// What was charged for completed orders and not refunded.
    pub(crate) revenue: Cents,
    pub(crate) units_shipped: i64,
    /// The stock that is left.
    pub(crate) stock: BTreeMap<ProductId, i64>,
}

/// A rule of the books, and what breaks it.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) rule: &'static str,
    pub(crate) findings: Vec<String>,
}

/// The books could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    #[error("cannot read the services' databases")]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Total(#[from] Overflow),
}

impl Audit {
    /// Audits the databases in `folder`.
    pub(crate) fn of(folder: &Folder, data: &Data, results: &Results) -> Result<Self, AuditError> {
        let books = open(folder)?;
        books.execute_batch(include_str!("audit/expected.sql"))?;
        expect(&books, data, results)?;
        books.pragma_update(None, "query_only", true)?;
        let mut checks = Vec::new();
        for (rule, query) in RULES {
            let findings =
                books.prepare(query)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            checks.push(Check { rule, findings });
        }
        let stock = books
            .prepare("SELECT product_id, units FROM inventory.stock")?
            .query_map([], |row| Ok((ProductId(row.get(0)?), row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let number = |query| books.query_row(query, [], |row| row.get(0));
        let revenue = "SELECT coalesce(sum(paid), 0) FROM standing WHERE ending = 'completed'";
        let shipped = "SELECT coalesce(sum(units), 0) FROM shipments.shipped_units";
        Ok(Self { checks, stock, revenue: Cents(number(revenue)?), units_shipped: number(shipped)? })
    }

    /// Whether no rule is broken.
    pub(crate) fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.findings.is_empty())
    }
}

/// The rules, each with the query that finds what breaks it.
const RULES: [(&str, &str); 6] = [
    ("the catalogue and the stock at the start are those of the data", include_str!("audit/start.sql")),
    ("stock at the start = stock now + shipped + held by parked orders", include_str!("audit/stock.sql")),
    ("charges - refunds = totals of the completed orders", include_str!("audit/completed.sql")),
    ("nothing is left of a compensated order", include_str!("audit/compensated.sql")),
    ("all books say what the customers ordered", include_str!("audit/ordered.sql")),
    ("every call is remembered as it ended", include_str!("audit/calls.sql")),
];

fn open(folder: &Folder) -> rusqlite::Result<Connection> {
    let books = Connection::open_in_memory()?;
    for (name, path) in [
        ("orders", folder.orders()),
        ("inventory", folder.inventory()),
        ("payments", folder.payments()),
        ("shipments", folder.shipments()),
    ] {
        let path = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.clone()))?;
        books.execute(&format!("ATTACH ?1 AS {name}"), [path])?;
    }
    Ok(books)
}

/// Writes down what was ordered and how it ended.
fn expect(books: &Connection, data: &Data, results: &Results) -> Result<(), AuditError> {
    let mut product = books.prepare("INSERT INTO expected_products VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for entry in &data.products {
        let price = entry.unit_price.to_string();
        product.execute(params![entry.id.0, entry.name, price, entry.stock, entry.discontinued])?;
    }
    let mut order = books.prepare("INSERT INTO expected_orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let mut line = books.prepare("INSERT INTO expected_lines VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for entry in &data.orders {
        let ending = match results.endings.get(&entry.order) {
            Some(Ending::Completed) => "completed",
            Some(Ending::Refused(_)) => "compensated",
            Some(Ending::Parked(_)) | None => "parked",
        };
        order.execute(params![
            entry.order.0,
            ending,
            entry.customer,
            entry.date,
            entry.country,
            entry.freight.to_string(),
            entry.total()?.0,
        ])?;
        for (number, entry_line) in (1_u32..).zip(&entry.lines) {
            line.execute(params![
                entry.order.0,
                number,
                entry_line.product.0,
                entry_line.unit_price.to_string(),
                entry_line.quantity,
                entry_line.discount.to_string(),
            ])?;
        }
    }
    Ok(())
}

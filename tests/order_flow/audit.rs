//! The audit finds a single altered row, whichever it is.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::program::order_flow;

const OPTIONS: &str = "--concurrency 1 --no-ship Kenya --json";

/// A folder whose run is over and whose books are in order.
static FINISHED: LazyLock<TempDir> = LazyLock::new(|| {
    let db = tempfile::tempdir().unwrap();
    order_flow(db.path(), OPTIONS).result();
    db
});

/// Makes one change to a database of a finished run, and sees the audit name the broken rule.
fn finds(database: &str, change: &str, rule: &str) {
    let db = tempfile::tempdir().unwrap();
    copy(FINISHED.path(), db.path());
    let connection = Connection::open(db.path().join(database).with_extension("db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    assert_eq!(connection.execute(change, []).unwrap(), 1, "{change} alters one row");
    drop(connection);
    let run = order_flow(db.path(), OPTIONS);
    assert_eq!(run.code, Some(1), "{change}: {run:#?}");
    assert!(run.stdout.contains("\"audit\":\"failed\""), "{change}: {run:#?}");
    assert!(run.stderr.contains(&format!("✗ {rule}")), "{change}: {run:#?}");
}

fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

const START: &str = "the catalogue and the stock at the start";
const STOCK: &str = "stock at the start = stock now + shipped";
const TOTALS: &str = "charges - refunds = totals of the completed orders";
const NOTHING_LEFT: &str = "nothing is left of a compensated order";
const ORDERED: &str = "all books say what the customers ordered";
const CALLS: &str = "every call is remembered as it ended";

#[test]
fn an_altered_row_of_the_orders_is_found() {
    let a = "WHERE order_id = (SELECT min(order_id) FROM orders WHERE state = 'placed')";
    finds("orders", &format!("UPDATE orders SET state = 'cancelled' {a}"), TOTALS);
    let c = "WHERE order_id = (SELECT min(order_id) FROM orders WHERE state = 'cancelled')";
    finds("orders", &format!("UPDATE orders SET state = 'placed' {c}"), NOTHING_LEFT);
    finds("orders", &format!("UPDATE orders SET freight = '0.01' {a}"), ORDERED);
    finds("orders", &format!("UPDATE orders SET key = 'x' {a}"), CALLS);
    finds("orders", &format!("DELETE FROM orders {a}"), TOTALS);
    finds("orders", &format!("UPDATE order_lines SET quantity = quantity + 1 {a} AND line = 1"), ORDERED);
    finds("orders", &format!("DELETE FROM order_lines {a} AND line = 1"), ORDERED);
    finds("orders", "UPDATE products SET discontinued = 1 WHERE product_id = 1", START);
    finds("orders", "INSERT INTO products VALUES (99, 'Lamp', '1', 0)", START);
}

#[test]
fn an_altered_row_of_the_inventory_is_found() {
    finds("inventory", "UPDATE stock SET units = units + 1 WHERE product_id = 1", STOCK);
    finds("inventory", "UPDATE stock SET units_at_start = units_at_start - 1 WHERE product_id = 10", START);
    finds("inventory", "DELETE FROM stock WHERE product_id = 12", START);
    let a = "WHERE order_id = (SELECT min(order_id) FROM reservations WHERE state = 'held')";
    finds("inventory", &format!("UPDATE reservations SET state = 'released' {a}"), TOTALS);
    let r = "WHERE order_id = (SELECT min(order_id) FROM reservations WHERE state = 'released')";
    finds("inventory", &format!("UPDATE reservations SET state = 'held' {r}"), NOTHING_LEFT);
    let one = format!("{a} AND product_id = (SELECT min(product_id) FROM reserved_units AS u {a})");
    finds("inventory", &format!("UPDATE reserved_units SET units = units + 1 {one}"), ORDERED);
    finds("inventory", &format!("DELETE FROM reserved_units {one}"), ORDERED);
}

#[test]
fn an_altered_row_of_the_payments_is_found() {
    let a = "WHERE order_id = (SELECT min(order_id) FROM charges WHERE order_id NOT IN (SELECT order_id FROM refunds))";
    finds("payments", &format!("UPDATE charges SET amount_cents = amount_cents + 1 {a}"), TOTALS);
    finds("payments", &format!("UPDATE charges SET customer_id = 'NOBODY' {a}"), ORDERED);
    finds("payments", &format!("DELETE FROM charges {a}"), TOTALS);
    let r = "WHERE order_id = (SELECT min(order_id) FROM refunds)";
    finds("payments", &format!("DELETE FROM refunds {r}"), NOTHING_LEFT);
    finds("payments", &format!("UPDATE refunds SET amount_cents = amount_cents - 1 {r}"), NOTHING_LEFT);
    finds("payments", "INSERT INTO charges VALUES (7, 'key', 'NOBODY', 100)", ORDERED);
}

#[test]
fn an_altered_row_of_the_shipments_is_found() {
    let a = "WHERE order_id = (SELECT min(order_id) FROM shipments)";
    finds("shipments", &format!("DELETE FROM shipments {a}"), TOTALS);
    finds("shipments", &format!("UPDATE shipments SET country = 'Kenya' {a}"), ORDERED);
    finds("shipments", &format!("UPDATE shipments SET order_id = 7 {a}"), TOTALS);
    let one = format!("{a} AND product_id = (SELECT min(product_id) FROM shipped_units {a})");
    finds("shipments", &format!("UPDATE shipped_units SET units = units + 1 {one}"), STOCK);
    finds("shipments", &format!("DELETE FROM shipped_units {one}"), STOCK);
}

#[test]
fn an_altered_call_is_found_in_each_database() {
    for database in ["orders", "inventory", "payments", "shipments"] {
        let done = "WHERE key = (SELECT min(key) FROM calls WHERE state = 'done')";
        finds(database, &format!("UPDATE calls SET state = 'compensated' {done}"), CALLS);
        finds(database, &format!("DELETE FROM calls {done}"), CALLS);
    }
}

//! What the services must do so that the saga's promise holds.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::database::{Database, ServiceError};
use super::inventory::{Inventory, InventoryError, Warehouse};
use super::orders::{OrderBook, OrderError, Orders};
use super::payments::{CardGateway, PaymentError, Payments};
use super::shipments::{Carrier, ShipmentError, Shipments};
use crate::data::Product;
use crate::money::Cents;
use crate::order::tests::place;
use crate::order::{OrderId, ProductId, Units};

const ORDER: OrderId = OrderId(1001);

fn product(id: u32, stock: u32, discontinued: bool) -> Product {
    let unit_price = "13.50".parse().unwrap();
    Product { id: ProductId(id), name: "Lamp".to_owned(), unit_price, stock, discontinued }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn units(units: &[(u32, i64)]) -> Units {
    units.iter().map(|&(product, units)| (ProductId(product), units)).collect()
}

/// One number of a service's database, read behind its back.
fn number(path: &Path, query: &str) -> i64 {
    Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_call_that_comes_twice_has_one_effect_and_one_answer() {
    let folder = folder();
    let path = folder.path().join("inventory.db");
    let warehouse = Warehouse::open(&path, &[product(1, 10, false)]).unwrap();
    let first = warehouse.reserve("key", ORDER, units(&[(1, 4)])).await.unwrap();
    let second = warehouse.reserve("key", ORDER, units(&[(1, 4)])).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(number(&path, "SELECT units FROM stock"), 6);
}

#[tokio::test]
async fn a_refusal_is_remembered_even_when_it_would_be_granted_now() {
    let folder = folder();
    let warehouse = Warehouse::open(&folder.path().join("inventory.db"), &[product(1, 10, false)]).unwrap();
    warehouse.reserve("other", OrderId(7), units(&[(1, 8)])).await.unwrap();
    let refused = warehouse.reserve("key", ORDER, units(&[(1, 4)])).await;
    assert!(matches!(refused, Err(InventoryError::OutOfStock { in_stock: 2, needed: 4, .. })));
    warehouse.release("other").await.unwrap();
    let again = warehouse.reserve("key", ORDER, units(&[(1, 4)])).await;
    assert!(matches!(again, Err(InventoryError::OutOfStock { in_stock: 2, needed: 4, .. })));
    warehouse.reserve("another key", ORDER, units(&[(1, 4)])).await.unwrap();
}

#[tokio::test]
async fn a_reservation_takes_all_units_or_none_and_a_release_gives_them_back_once() {
    let folder = folder();
    let path = folder.path().join("inventory.db");
    let warehouse = Warehouse::open(&path, &[product(1, 10, false), product(2, 1, false)]).unwrap();
    let refused = warehouse.reserve("a", OrderId(7), units(&[(1, 4), (2, 2)])).await;
    assert!(matches!(refused, Err(InventoryError::OutOfStock { .. })));
    assert_eq!(number(&path, "SELECT sum(units) FROM stock"), 11);
    warehouse.reserve("b", ORDER, units(&[(1, 4), (2, 1)])).await.unwrap();
    assert_eq!(number(&path, "SELECT sum(units) FROM stock"), 6);
    warehouse.release("b").await.unwrap();
    warehouse.release("b").await.unwrap();
    assert_eq!(number(&path, "SELECT sum(units) FROM stock"), 11);
}

#[tokio::test]
async fn a_call_that_comes_after_its_compensation_is_refused() {
    let folder = folder();
    let in_folder = |name| folder.path().join(name);
    let orders = OrderBook::open(&in_folder("orders.db"), &[product(1, 10, false)]).unwrap();
    orders.cancel("key").await.unwrap();
    let late = orders.create("key", &place(1001, &[(1, "13.50", 1, "0")])).await;
    assert!(matches!(late, Err(OrderError::Late(_))));

    let warehouse = Warehouse::open(&in_folder("inventory.db"), &[product(1, 10, false)]).unwrap();
    warehouse.release("key").await.unwrap();
    let late = warehouse.reserve("key", ORDER, units(&[(1, 1)])).await;
    assert!(matches!(late, Err(InventoryError::Late(_))));
    assert_eq!(number(&in_folder("inventory.db"), "SELECT units FROM stock"), 10);

    let gateway = CardGateway::open(&in_folder("payments.db"), Cents(10_000)).unwrap();
    gateway.refund("key").await.unwrap();
    let late = gateway.charge("key", ORDER, "LUMEN", Cents(5)).await;
    assert!(matches!(late, Err(PaymentError::Late(_))));
    assert_eq!(number(&in_folder("payments.db"), "SELECT count(*) FROM charges"), 0);
}

#[tokio::test]
async fn a_charge_that_was_asked_for_in_vain_is_refused_when_it_comes() {
    let folder = folder();
    let gateway = CardGateway::open(&folder.path().join("payments.db"), Cents(10_000)).unwrap();
    let made = gateway.charge("made", ORDER, "LUMEN", Cents(10_000)).await.unwrap();
    assert_eq!(gateway.find("made").await.unwrap(), Some(made));
    assert_eq!(gateway.find("lost").await.unwrap(), None);
    let late = gateway.charge("lost", OrderId(7), "LUMEN", Cents(5)).await;
    assert!(matches!(late, Err(PaymentError::Late(_))));
}

#[tokio::test]
async fn a_charge_is_refunded_once_and_the_limit_is_the_most_it_may_be() {
    let folder = folder();
    let path = folder.path().join("payments.db");
    let gateway = CardGateway::open(&path, Cents(10_000)).unwrap();
    let refused = gateway.charge("a", OrderId(7), "LUMEN", Cents(10_001)).await;
    assert!(matches!(refused, Err(PaymentError::OverLimit { limit: Cents(10_000), .. })));
    gateway.charge("b", ORDER, "LUMEN", Cents(10_000)).await.unwrap();
    gateway.refund("b").await.unwrap();
    gateway.refund("b").await.unwrap();
    assert_eq!(number(&path, "SELECT sum(amount_cents) FROM refunds"), 10_000);
}

#[tokio::test]
async fn an_order_is_created_only_of_products_that_are_sold() {
    let folder = folder();
    let path = folder.path().join("orders.db");
    let orders = OrderBook::open(&path, &[product(1, 10, false), product(2, 10, true)]).unwrap();
    let with = |second| place(1001, &[(1, "13.50", 1, "0"), (second, "13.50", 1, "0")]);
    assert!(matches!(orders.create("a", &with(2)).await, Err(OrderError::Discontinued(ProductId(2)))));
    assert!(matches!(orders.create("b", &with(3)).await, Err(OrderError::UnknownProduct(ProductId(3)))));
    assert_eq!(number(&path, "SELECT count(*) FROM orders"), 0);
    assert_eq!(orders.create("c", &with(1)).await.unwrap(), ORDER);
    orders.cancel("c").await.unwrap();
    orders.cancel("c").await.unwrap();
    assert_eq!(number(&path, "SELECT count(*) FROM orders WHERE state = 'cancelled'"), 1);
}

#[tokio::test]
async fn a_shipment_is_made_once_and_only_where_the_carrier_goes() {
    let folder = folder();
    let path = folder.path().join("shipments.db");
    let carrier = Carrier::open(&path, ["Kenya".to_owned()].into()).unwrap();
    let refused = carrier.prepare("a", OrderId(7), "Kenya", units(&[(1, 2)])).await;
    assert!(matches!(refused, Err(ShipmentError::NotServed { .. })));
    for _ in 0..2 {
        let shipment = carrier.prepare("b", ORDER, "Chile", units(&[(1, 2), (2, 1)])).await.unwrap();
        assert_eq!(shipment.order, ORDER);
    }
    assert_eq!(number(&path, "SELECT sum(units) FROM shipped_units"), 3);
}

#[tokio::test]
async fn what_was_answered_is_there_when_the_database_is_opened_again() {
    let folder = folder();
    let path = folder.path().join("inventory.db");
    let reservation = Warehouse::open(&path, &[product(1, 10, false)])
        .unwrap()
        .reserve("key", ORDER, units(&[(1, 4)]))
        .await
        .unwrap();
    // The stock that a new database would begin with must not be loaded a second time.
    let warehouse = Warehouse::open(&path, &[product(1, 500, false)]).unwrap();
    assert_eq!(warehouse.reserve("key", ORDER, units(&[(1, 4)])).await.unwrap(), reservation);
    assert_eq!(number(&path, "SELECT units FROM stock"), 6);
}

#[tokio::test]
async fn a_call_that_fails_leaves_nothing_and_the_others_of_its_transaction_alone() {
    let folder = folder();
    let path = folder.path().join("notes.db");
    let prepare = |connection: &Connection| connection.execute_batch("CREATE TABLE notes (number INTEGER)");
    let database = Database::open(&path, prepare).unwrap();
    let note = |number: i64, then: &'static str| {
        database.call(move |connection| {
            connection.execute("INSERT INTO notes VALUES (?1)", [number])?;
            connection.execute_batch(then)
        })
    };
    let (first, second, third) = tokio::join!(note(1, ""), note(10, "nonsense"), note(100, ""));
    assert!(first.is_ok() && third.is_ok());
    assert!(matches!(second, Err(ServiceError::Failed(_))));
    assert_eq!(number(&path, "SELECT sum(number) FROM notes"), 101);
}

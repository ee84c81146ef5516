//! What becomes of the orders. The numbers were calculated from the rules by other means than this program.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::program::{northwind, order_flow};

/// The result of a run one order at a time, without the stock.
fn one_by_one(options: &str) -> Value {
    let db = tempfile::tempdir().unwrap();
    let mut result = order_flow(db.path(), &format!("--concurrency 1 --json {options}")).result();
    result.as_object_mut().unwrap().remove("stock").unwrap();
    result
}

fn expected(completed: u32, refused: [u32; 4], revenue_cents: u32, units_shipped: u32) -> Value {
    let [create_order, reserve_inventory, process_payment, prepare_shipment] = refused;
    json!({
        "completed": completed,
        "refused": {
            "create_order": create_order,
            "reserve_inventory": reserve_inventory,
            "process_payment": process_payment,
            "prepare_shipment": prepare_shipment,
        },
        "parked": 0,
        "revenue_cents": revenue_cents,
        "units_shipped": units_shipped,
        "audit": "ok",
    })
}

/// Every row of the databases in `db`, as text.
fn rows(db: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    for service in ["orders", "inventory", "payments", "shipments"] {
        let connection = Connection::open(db.join(service).with_extension("db")).unwrap();
        let tables = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        for table in tables {
            let mut select = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = select.column_count();
            let mut found = select.query([]).unwrap();
            while let Some(row) = found.next().unwrap() {
                let values = (0..columns).map(|column| row.get_ref(column).unwrap());
                rows.push(format!("{service}.{table} {:?}", values.collect::<Vec<_>>()));
            }
        }
    }
    rows
}

#[test]
fn one_order_at_a_time_gives_the_result_that_the_rules_determine() {
    assert_eq!(one_by_one(""), expected(28, [3, 5, 4, 0], 1_593_492, 108));
    assert_eq!(one_by_one("--no-ship Kenya"), expected(24, [3, 3, 5, 5], 1_409_788, 98));
    let options = "--no-ship Kenya --credit-limit 1000.00";
    assert_eq!(one_by_one(options), expected(20, [3, 3, 10, 4], 783_293, 80));
}

#[test]
fn northwind_gives_the_result_that_the_rules_determine() {
    let Some(data) = northwind() else { return };
    assert_eq!(one_by_one(&data), expected(97, [207, 524, 2, 0], 3_663_242, 1_980));
    let options = format!("{data} --no-ship Argentina,Portugal");
    assert_eq!(one_by_one(&options), expected(89, [207, 523, 2, 9], 3_618_333, 1_921));
}

#[test]
fn many_orders_at_once_keep_the_books_in_order() {
    let db = tempfile::tempdir().unwrap();
    let data = northwind();
    let orders = if data.is_some() { 830 } else { 40 };
    let result = order_flow(db.path(), &format!("--json {}", data.unwrap_or_default())).result();
    let refused = result["refused"].as_object().unwrap().values().map(|count| count.as_u64().unwrap());
    assert_eq!(result["completed"].as_u64().unwrap() + refused.sum::<u64>(), orders);
}

#[test]
fn running_once_more_changes_nothing() {
    let db = tempfile::tempdir().unwrap();
    let first = order_flow(db.path(), "--json").result();
    let before = rows(db.path());
    assert!(before.len() > 200);
    assert_eq!(order_flow(db.path(), "--json").result(), first);
    assert_eq!(rows(db.path()), before);
}

#[test]
fn the_table_says_what_the_object_says() {
    let db = tempfile::tempdir().unwrap();
    let table = order_flow(db.path(), "--concurrency 1").stdout;
    for line in [
        "  40 orders, 12 products",
        "  Completed                   28   70.0 %\n",
        "    process_payment            4   10.0 %\n",
        "  Parked                       0    0.0 %\n",
        "  Revenue               15934.92  with freight\n",
        "  ✓ stock at the start = stock now + shipped + held by parked orders\n",
    ] {
        assert!(table.contains(line), "{line:?} is not in\n{table}");
    }
    assert!(!table.contains('\u{1b}'), "no colours where there is no terminal");
    assert!(table.contains(&format!("db    {}", db.path().display())));
}

#[test]
fn without_a_folder_the_databases_are_kept_in_a_new_one() {
    let db = tempfile::tempdir().unwrap();
    let mut command = crate::program::command(db.path(), "--json");
    let program = command.get_program().to_owned();
    command = std::process::Command::new(program);
    let output = command.env("TMPDIR", db.path()).arg("--json").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let folder = Path::new(stderr.trim().strip_prefix("databases: ").unwrap()).to_owned();
    assert_eq!(folder.parent(), Some(db.path()));
    assert!(fs::metadata(folder.join("journal.db")).unwrap().len() > 0);
}

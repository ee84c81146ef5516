//! Kill upon kill on the same databases.

use std::path::Path;

use serde_json::json;

use crate::journal::Journal;
use crate::kill::{finish, kill, must_be_the_same};
use crate::program::northwind;

/// Kills the program again and again, each time when it has made so many entries more, and at most so many
/// times. Returns how often orders were left unfinished.
///
/// An order that is the only one running when the program dies three times in a row is taken for the cause and parks,
/// as [`poison`](crate::poison) shows. So after each entry the program is killed twice only: the same order may be it.
fn kills(db: &Path, options: &str, entries: u32, times: usize) -> usize {
    let mut found = 0;
    for _ in 0..times {
        let until = Journal::of(db).committed().unwrap().entries + entries;
        let Some(dead) = kill(db, options, |now| now.entries >= until) else { break };
        found += usize::from(dead.unfinished > 0);
    }
    found
}

#[test]
fn killed_again_and_again_with_many_orders_under_way_it_finishes_them_all() {
    let options = "--json --concurrency 64 --no-ship Kenya";
    for (entries, times) in [(1, 2), (10, 5), (50, 5)] {
        let db = tempfile::tempdir().unwrap();
        let found = kills(db.path(), options, entries, times);
        assert!(found >= 2, "{found} with {entries} entries each");
        finish(db.path(), options, 40);
    }
}

#[test]
fn killed_again_and_again_with_one_order_under_way_it_finishes_them_all() {
    let options = "--json --concurrency 1 --no-ship Kenya";
    for (entries, times) in [(1, 2), (16, 10)] {
        let db = tempfile::tempdir().unwrap();
        let found = kills(db.path(), options, entries, times);
        assert!(found >= 1, "{found} with {entries} entries each");
        finish(db.path(), options, 40);
    }
}

#[test]
fn northwind_killed_again_and_again_with_many_orders_under_way_is_finished() {
    let Some(data) = northwind() else { return };
    let options = format!("--json --concurrency 64 --no-ship Argentina,Portugal {data}");
    let db = tempfile::tempdir().unwrap();
    let found = kills(db.path(), &options, 450, 6);
    assert!(found >= 4, "{found}");
    finish(db.path(), &options, 830);
}

#[test]
fn northwind_killed_again_and_again_with_one_order_under_way_comes_to_the_same_result() {
    let Some(data) = northwind() else { return };
    let options = format!("--json --concurrency 1 {data}");
    let db = tempfile::tempdir().unwrap();
    let found = kills(db.path(), &options, 450, 6);
    assert!(found >= 1, "{found}");
    let mut result = finish(db.path(), &options, 830);
    if must_be_the_same(db.path()) {
        result["stock"].take();
        let refused = json!({
            "create_order": 207, "reserve_inventory": 524, "process_payment": 2, "prepare_shipment": 0,
        });
        let expected = json!({
            "completed": 97, "refused": refused, "parked": 0, "revenue_cents": 3_663_242,
            "units_shipped": 1_980, "stock": null, "audit": "ok",
        });
        assert_eq!(result, expected);
    }
}

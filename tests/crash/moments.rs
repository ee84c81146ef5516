//! One kill each, at moments all over the run.

use std::path::Path;

use serde_json::Value;

use crate::journal::Journal;
use crate::kill::{finish, kill, must_be_the_same};

/// How many moments are tried.
const MOMENTS: u32 = 20;

/// How many of them at least find orders that are not finished. The others may come too late where the machine
/// is slow to run this test and quick to run the program.
const UNFINISHED_MIN: usize = 15;

/// How many results at least have to be those of a run that nobody killed: all but those of kills between the
/// start of a payment and its charge, one of the four steps.
const COMPARED_MIN: usize = 6;

/// The orders of the example's own data.
const ORDERS: u64 = 40;

/// Kills a run at each moment, lets it finish, and hands its folder and result to `check`.
fn kill_at_each_moment(options: &str, mut check: impl FnMut(&Path, &Value)) {
    let whole = tempfile::tempdir().unwrap();
    finish(whole.path(), options, ORDERS);
    let entries = Journal::of(whole.path()).committed().unwrap().entries;
    assert!(entries > 4 * MOMENTS, "{entries} entries");

    let mut unfinished = Vec::new();
    for moment in 0..MOMENTS {
        let db = tempfile::tempdir().unwrap();
        // The last moment is some time before the last orders end, so that it is not missed.
        let after = entries * moment / (MOMENTS + 4);
        let killed = kill(db.path(), options, |now| now.entries >= after && now.unfinished > 0);
        unfinished.push(killed.map_or(0, |dead| dead.unfinished));
        check(db.path(), &finish(db.path(), options, ORDERS));
    }
    let found = unfinished.iter().filter(|&&orders| orders > 0).count();
    assert!(found >= UNFINISHED_MIN, "unfinished orders at the moments: {unfinished:?}");
}

#[test]
fn killed_at_any_moment_with_many_orders_under_way_it_finishes_them_all() {
    kill_at_each_moment("--json --concurrency 64 --no-ship Kenya", |_, _| ());
}

#[test]
fn killed_at_any_moment_with_one_order_under_way_it_comes_to_the_same_result() {
    let options = "--json --concurrency 1 --no-ship Kenya";
    let whole = tempfile::tempdir().unwrap();
    let expected = finish(whole.path(), options, ORDERS);
    let mut compared = 0;
    kill_at_each_moment(options, |db, result| {
        if must_be_the_same(db) {
            assert_eq!(result, &expected);
            compared += 1;
        }
    });
    assert!(compared >= COMPARED_MIN, "{compared} results compared");
}

//! The program dies in the middle of a step, and finishes when it is run again.

use rusqlite::Connection;

use crate::program::order_flow;

#[test]
fn a_crash_in_the_middle_of_a_step_changes_no_result() {
    let whole = tempfile::tempdir().unwrap();
    let expected = order_flow(whole.path(), "--concurrency 1 --json --no-ship Kenya").result();
    for after in [0, 1, 7, 25, 39] {
        let db = tempfile::tempdir().unwrap();
        let options = "--concurrency 1 --json --no-ship Kenya";
        let crashed = order_flow(db.path(), &format!("{options} --crash-after {after}"));
        assert_eq!((crashed.code, crashed.stdout.as_str()), (None, ""), "{crashed:#?}");
        assert!(crashed.stderr.contains(&format!("aborting after {after} orders: ")), "{crashed:#?}");
        assert_eq!(order_flow(db.path(), options).result(), expected);
    }
}

#[test]
fn crash_upon_crash_every_order_comes_to_its_end() {
    let db = tempfile::tempdir().unwrap();
    let mut crashes = 0;
    let result = loop {
        let run = order_flow(db.path(), "--concurrency 4 --json --crash-after 3");
        if run.code.is_some() {
            break run.result();
        }
        crashes += 1;
    };
    assert!(crashes >= 3, "{crashes}");
    let refused = result["refused"].as_object().unwrap().values().map(|count| count.as_u64().unwrap());
    assert_eq!(result["completed"].as_u64().unwrap() + refused.sum::<u64>(), 40);
    let payments = Connection::open(db.path().join("payments.db")).unwrap();
    let charged_twice = "SELECT count(*) - count(DISTINCT order_id) FROM charges";
    assert_eq!(payments.query_row(charged_twice, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

//! What questions cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use rusqlite::types::Null;
use saga_core::id::StepName;
use saga_core::journal::ParkReason;
use saga_core::time::Timestamp;

use super::*;
use crate::schema;

/// How many instances there are: more than the ids that are taken from their index.
const INSTANCES: usize = 20_000;

/// How many of them are not completed.
const LATE: usize = INSTANCES / 1_000;

const PAGE: usize = 100;

/// More steps than a page or the counting of ids takes, fewer than looking at each instance.
const STEPS_MAX: usize = 3 * INSTANCES;

/// How many steps make one call of the handler that counts them.
const COUNTED: usize = 10;

/// A database in which each thousandth instance is in this state, needs attention if so and has an id like
/// `late-1000`, the others are completed and have ids like `order-1`; and what counts the steps that are taken in it.
fn database(state: &str) -> (Connection, Arc<AtomicUsize>) {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::create(&connection).unwrap();
    connection
        .execute_batch(&format!(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {INSTANCES})
             INSERT INTO instance
             SELECT n, iif(n % 1000, 'order-', 'late-') || n, 'order-flow', 1, 'shape', NULL, n, 1,
                 iif(n % 1000, 'completed', '{state}'), NULL, NULL, n % 1000 = 0, NULL, NULL, 0, n
             FROM number"
        ))
        .unwrap();
    let steps = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&steps);
    let count = move || {
        counter.fetch_add(COUNTED, Ordering::Relaxed);
        false
    };
    connection.progress_handler(i32::try_from(COUNTED).unwrap(), Some(count)).unwrap();
    (connection, steps)
}

fn page(query: Query) -> Query {
    Query { limit: PAGE, ..query }
}

fn beginning_with(prefix: &str) -> Query {
    page(Query { id_prefix: Some(prefix.to_owned()), ..Query::default() })
}

fn in_states(states: impl Into<Vec<InstanceState>>) -> Query {
    page(Query { states: states.into(), ..Query::default() })
}

/// What a person on call asks for.
fn of_attention() -> [Query; 5] {
    [
        page(Query { needs_attention: Some(true), ..Query::default() }),
        page(Query { step: Some(StepName::new("process_payment")), ..Query::default() }),
        page(Query { reason: Some(ParkReason::InDoubt), ..Query::default() }),
        in_states([InstanceState::Parked]),
        in_states([InstanceState::Unreadable, InstanceState::Parked]),
    ]
}

/// What is looked at to answer a query, but for the number of an instance's last entry.
fn explained(connection: &Connection, query: &Query) -> Vec<String> {
    let text = Plan::of(query, connection).unwrap().text();
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
    let parameters = params_from_iter(vec![Null; explain.parameter_count()]);
    let plan: rusqlite::Result<Vec<String>> =
        explain.query_map(parameters, |row| row.get(3)).unwrap().collect();
    let of_entries = |step: &String| step.contains("SCALAR SUBQUERY") || step.contains("SEARCH entry");
    plan.unwrap().into_iter().filter(|step| !of_entries(step)).collect()
}

#[test]
fn each_query_comes_in_the_order_of_creation_without_sorting() {
    let (connection, _) = database("parked");
    for query in of_attention() {
        let expected = ["SEARCH instance USING INDEX instance_attention (number>?)"];
        assert_eq!(explained(&connection, &query), expected, "{query:?}");
    }
    let walks = [
        page(Query::default()),
        beginning_with(""),
        beginning_with("order-"),
        in_states([InstanceState::Completed]),
        in_states([InstanceState::Parked, InstanceState::Running]),
        page(Query { needs_attention: Some(false), ..Query::default() }),
        page(Query { saga: Some(String::from("order-flow")), ..Query::default() }),
        page(Query {
            since_until: Some(Timestamp::NEVER),
            created_until: Some(Timestamp::NEVER),
            ..Query::default()
        }),
    ];
    for query in walks {
        let expected = ["SEARCH instance USING INTEGER PRIMARY KEY (rowid>?)"];
        assert_eq!(explained(&connection, &query), expected, "{query:?}");
    }
    let expected = [
        "SEARCH instance USING INTEGER PRIMARY KEY (rowid=?)",
        "LIST SUBQUERY 2",
        "SEARCH instance USING COVERING INDEX sqlite_autoindex_instance_1 (id>? AND id<?)",
    ];
    for prefix in ["late-", "order-19", "l\u{e4}te", "\u{10ffff}"] {
        assert_eq!(explained(&connection, &beginning_with(prefix)), expected, "{prefix}");
    }
}

/// Asks for all pages; returns how many instances there were, and the most steps that one page took.
fn ask_for_all(connection: &Connection, steps: &AtomicUsize, query: &Query) -> (usize, usize) {
    let mut asker = Asker::new(connection).unwrap();
    let mut query = query.clone();
    let (mut found, mut most) = (0, 0);
    loop {
        steps.store(0, Ordering::Relaxed);
        let page = asker.query(&query).unwrap();
        most = most.max(steps.load(Ordering::Relaxed));
        let Some((last, _)) = page.last() else { return (found, most) };
        found += page.len();
        query.after = Some(*last);
    }
}

#[test]
fn each_page_costs_the_same() {
    let (connection, steps) = database("parked");
    for query in [page(Query::default()), beginning_with("order-"), in_states([InstanceState::Completed])] {
        let (found, most) = ask_for_all(&connection, &steps, &query);
        assert!(found >= INSTANCES - LATE, "{found} of {query:?}");
        assert!(most < STEPS_MAX, "{most} steps for a page of {query:?}");
    }
}

#[test]
fn what_a_person_looks_at_costs_the_same_whatever_has_ended() {
    let (connection, steps) = database("parked");
    for query in of_attention().into_iter().chain([beginning_with("late-")]) {
        let (found, most) = ask_for_all(&connection, &steps, &query);
        let expected = if query.step.is_some() || query.reason.is_some() { 0 } else { LATE };
        assert_eq!(found, expected, "{query:?}");
        assert!(most < STEPS_MAX, "{most} steps for a page of {query:?}");
    }
}

#[test]
fn unfinished_costs_the_same_whatever_has_ended() {
    for (state, due) in [
        ("running", "NULL"),
        ("compensating", "9223372036854775807"),
        ("running", "1000"),
        ("parked", "1000"),
        ("unreadable", "9223372036854775807"),
        ("flying", "NULL"),
    ] {
        let (connection, steps) = database(state);
        connection.execute_batch(&format!("UPDATE instance SET due = {due}")).unwrap();
        steps.store(0, Ordering::Relaxed);
        let unfinished = Asker::new(&connection).unwrap().unfinished().unwrap();
        let steps = steps.load(Ordering::Relaxed);
        let late = LATE as u64;
        let states = [unfinished.running, unfinished.compensating, unfinished.parked, unfinished.unreadable];
        assert_eq!(states.iter().sum::<u64>(), late, "{unfinished:?} of those that are {state}");
        assert_eq!(unfinished.needs_attention, late);
        assert_eq!(unfinished.oldest, Some(Timestamp::from_millis(1_000)));
        assert!(steps < STEPS_MAX, "{steps} steps where some are {state} and due {due}");
    }
}

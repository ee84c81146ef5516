//! Killing the program, and letting it finish.

use std::path::Path;
use std::process::Stdio;
use std::thread;

use serde_json::Value;

use crate::journal::{Committed, Journal};
use crate::program::{command, order_flow};

/// Runs the program and kills it as soon as `moment` has come. Returns what was committed when it was dead, and
/// nothing if it had finished before.
pub(crate) fn kill(db: &Path, options: &str, moment: impl Fn(Committed) -> bool) -> Option<Committed> {
    let mut program = command(db, options).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut journal = Journal::of(db);
    // While the program makes or recovers the journal, it may not be possible to read it.
    while !journal.committed().is_ok_and(&moment) && program.try_wait().unwrap().is_none() {
        thread::yield_now();
    }
    // On Unix this is SIGKILL. A program that has ended does not mind.
    program.kill().unwrap();
    let output = program.wait_with_output().unwrap();
    if let Some(code) = output.status.code() {
        assert_eq!(code, 0, "{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    Some(journal.committed().unwrap())
}

/// Runs the program to its end, and returns its result: the books are in order, and every order is counted.
pub(crate) fn finish(db: &Path, options: &str, orders: u64) -> Value {
    let run = order_flow(db, options);
    let result = run.result();
    assert_eq!(run.stderr, format!("databases: {}\n", db.display()), "it has nothing to complain about");
    let refused = result["refused"].as_object().unwrap().values();
    let refused = refused.map(|count| count.as_u64().unwrap()).sum::<u64>();
    assert_eq!(result["parked"], 0, "{result}");
    assert_eq!(result["completed"].as_u64().unwrap() + refused, orders, "{result}");
    assert_eq!(Journal::of(db).committed().unwrap().unfinished, 0, "{result}");
    result
}

/// Whether the result has to be that of a run that nobody killed, one order at a time.
///
/// A kill between the start of a payment and the charge leaves the payment in doubt. It is not idempotent, so it
/// is not called again: the check finds that nothing was charged, and the order is compensated.
pub(crate) fn must_be_the_same(db: &Path) -> bool {
    Journal::of(db).payments_void().unwrap() == 0
}

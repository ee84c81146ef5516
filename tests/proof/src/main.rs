//! The proof: what takes too long for the tests. One command goes through all of it, and prints a table of what was
//! gone through and of what was broken.
//!
//! ```text
//! cargo run --profile proof -p saga-proof                             # as much as a few minutes allow
//! cargo run --profile proof -p saga-proof -- --faults 4               # more
//! cargo run --profile proof -p saga-proof -- --shape diamond          # one shape
//! ```
//! Whatever is broken is shown as a timeline, under the command that repeats it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a proof that cannot go on fails"
)]

mod args;
mod crashes;
mod table;

use std::process::ExitCode;

use args::Command;
use crashes::{Violation, command};

/// How many violations are shown.
const SHOWN_MAX: usize = 5;

fn main() -> ExitCode {
    let done = args::parse().map_err(|error| error.to_string()).and_then(|command| match command {
        Command::GoThrough(choice) => Ok(go_through(&choice)),
        Command::Repeat { shape, script, crashes } => {
            let history = crashes::repeat(&shape, &script, &crashes)?;
            show(&history);
            Ok(history.broken.is_empty())
        }
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Goes through what is chosen, and says whether nothing is broken in it.
fn go_through(choice: &crashes::Choice) -> bool {
    let (rows, violations) = crashes::run(choice);
    violations.iter().take(SHOWN_MAX).for_each(show);
    table::print(&rows);
    violations.is_empty()
}

/// Shows a history, with what is broken in it and the command that repeats it.
fn show(history: &Violation) {
    let Violation { shape, script, crashes, broken, timeline } = history;
    println!("{}", command(shape, script, crashes));
    println!("{timeline}");
    broken.iter().for_each(|broken| println!("  BROKEN  {broken}"));
}

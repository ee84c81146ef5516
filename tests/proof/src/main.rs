//! The proof: what takes too long for the tests. One command goes through all of it, and prints a table of what was
//! gone through and of what was broken.
//!
//! ```text
//! cargo run --profile proof -p saga-proof                                 # as much as a few minutes allow
//! cargo run --profile proof -p saga-proof -- crashes --faults 3           # fewer crash points
//! cargo run --profile proof -p saga-proof -- crashes --shape diamond      # those of one shape
//! cargo run --profile proof -p saga-proof -- model --name pivot           # every state of one model
//! cargo run --profile proof -p saga-proof -- simulation --seeds 1000000   # more seeds
//! cargo run --profile proof -p saga-proof -- simulation --seed 4711       # one seed, shown
//! cargo run --profile proof -p saga-proof -- --help                       # all that can be chosen
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
mod model;
mod panics;
mod print;
mod promise;
mod record;
mod simulation;
mod table;

use std::process::ExitCode;

use args::{Command, USAGE};
use table::Found;

/// How many violations are shown.
const SHOWN_MAX: usize = 5;

/// How many cases each part has at least: a little less than there were when this was written.
const CASES_MIN: [u64; 3] = [5_500_000, 13_000_000, 490_000];

fn main() -> ExitCode {
    let command = args::parse(lexopt::Parser::from_env()).map_err(|error| error.to_string());
    command.and_then(run).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

/// Does what is asked for.
fn run(command: Command) -> Result<ExitCode, String> {
    let found = match command {
        Command::Help => {
            print!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        Command::Everything => everything()?,
        Command::Crashes(choice) => crashes::run(&choice)?,
        Command::Model(choice) => model::run(&choice)?,
        Command::Simulation(choice) => simulation::run(&choice),
    };
    Ok(report(&found))
}

/// Goes through all parts, one after the other.
fn everything() -> Result<Found, String> {
    let parts = [
        crashes::run(&crashes::Choice::default())?,
        model::run(&model::Choice::default())?,
        simulation::run(&simulation::Choice::default()),
    ];
    for (part, cases_min) in parts.iter().zip(CASES_MIN) {
        let cases = part.rows.iter().map(|row| row.cases).sum::<u64>();
        if cases < cases_min && part.violations.is_empty() {
            return Err(format!(
                "there were {cases} cases, and {cases_min} are known: something is left out"
            ));
        }
    }
    Ok(parts.into_iter().fold(Found::default(), |mut all, part| {
        all.rows.extend(part.rows);
        all.violations.extend(part.violations);
        all
    }))
}

/// Shows what was found, and says whether it is nothing.
fn report(found: &Found) -> ExitCode {
    found.violations.iter().take(SHOWN_MAX).for_each(|violation| println!("{violation}"));
    table::print(&found.rows);
    let is_whole = found.rows.iter().all(|row| row.violations == 0);
    if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! Orders through four services as sagas: `cargo run --release --example order_flow`.
//!
//! Read [`saga`] first: it is what a user of the library writes. The [`services`] are what it runs over,
//! [`run`] drives the orders, and [`audit`] proves that the books of the services agree.

mod args;
mod audit;
mod crash;
mod data;
mod folder;
mod money;
mod order;
mod progress;
mod report;
mod run;
mod saga;
mod services;
mod table;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use console::style;

use crate::args::Args;
use crate::audit::Audit;
use crate::data::Data;
use crate::folder::Folder;

/// The audit found something.
const AUDIT_FAILED: u8 = 1;
/// The command or the data has to be changed.
const BAD_INPUT: u8 = 2;
/// Something else went wrong; the same command may work the next time.
const FAILED: u8 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::parse(std::env::args_os().skip(1)) {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(BAD_INPUT, &error, "see --help"),
    };
    let data = match Data::read(&args.data) {
        Ok(data) => data,
        Err(error) => return fail(BAD_INPUT, &error, ""),
    };
    let claimed =
        Folder::open(args.db.as_deref()).and_then(|folder| folder.claim(&data, &args.rules).map(|()| folder));
    let folder = match claimed {
        Ok(folder) => folder,
        Err(error @ folder::FolderError::Io { .. }) => return fail(FAILED, &error, ""),
        Err(error) => return fail(BAD_INPUT, &error, ""),
    };
    match run_and_report(&args, &folder, &data).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(AUDIT_FAILED),
        Err(error) => {
            let again = format!("what was begun goes on with --db {}", folder.path().display());
            fail(FAILED, error.as_ref(), &again)
        }
    }
}

/// Runs the orders, audits the books and prints the result: whether the audit found nothing.
async fn run_and_report(args: &Args, folder: &Folder, data: &Data) -> Result<bool, Box<dyn Error>> {
    if args.json {
        eprintln!("databases: {}", folder.path().display());
    } else {
        introduce(args, folder, data)?;
    }
    let results = run::run(args, folder, data).await?;
    if let Some(after) = args.crash_after {
        eprintln!("no crash: fewer than {after} orders were left to run, or no step of them after that");
    }
    let audit = Audit::of(folder, data, &results)?;
    let mut out = io::stdout().lock();
    if args.json {
        report::json(&mut out, &results, &audit)?;
        report::findings(&mut io::stderr().lock(), &audit)?;
    } else {
        report::table(&mut out, &results, &audit)?;
    }
    out.flush()?;
    Ok(audit.is_ok())
}

fn introduce(args: &Args, folder: &Folder, data: &Data) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (orders, products) = (data.orders.len(), data.products.len());
    writeln!(out, "\n  {}  {orders} orders, {products} products", style("order_flow").bold().cyan())?;
    writeln!(out, "  {}", style(format!("data  {}", args.data.display())).dim())?;
    writeln!(out, "  {}\n", style(format!("db    {}", folder.path().display())).dim())
}

/// Prints the error with its causes, and what to do about it.
fn fail(code: u8, error: &dyn Error, help: &str) -> ExitCode {
    eprintln!("{} {error}", style("error:").red().bold().for_stderr());
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    if !help.is_empty() {
        eprintln!("  {help}");
    }
    ExitCode::from(code)
}

//! The command line.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lexopt::prelude::*;

use crate::money::{Cents, Decimal};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Runs orders through four services, each with a database of its own, as sagas.

Usage: order_flow [OPTIONS]

Options:
      --data <DIR>            products.csv, orders.csv and order_lines.csv [default: 40 orders of its own]
      --db <DIR>              the databases; run again on the same to finish what a crash left unfinished
                              [default: a new folder for temporary files, which is kept]
      --concurrency <N>       orders under way at once [default: 64]
      --credit-limit <AMOUNT> what an order may cost at most [default: 2000]
      --no-ship <COUNTRIES>   countries that nothing is shipped to, as in Argentina,Portugal [default: none]
      --crash-after <N>       abort in the middle of a step after N orders
      --json                  print the result as one JSON object
  -h, --help                  print this

A --db belongs to the data, --credit-limit and --no-ship of its first run: give the same ones each time.

Exit status: 0 all is well, 1 the audit failed, 2 the command or the data is wrong, 3 anything else.
";

/// The project's own small data.
const OWN_DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/order_flow/data");

/// The most orders under way at once that can be asked for: each costs memory.
const CONCURRENCY_MAX: usize = 100_000;

/// What the program was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Args {
    pub(crate) data: PathBuf,
    pub(crate) db: Option<PathBuf>,
    pub(crate) concurrency: usize,
    pub(crate) rules: Rules,
    pub(crate) crash_after: Option<u64>,
    pub(crate) json: bool,
}

/// The options that decide what becomes of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    pub(crate) credit_limit: Cents,
    pub(crate) no_ship: BTreeSet<String>,
}

/// The command line makes no sense.
///
/// The text of a `lexopt::Error` has its causes in it already; as a source they would be told twice.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadCommand(String);

impl From<lexopt::Error> for BadCommand {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

impl Args {
    /// Reads the command line, without the program's name. `None` asks for help.
    pub(crate) fn parse(
        words: impl IntoIterator<Item = impl Into<std::ffi::OsString>>,
    ) -> Result<Option<Self>, BadCommand> {
        let mut args = Self {
            data: PathBuf::from(OWN_DATA),
            db: None,
            concurrency: 64,
            rules: Rules { credit_limit: Cents(200_000), no_ship: BTreeSet::new() },
            crash_after: None,
            json: false,
        };
        let mut parser = lexopt::Parser::from_args(words);
        while let Some(arg) = parser.next()? {
            match arg {
                Long("data") => args.data = parser.value()?.into(),
                Long("db") => args.db = Some(parser.value()?.into()),
                Long("concurrency") => args.concurrency = parser.value()?.parse_with(concurrency)?,
                Long("credit-limit") => args.rules.credit_limit = parser.value()?.parse_with(amount)?,
                Long("no-ship") => args.rules.no_ship.extend(countries(&parser.value()?.string()?)),
                Long("crash-after") => args.crash_after = Some(parser.value()?.parse()?),
                Long("json") => args.json = true,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(args))
    }
}

fn concurrency(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=CONCURRENCY_MAX).contains(number));
    number.ok_or_else(|| format!("a number from 1 to {CONCURRENCY_MAX} is needed"))
}

fn amount(text: &str) -> Result<Cents, String> {
    let cents = text.parse::<Decimal>().ok().filter(|amount| amount.is_whole_cents());
    let cents = cents.and_then(|amount| amount.to_cents().ok());
    cents.ok_or_else(|| "an amount such as 2000 or 1999.95 is needed".to_owned())
}

fn countries(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|country| !country.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace()).map(Option::unwrap).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_hold_until_something_else_is_said() {
        let args = parse("").unwrap();
        assert_eq!((args.concurrency, args.rules.credit_limit), (64, Cents(200_000)));
        assert!(args.data.join("orders.csv").exists());
        assert!(args.db.is_none() && args.rules.no_ship.is_empty() && !args.json);
    }

    #[test]
    fn every_option_is_understood() {
        let line = "--data a --db=b --concurrency 1 --credit-limit 99.5 --no-ship Norway,,Chile --no-ship Peru \
             --crash-after 3 --json";
        let args = parse(line).unwrap();
        assert_eq!((args.data, args.db), (PathBuf::from("a"), Some(PathBuf::from("b"))));
        assert_eq!((args.concurrency, args.rules.credit_limit), (1, Cents(9_950)));
        assert_eq!(args.rules.no_ship.into_iter().collect::<Vec<_>>(), ["Chile", "Norway", "Peru"]);
        assert_eq!((args.crash_after, args.json), (Some(3), true));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (line, expected) in [
            ("--concurrency 0", "a number from 1 to 100000 is needed"),
            ("--concurrency many", "a number from 1 to 100000 is needed"),
            ("--credit-limit 10.001", "an amount such as 2000"),
            ("--credit-limit -1", "an amount such as 2000"),
            ("--crash-after soon", "invalid digit"),
            ("--colour", "invalid option '--colour'"),
            ("orders.csv", "unexpected argument \"orders.csv\""),
            ("--db", "missing argument for option '--db'"),
            ("--json=yes", "unexpected argument for option '--json'"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}

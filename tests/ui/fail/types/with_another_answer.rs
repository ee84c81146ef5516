//! The function of `with` says something else than a kind.

use std::fmt;
use std::num::ParseIntError;

use sagas::Fault;

#[derive(Debug, Fault)]
enum QuoteError {
    #[fault(with = faults::is_refused)]
    Number(ParseIntError),
}

mod faults {
    pub fn is_refused(_: &std::num::ParseIntError) -> bool {
        true
    }
}

impl fmt::Display for QuoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no quote")
    }
}

fn main() {}

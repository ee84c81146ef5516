//! The function of `with` takes the field by value.

use std::fmt;
use std::io;

use sagas::{Fault, FaultKind};

#[derive(Debug, Fault)]
enum QuoteError {
    #[fault(with = kind)]
    Number(io::Error),
}

fn kind(error: io::Error) -> FaultKind {
    drop(error);
    FaultKind::Rejected
}

impl fmt::Display for QuoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no quote")
    }
}

fn main() {}

//! A struct fails in one way only.

use sagas::Fault;

#[derive(Debug, Fault)]
struct PaymentError {
    code: u32,
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

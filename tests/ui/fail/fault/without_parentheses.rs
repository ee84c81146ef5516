//! The attribute needs parentheses.

use sagas::Fault;

#[derive(Debug, Fault)]
enum PaymentError {
    #[fault]
    Declined,
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

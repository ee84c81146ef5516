//! A code is a string.

use sagas::Fault;

#[derive(Debug, Fault)]
enum PaymentError {
    #[fault(rejected, code = 7)]
    Declined,
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

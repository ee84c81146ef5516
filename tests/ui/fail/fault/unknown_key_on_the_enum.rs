//! The enum knows one key.

use sagas::Fault;

#[derive(Debug, Fault)]
#[fault(rejected)]
enum PaymentError {
    #[fault(rejected)]
    Declined,
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

//! A duration has no unit.

use sagas::Fault;

#[derive(Debug, Fault)]
enum PaymentError {
    #[fault(not_done, retry_after = "5")]
    Down,
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

//! There is no fault inside.

use sagas::Fault;

#[derive(Debug, Fault)]
enum PaymentError {
    #[fault(transparent)]
    Down,
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

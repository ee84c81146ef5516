//! What is inside is no fault.

use sagas::Fault;

#[derive(Debug, Fault)]
enum PaymentError {
    #[fault(transparent)]
    Down(std::io::Error),
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

//! The fault inside says the code.

use sagas::Fault;

#[derive(Debug, Fault)]
enum PaymentError {
    #[fault(transparent, code = "down")]
    Down(sagas::StepError),
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

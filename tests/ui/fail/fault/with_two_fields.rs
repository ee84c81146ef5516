//! It is not said which field tells.

use sagas::Fault;

#[derive(Debug, Fault)]
enum PaymentError {
    #[fault(with = kind)]
    Down(u32, u32),
}

impl std::fmt::Display for PaymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn main() {}

//! The impl block is a trait's.

use sagas::saga;

struct Flow;

#[saga]
impl Clone for Flow {
    fn clone(&self) -> Self {
        Self
    }
}

fn main() {}

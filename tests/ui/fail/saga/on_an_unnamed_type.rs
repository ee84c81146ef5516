//! The type has no name of its own.

use sagas::saga;

trait Look {}

#[saga]
impl dyn Look {
    fn quote(&self) -> u32 {
        1
    }
}

fn main() {}

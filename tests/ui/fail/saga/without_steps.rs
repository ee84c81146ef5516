//! A saga has no steps.

use sagas::saga;

struct Flow;

#[saga]
impl Flow {
    fn quote(&self) -> u32 {
        1
    }
}

fn main() {}

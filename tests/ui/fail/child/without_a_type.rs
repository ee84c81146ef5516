//! A child of no saga.

use sagas::saga;

struct Flow;

#[saga]
impl Flow {
    #[step(child)]
    fn pack(&self, input: &u32) -> u32 {
        *input
    }
}

fn main() {}

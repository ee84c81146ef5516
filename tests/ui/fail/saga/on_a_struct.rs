//! Only an impl block can be a saga.

use sagas::saga;

#[saga]
struct Flow;

fn main() {}

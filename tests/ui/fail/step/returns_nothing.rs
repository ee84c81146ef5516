//! A step returns nothing.

use sagas::saga;

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) {
        let _ = 1;
    }
}

fn main() {}

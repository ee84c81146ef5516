//! A step returns no `Result`.

use sagas::saga;

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> u32 {
        1
    }
}

fn main() {}

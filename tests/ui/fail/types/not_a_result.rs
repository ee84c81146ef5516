//! A step returns something that is no `Result`, which only the compiler can know.

use sagas::saga;

struct Quote;

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Quote {
        Quote
    }
}

fn main() {}

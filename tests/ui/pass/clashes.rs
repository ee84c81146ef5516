//! A trait of the user's that has the names of the library's.

use sagas::prelude::*;

trait Named {
    const NAME: &'static str;
}

impl<T> Named for T {
    const NAME: &'static str = "theirs";
}

struct Order;

#[saga]
impl Order {
    #[step(read_only)]
    async fn look(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!((<Order as Named>::NAME, <Order as Saga>::NAME), ("theirs", "order"));
    assert!(matches!(sagas::inline::run(&Order, ()).await, Outcome::Completed(1)));
}

//! An output cannot be kept in the journal; serde's two traits make two errors.

use sagas::{Checked, StepError, saga};

struct Quote;

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn quote(&self) -> Result<Quote, StepError> {
        Ok(Quote)
    }

    #[step(pivot, in_doubt = check(find))]
    async fn order(&self, quote: &Quote) -> Result<Quote, StepError> {
        let _ = quote;
        Ok(Quote)
    }

    async fn find(&self) -> Result<Checked<Quote>, StepError> {
        Ok(Checked::Unknown)
    }
}

fn main() {}

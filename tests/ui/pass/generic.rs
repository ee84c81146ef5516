//! A generic saga: type parameters with bounds and a where clause, or without what a saga needs of them, a const
//! parameter, one fake per test.

#![deny(warnings)]

use std::fmt::Debug;
use std::future::Future;

use sagas::{Checked, Saga, StepError, saga};
use serde::Serialize;
use serde::de::DeserializeOwned;

trait Gateway: Send + Sync + 'static {
    fn charge(&self, cents: u64) -> impl Future<Output = Result<u64, StepError>> + Send;
}

#[derive(Debug)]
struct Fake;

impl Gateway for Fake {
    async fn charge(&self, cents: u64) -> Result<u64, StepError> {
        Ok(cents)
    }
}

#[derive(Debug)]
struct OrderFlow<P, L, const LIMIT: u64> {
    payments: P,
    log: L,
}

#[saga]
impl<P: Gateway, L, const LIMIT: u64> OrderFlow<P, L, LIMIT>
where
    L: Debug + Send + Sync + 'static,
{
    #[step(compensate = Self_refund)]
    async fn charge(&self, input: &u64) -> Result<u64, StepError> {
        self.payments.charge((*input).min(LIMIT)).await
    }

    #[expect(non_snake_case, reason = "any name will do")]
    async fn Self_refund(&self, charge: Option<&u64>) -> Result<(), StepError> {
        let _ = (charge, &self.log);
        Ok(())
    }
}

/// Nothing says that these are `Send`, `Sync` and `'static`.
#[derive(Debug)]
struct Loose<P: Quotes, L: ?Sized> {
    quotes: P,
    log: Box<L>,
}

trait Quotes {
    type Quote;

    fn quote(&self) -> impl Future<Output = Result<Self::Quote, StepError>> + Send;
}

impl Quotes for Fake {
    type Quote = u8;

    async fn quote(&self) -> Result<u8, StepError> {
        Ok(1)
    }
}

#[saga]
impl<P: Quotes<Quote = Q>, Q: Copy + Serialize + DeserializeOwned, L: ?Sized + Debug> Loose<P, L> {
    #[step(compensate = forget, in_doubt = check(find))]
    async fn quote(&self) -> Result<Q, StepError> {
        self.quotes.quote().await
    }

    async fn find(&self) -> Result<Checked<Q>, StepError> {
        Ok(Checked::Unknown)
    }

    async fn forget(&self, quote: &Q) -> Result<(), StepError> {
        let _ = (quote, &self.log);
        Ok(())
    }

    #[step(compensate = give_back, for_each = items, idempotent)]
    async fn reserve(&self, item: &Q, quote: &Q) -> Result<Q, StepError> {
        let _ = quote;
        Ok(*item)
    }

    fn items(&self, quote: &Q) -> Vec<Q> {
        vec![*quote]
    }

    async fn give_back(&self, reserve: &Q) -> Result<(), StepError> {
        let _ = reserve;
        Ok(())
    }
}

/// Borrowed for ever.
#[derive(Debug)]
struct Named<T>(T);

#[saga]
impl Named<&'static str> {
    #[step(read_only)]
    async fn read(&self) -> Result<String, StepError> {
        Ok(self.0.to_owned())
    }
}

fn main() {
    let loose = Loose::<_, str> { quotes: Fake, log: "log".into() };
    assert_eq!(saga_name(&loose), "loose");
    assert_eq!(saga_name(&Named("name")), "named");
    let flow = OrderFlow::<_, _, 5> { payments: Fake, log: "log" };
    let _ = &flow;
    assert_eq!(name(&flow), "order-flow");
    assert_eq!(OrderFlowStep::ALL, [OrderFlowStep::Charge]);
}

fn saga_name<S: Saga>(_: &S) -> String {
    S::definition().name().to_string()
}

fn name<S: Saga<Input = u64, Output = u64, Step = OrderFlowStep>>(_: &S) -> String {
    S::definition().name().to_string()
}

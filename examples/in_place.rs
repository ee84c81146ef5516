//! A service that exists already becomes a saga in place: `#[saga]` goes on its impl block, and its methods
//! stay what they were. Run it with `cargo run --example in_place`.
//!
//! Nothing is written to disk here. With a `SqliteStore` in place of the `MemoryStore` a transfer survives a
//! crash of the program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sagas::prelude::*;
use serde::{Deserialize, Serialize};

/// Money that is to go from one account to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Transfer {
    from: String,
    to: String,
    amount: u64,
}

#[derive(Debug, thiserror::Error, Fault)]
enum BankError {
    #[error("there is no account of {0}")]
    #[fault(rejected)]
    NoAccount(String),
    #[error("{0} has only {1}")]
    #[fault(rejected)]
    TooLittle(String, u64),
}

/// The service that was there before.
#[derive(Clone)]
struct Bank {
    books: Arc<Mutex<Books>>,
}

struct Books {
    balances: BTreeMap<String, u64>,
    /// What was withdrawn, by the key of the call.
    withdrawn: BTreeMap<String, u64>,
}

#[saga]
impl Bank {
    fn new(balances: &[(&str, u64)]) -> Self {
        let balances = balances.iter().map(|&(name, balance)| (name.to_owned(), balance)).collect();
        Self { books: Arc::new(Mutex::new(Books { balances, withdrawn: BTreeMap::new() })) }
    }

    fn balance(&self, name: &str) -> Option<u64> {
        self.books().balances.get(name).copied()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // A step names the method that compensates it. Both are called with the same key, in every attempt.
    #[step(compensate = give_back)]
    async fn withdraw(&self, cx: &StepContext, input: &Transfer) -> Result<u64, BankError> {
        let Transfer { from, amount, .. } = input;
        let Books { balances, withdrawn } = &mut *self.books();
        let balance = balances.get_mut(from).ok_or_else(|| BankError::NoAccount(from.clone()))?;
        *balance =
            balance.checked_sub(*amount).ok_or_else(|| BankError::TooLittle(from.clone(), *balance))?;
        withdrawn.insert(cx.idempotency_key().to_owned(), *amount);
        Ok(*balance)
    }

    // It may be called twice, and for a withdrawal that never happened: the books tell.
    async fn give_back(&self, cx: &StepContext, input: &Transfer) -> Result<(), BankError> {
        let Books { balances, withdrawn } = &mut *self.books();
        if let Some(amount) = withdrawn.remove(cx.step_key()) {
            *balances.entry(input.from.clone()).or_default() += amount;
        }
        Ok(())
    }

    // Parameters are bound by name: `withdraw` is what that step returned. The pivot is never compensated, and
    // somebody has to look should its outcome ever be in doubt.
    #[step(pivot, in_doubt = park)]
    async fn deposit(&self, input: &Transfer, withdraw: &u64) -> Result<String, BankError> {
        let Transfer { from, to, amount } = input;
        let Books { balances, .. } = &mut *self.books();
        let balance = balances.get_mut(to).ok_or_else(|| BankError::NoAccount(to.clone()))?;
        *balance += amount;
        Ok(format!("{from} has {withdraw} left, {to} has {balance}"))
    }
}

#[tokio::main]
async fn main() -> Result<(), sagas::Error> {
    let bank = Bank::new(&[("alma", 100), ("bruno", 20)]);
    let orchestrator = Orchestrator::builder(MemoryStore::new()).register(bank.clone()).build().await?;
    let transfers =
        [("t-1", "alma", "bruno", 70), ("t-2", "alma", "bruno", 70), ("t-3", "bruno", "celia", 10)];
    for (id, from, to, amount) in transfers {
        let transfer = Transfer { from: from.to_owned(), to: to.to_owned(), amount };
        match orchestrator.start::<Bank>(id, transfer).await?.outcome().await? {
            Outcome::Completed(balances) => println!("{id} completed: {balances}"),
            Outcome::Compensated(failure) => println!("{id} compensated: {failure}"),
            Outcome::Parked(parked) => println!("{id} parked: {parked}"),
        }
    }
    orchestrator.shutdown().await;
    println!("in the end: alma {:?}, bruno {:?}", bank.balance("alma"), bank.balance("bruno"));
    Ok(())
}

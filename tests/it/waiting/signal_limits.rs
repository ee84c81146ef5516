//! What is refused of signals, and that waiting for them costs nobody a place.

use sagas::prelude::*;
use sagas::{Error, StepState};

use super::loan::{APPROVED, Approved, Contract, Loan, SIGNED, Signed, builder, grant, open, stands};
use crate::support::data::on_both;
use crate::support::retry;
use crate::support::world::{Act, World};

#[test]
fn a_signal_to_nobody_or_to_somebody_else_is_refused() {
    on_both(async |data| {
        let world = World::default().script("approved@loan-2", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let nobody = orchestrator.handle::<Loan>("loan-0").signal("a", APPROVED).await;
        assert!(matches!(&nobody, Err(Error::NotFound { id }) if id == "loan-0"), "{nobody:?}");

        let completed = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        grant(&completed).await;
        assert!(matches!(completed.outcome().await.unwrap(), Outcome::Completed(_)));
        let compensated = orchestrator.start::<Loan>("loan-2", 1).await.unwrap();
        grant(&compensated).await;
        assert!(matches!(compensated.outcome().await.unwrap(), Outcome::Compensated(_)));
        for ended in [completed, compensated] {
            // Also one that it has had.
            for id in ["approval", "another"] {
                let sent = ended.signal(id, APPROVED).await;
                assert!(matches!(sent, Err(Error::Finished { .. })), "{id}: {sent:?}");
            }
        }
        let other = orchestrator.handle::<Contract>("loan-1").signal("a", APPROVED).await;
        assert!(matches!(other, Err(Error::Conflict { .. })), "{other:?}");
        orchestrator.shutdown().await;
        let late = orchestrator.handle::<Loan>("loan-1").signal("a", APPROVED).await;
        assert!(matches!(late, Err(Error::ShuttingDown)), "{late:?}");
    });
}

/// Takes texts.
struct Texts;

#[saga(name = "texts")]
impl Texts {
    #[step(signal, read_only)]
    async fn text(&self, signal: &String) -> Result<usize, StepError> {
        Ok(signal.len())
    }
}

#[test]
fn a_signal_that_is_too_large_or_has_a_bad_id_is_refused_and_not_kept() {
    on_both(async |data| {
        let builder = Orchestrator::builder(data.open()).register(Texts).payload_limit(1_000);
        let orchestrator = builder.build().await.unwrap();
        let texts = orchestrator.start::<Texts>("texts-1", ()).await.unwrap();
        let sent = texts.signal("t", "x".repeat(999)).await;
        assert!(matches!(&sent, Err(Error::PayloadTooLarge { bytes: 1_001, .. })), "{sent:?}");
        assert!(!format!("{sent:?}").contains("xx"));
        for id in [String::new(), "a\nb".to_owned(), "i".repeat(257)] {
            let sent = texts.signal(&id, "no".to_owned()).await;
            assert!(matches!(sent, Err(Error::InvalidId { .. })), "{id:?}: {sent:?}");
        }
        texts.signal("t", "x".repeat(998)).await.unwrap();
        assert_eq!(texts.outcome().await.unwrap(), Outcome::Completed(998));
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_instance_keeps_a_thousand_signals_and_no_more() {
    on_both(async |data| {
        let world = World::default().script("apply", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        for number in 0..999 {
            loan.signal(format!("a-{number}"), Approved { by: number }).await.unwrap();
        }
        loan.signal("s", SIGNED).await.unwrap();
        let sent = loan.signal("one more", APPROVED).await;
        assert!(matches!(sent, Err(Error::TooManySignals { .. })), "{sent:?}");
        loan.signal("a-998", APPROVED).await.unwrap();
        world.open();
        assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_000));
        orchestrator.shutdown().await;
    });
}

#[test]
fn instances_that_wait_for_a_signal_give_their_places_to_others() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = builder(data.open(), &world).max_active(1).build().await.unwrap();
        let mut loans = Vec::new();
        for number in 0..50 {
            loans.push(orchestrator.start::<Loan>(format!("loan-{number}"), 1).await.unwrap());
        }
        for loan in &loans {
            stands(loan, 1, StepState::Waiting).await;
        }
        // The last ones first, each woken twice.
        for loan in loans.iter().rev() {
            loan.signal("a", APPROVED).await.unwrap();
        }
        for loan in loans.iter().rev() {
            stands(loan, 2, StepState::Waiting).await;
            loan.signal("s", SIGNED).await.unwrap();
        }
        for loan in &loans {
            assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_007));
        }
        assert_eq!(world.active_max(), 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn an_instance_woken_for_nothing_gives_its_place_back() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = builder(data.open(), &world).max_active(1).build().await.unwrap();
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        loan.signal("a", APPROVED).await.unwrap();
        stands(&loan, 2, StepState::Waiting).await;
        for number in 0..20 {
            // Nobody waits for another approval.
            loan.signal(format!("again-{number}"), APPROVED).await.unwrap();
            let other = orchestrator.start::<Loan>(format!("other-{number}"), 1).await.unwrap();
            grant(&other).await;
            assert_eq!(other.outcome().await.unwrap(), Outcome::Completed(3_007));
        }
        loan.signal("s", SIGNED).await.unwrap();
        assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_007));
        orchestrator.shutdown().await;
    });
}

#[test]
fn i19_no_signal_is_lost_while_an_instance_leaves_memory_or_comes_back() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = builder(data.open(), &world).max_active(8).build().await.unwrap();
        let mut sending = tokio::task::JoinSet::new();
        for number in 0..300_u32 {
            let orchestrator = orchestrator.clone();
            sending.spawn(async move {
                let id = format!("contract-{number}");
                let contract = orchestrator.start::<Contract>(id, ()).await.unwrap();
                // Each at another moment of the other's life.
                for _ in 0..number % 17 {
                    tokio::task::yield_now().await;
                }
                contract.signal("a", Approved { by: number }).await.unwrap();
                for _ in 0..number % 23 {
                    tokio::task::yield_now().await;
                }
                if number % 3 == 0 {
                    contract.signal("again", Approved { by: 1_000 }).await.unwrap();
                }
                contract.signal("s", Signed { page: 1 }).await.unwrap();
                let outcome = contract.outcome().await.unwrap();
                assert_eq!(outcome, Outcome::Completed(1_000 + number));
            });
        }
        while let Some(sent) = sending.join_next().await {
            sent.unwrap();
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn signals_that_come_while_an_instance_is_parked_count_when_it_goes_on() {
    on_both(async |data| {
        let orchestrator = Orchestrator::builder(data.open()).register(Blocked).build().await.unwrap();
        let blocked = orchestrator.start::<Blocked>("blocked-1", ()).await.unwrap();
        assert!(matches!(blocked.outcome().await.unwrap(), Outcome::Parked(_)));
        blocked.signal("t", "while it is parked".to_owned()).await.unwrap();
        assert!(matches!(blocked.outcome().await.unwrap(), Outcome::Parked(_)));
        orchestrator.resolve("blocked-1", retry()).await.unwrap();
        assert_eq!(blocked.outcome().await.unwrap(), Outcome::Completed(18));
        orchestrator.shutdown().await;
    });
}

/// Parks before it waits.
struct Blocked;

#[saga(name = "blocked")]
impl Blocked {
    #[step(compensate = unblock, in_doubt = park)]
    async fn block(&self, cx: &StepContext) -> Result<u32, StepError> {
        match cx.attempt() {
            1 => Err(StepError::in_doubt("no answer")),
            attempt => Ok(attempt),
        }
    }
    async fn unblock(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[step(signal, read_only)]
    async fn text(&self, signal: &String, block: &u32) -> Result<usize, StepError> {
        let _ = block;
        Ok(signal.len())
    }
}

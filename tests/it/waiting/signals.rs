//! Signals: early, late and twice, each kept once, durable before it is acknowledged.

use std::pin::pin;

use sagas::prelude::*;
use sagas::{Error, InstanceState, StepState};

use super::loan::{
    APPROVED, Approved, Arrived, Contract, House, Loan, LoanStep, Parcel, ParcelStep, SIGNED, builder, grant,
    open, stands,
};
use super::{DAY, in_time, pass};
use crate::support::data::{Data, on_both};
use crate::support::probe::Moment;
use crate::support::world::{Act, World};
use crate::support::{poll_times, retry, soon};

#[test]
fn a_step_waits_for_its_signal_and_is_called_with_it() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        stands(&loan, 1, StepState::Waiting).await;
        assert_eq!(world.calls(), ["apply"]);
        let status = loan.status().await.unwrap();
        assert_eq!((status.state, status.needs_attention), (InstanceState::Running, false));
        loan.signal("a", APPROVED).await.unwrap();
        stands(&loan, 2, StepState::Waiting).await;
        assert_eq!(world.calls(), ["apply", "approved"]);
        loan.signal("s", SIGNED).await.unwrap();
        assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_007));
        assert_eq!(world.calls(), ["apply", "approved", "signed", "pay"]);
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_signal_that_comes_early_is_kept_until_its_step_waits() {
    on_both(async |data| {
        let world = World::default().script("apply", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        world.called("apply", 1).await;
        // Both, and the later one first.
        loan.signal("s", SIGNED).await.unwrap();
        loan.signal("a", APPROVED).await.unwrap();
        assert_eq!(world.calls(), ["apply"]);
        world.open();
        assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_007));
        orchestrator.shutdown().await;
    });
}

#[test]
fn the_first_signal_counts_and_another_of_its_id_or_type_changes_nothing() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        loan.signal("a", Approved { by: 1 }).await.unwrap();
        loan.signal("a", Approved { by: 2 }).await.unwrap();
        loan.signal("b", Approved { by: 3 }).await.unwrap();
        stands(&loan, 2, StepState::Waiting).await;
        loan.signal("c", Approved { by: 4 }).await.unwrap();
        loan.signal("a", Approved { by: 5 }).await.unwrap();
        // An id is of an instance, not of a step: this one has had it.
        loan.signal("a", SIGNED).await.unwrap();
        stands(&loan, 2, StepState::Waiting).await;
        loan.signal("s", SIGNED).await.unwrap();
        assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_001));
        assert_eq!(world.count("approved"), 1);
        orchestrator.shutdown().await;
    });
}

#[test]
fn two_steps_wait_at_once_for_whichever_comes_first() {
    on_both(async |data| {
        let orchestrator = builder(data.open(), &World::default()).max_active(1).build().await.unwrap();
        for (id, signs_first) in [("contract-1", true), ("contract-2", false)] {
            let contract = orchestrator.start::<Contract>(id, ()).await.unwrap();
            stands(&contract, 0, StepState::Waiting).await;
            stands(&contract, 1, StepState::Waiting).await;
            if signs_first {
                contract.signal("s", SIGNED).await.unwrap();
                stands(&contract, 1, StepState::Succeeded).await;
                contract.signal("a", APPROVED).await.unwrap();
            } else {
                contract.signal("a", APPROVED).await.unwrap();
                stands(&contract, 0, StepState::Succeeded).await;
                contract.signal("s", SIGNED).await.unwrap();
            }
            assert_eq!(contract.outcome().await.unwrap(), Outcome::Completed(3_007));
        }
        orchestrator.shutdown().await;
    });
}

#[test]
fn i8_a_signal_that_does_not_come_in_time_is_a_refusal() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        // Of another step; it does not help.
        loan.signal("s", SIGNED).await.unwrap();
        pass(3 * DAY).await;
        let Outcome::Compensated(failure) = loan.outcome().await.unwrap() else { panic!("nobody approved") };
        assert_eq!((failure.step, failure.kind), (Some(LoanStep::Approved), FailureKind::Rejected));
        assert_eq!((failure.code.as_deref(), failure.attempts), (Some("signal_timeout"), 0));
        assert_eq!(world.calls(), ["apply", "apply/compensate"]);

        // The other waits as long as it takes.
        let loan = orchestrator.start::<Loan>("loan-2", 1).await.unwrap();
        loan.signal("a", APPROVED).await.unwrap();
        pass(4 * DAY).await;
        let status = loan.status().await.unwrap();
        assert_eq!((status.state, status.needs_attention), (InstanceState::Running, false));
        loan.signal("s", SIGNED).await.unwrap();
        assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_007));
        orchestrator.shutdown().await;
    }));
}

#[test]
fn i12_a_signal_that_does_not_come_in_time_after_the_pivot_parks() {
    let data = Data::memory();
    data.runtime().block_on(in_time(async {
        let world = World::default();
        let orchestrator = open(data.open(), &world).await;
        let parcel = orchestrator.start::<Parcel>("parcel-1", ()).await.unwrap();
        for _ in 0..2 {
            pass(DAY).await;
            let Outcome::Parked(parked) = parcel.outcome().await.unwrap() else { panic!("it never arrived") };
            assert_eq!((parked.step, parked.reason), (ParcelStep::Arrived, ParkReason::Refused));
            // To be tried again is to be waited for again.
            orchestrator.resolve("parcel-1", retry()).await.unwrap();
            assert_eq!(parcel.try_outcome().await.unwrap(), None);
        }
        pass(DAY).await;
        assert!(matches!(parcel.outcome().await.unwrap(), Outcome::Parked(_)));
        // One that came when nobody waited counts once somebody does.
        parcel.signal("a", Arrived).await.unwrap();
        orchestrator.resolve("parcel-1", retry()).await.unwrap();
        assert!(matches!(parcel.outcome().await.unwrap(), Outcome::Completed(_)));
        orchestrator.shutdown().await;
    }));
}

#[test]
fn a_signal_wakes_a_child_whose_parent_waits_for_it() {
    on_both(async |data| {
        let world = World::default();
        let orchestrator = builder(data.open(), &world).max_active(1).build().await.unwrap();
        let house = orchestrator.start::<House>("house-1", ()).await.unwrap();
        stands(&house, 0, StepState::Running).await;
        let loan = orchestrator.handle::<Loan>("house-1/loan");
        while let Err(error) = loan.status().await {
            assert!(matches!(error, Error::NotFound { .. }), "{error}");
            tokio::task::yield_now().await;
        }
        stands(&loan, 1, StepState::Waiting).await;
        grant(&loan).await;
        assert_eq!(house.outcome().await.unwrap(), Outcome::Completed(3_007));
        orchestrator.shutdown().await;
    });
}

#[test]
fn i2_a_signal_is_durable_before_it_is_acknowledged() {
    on_both(async |data| {
        let world = World::default();
        let store = data.open();
        let plan = store.plan();
        let orchestrator = open(store, &world).await;
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        stands(&loan, 1, StepState::Waiting).await;
        plan.hold();
        let mut sent = pin!(loan.signal("a", APPROVED));
        assert!(poll_times(sent.as_mut(), 100).await.is_none(), "nothing is durable yet");
        assert_eq!(world.count("approved"), 0);
        plan.release();
        sent.await.unwrap();
        world.called("approved", 1).await;
        orchestrator.shutdown().await;
    });
}

#[test]
fn i3_an_acknowledged_signal_survives_a_crash() {
    for data in Data::both() {
        let world = World::default().script("apply", &[Act::Wait]);
        let life = data.runtime();
        life.block_on(soon(async {
            let store = data.open();
            let plan = store.plan();
            let orchestrator = open(store, &world).await;
            let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
            world.called("apply", 1).await;
            grant(&loan).await;
            // What comes next is lost.
            plan.crash(plan.commits() + 1, Moment::Before);
            world.open();
            plan.crashed().await;
        }));
        life.shutdown_background();
        data.runtime().block_on(soon(async {
            let orchestrator = open(data.open_once_free().await, &world).await;
            let loan = orchestrator.handle::<Loan>("loan-1");
            assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_007));
            assert_eq!(world.count("apply"), 2);
            orchestrator.shutdown().await;
        }));
    }
}

#[test]
fn a_signal_that_could_not_be_kept_is_sent_again_under_its_id() {
    on_both(async |data| {
        for moment in [Moment::Before, Moment::After] {
            let store = data.open();
            let plan = store.plan();
            let orchestrator = open(store, &World::default()).await;
            let id = format!("loan-{moment:?}");
            let loan = orchestrator.start::<Loan>(&id, 1).await.unwrap();
            stands(&loan, 1, StepState::Waiting).await;
            plan.fail(plan.commits() + 1, &[moment]);
            let sent = loan.signal("a", APPROVED).await;
            assert!(matches!(sent, Ok(()) | Err(Error::Store(_))), "{sent:?}");
            loan.signal("a", APPROVED).await.unwrap();
            loan.signal("s", SIGNED).await.unwrap();
            assert_eq!(loan.outcome().await.unwrap(), Outcome::Completed(3_007));
            orchestrator.shutdown().await;
        }
    });
}

#[test]
fn i14_a_signal_to_an_instance_that_compensates_changes_nothing() {
    on_both(async |data| {
        let world =
            World::default().script("approved", &[Act::Reject]).script("apply/compensate", &[Act::Wait]);
        let orchestrator = open(data.open(), &world).await;
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        loan.signal("a", APPROVED).await.unwrap();
        world.called("apply/compensate", 1).await;
        loan.signal("s", SIGNED).await.unwrap();
        loan.signal("b", Approved { by: 9 }).await.unwrap();
        world.open();
        let Outcome::Compensated(failure) = loan.outcome().await.unwrap() else { panic!("it was refused") };
        assert_eq!(failure.step, Some(LoanStep::Approved));
        assert_eq!((world.count("approved"), world.count("signed")), (1, 0));
        orchestrator.shutdown().await;
    });
}

#[test]
fn i8_what_a_signal_led_to_is_compensated_with_it() {
    on_both(async |data| {
        let world = World::default().script("pay", &[Act::Reject]);
        let orchestrator = open(data.open(), &world).await;
        let loan = orchestrator.start::<Loan>("loan-1", 1).await.unwrap();
        grant(&loan).await;
        assert!(matches!(loan.outcome().await.unwrap(), Outcome::Compensated(_)));
        let calls = world.calls();
        assert_eq!(
            calls[calls.len() - 3..],
            ["signed/compensate", "approved/compensate", "apply/compensate"]
        );
        assert!(world.in_force().is_empty());
        orchestrator.shutdown().await;
    });
}

#[test]
fn a_signal_that_reads_as_another_type_by_now_parks_at_its_step() {
    /// The same saga with another message.
    mod other {
        use sagas::prelude::*;

        pub(super) struct Loan;

        #[saga(name = "contract")]
        impl Loan {
            #[step(signal, compensate = disapprove, idempotent, after())]
            async fn approved(&self, signal: &Vec<u8>) -> Result<u32, StepError> {
                Ok(u32::from(signal[0]))
            }
            async fn disapprove(&self) -> Result<(), StepError> {
                Ok(())
            }
            #[step(signal, compensate = unsign, idempotent, after())]
            async fn signed(&self, signal: &String) -> Result<u32, StepError> {
                signal.parse().map_err(Into::into)
            }
            async fn unsign(&self) -> Result<(), StepError> {
                Ok(())
            }
            #[step(compensate = unfile, idempotent)]
            async fn file(&self, approved: &u32, signed: &u32) -> Result<u32, StepError> {
                Ok(signed + approved)
            }
            async fn unfile(&self) -> Result<(), StepError> {
                Ok(())
            }
        }
    }

    on_both(async |data| {
        let old = Orchestrator::builder(data.open()).register(other::Loan).build().await.unwrap();
        let handle = old.start::<other::Loan>("contract-1", ()).await.unwrap();
        stands(&handle, 0, StepState::Waiting).await;
        // Kept, and not read before the next deployment.
        handle.signal("s", "page seventeen".to_owned()).await.unwrap();
        old.shutdown().await;

        let world = World::default();
        let new = open(data.open(), &world).await;
        let contract = new.handle::<Contract>("contract-1");
        contract.signal("a", Approved { by: 1 }).await.unwrap();
        let Outcome::Parked(parked) = contract.outcome().await.unwrap() else { panic!("a text is no page") };
        assert_eq!((parked.step.name(), parked.reason), ("signed", ParkReason::Decode));
        assert!(!parked.message.contains("seventeen"), "no payload in {parked:?}");
        new.shutdown().await;

        let old = Orchestrator::builder(data.open()).register(other::Loan).build().await.unwrap();
        let handle = old.handle::<other::Loan>("contract-1");
        old.resolve("contract-1", retry()).await.unwrap();
        let Outcome::Parked(parked) = handle.outcome().await.unwrap() else { panic!("no list of bytes") };
        assert_eq!((parked.step.name(), parked.reason), ("approved", ParkReason::Decode));
        old.shutdown().await;
    });
}

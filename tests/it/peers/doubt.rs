//! An effect that nobody was told of.

use sagas::prelude::*;

use crate::support::data::Data;
use crate::support::probe::Moment;
use crate::support::process::live;
use crate::support::shop::ShopStep;
use crate::support::world::{Act, World};

/// Runs an order whose process dies when the step `step` has had its effect, before that is in the journal.
fn die_after_effect(data: &Data, world: &World, append: usize) -> Outcome<crate::support::shop::Shop> {
    assert!(live(data, world, Some((append, Moment::Before))).is_none(), "it dies");
    live(data, world, None).expect("this life has no crash")
}

#[test]
fn peer_i8_a_step_that_had_its_effect_and_then_fails_without_a_refusal_is_compensated() {
    // The third append would tell that `reserve` succeeded. Then its service is down for as long as it is asked, and
    // comes back for the compensation.
    for data in Data::both() {
        let acts = [Act::Succeed, Act::NotDone, Act::NotDone];
        let world = World::default().script("reserve", &acts);
        let outcome = die_after_effect(&data, &world, 3);
        let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.step, Some(ShopStep::Reserve));
        assert_eq!((world.effects(), world.count("reserve/compensate")), (2, 1));
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
    }
}

#[test]
fn peer_i8_a_step_that_had_its_effect_and_is_refused_when_it_is_called_again_leaves_nothing() {
    // A refusal after an attempt in doubt: the compensation of the first step takes no output, so it is called.
    for data in Data::both() {
        let world = World::default().script("create_order", &[Act::Succeed, Act::Reject]);
        let outcome = die_after_effect(&data, &world, 2);
        let Outcome::Compensated(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.step, Some(ShopStep::CreateOrder));
        assert_eq!((world.effects(), world.count("create_order/compensate")), (1, 1));
        assert!(world.in_force().is_empty(), "{:?}", world.in_force());
    }
}

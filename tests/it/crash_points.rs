//! The process dies at every append, before and after the write, and once more in its next life.

use crate::support::process::{assert_sound, live};
use crate::support::shop::{Act, World};
use crate::support::stores::{Data, Moment};

/// One order's script: what its services do.
type Script = (&'static str, &'static [(&'static str, &'static [Act])]);

/// The sequences that are crashed everywhere. Together they take every kind of step through every kind of end.
const SCRIPTS: [Script; 14] = [
    ("all succeed", &[]),
    ("the first is refused", &[("create_order", &[Act::Reject])]),
    ("refused in the middle", &[("pay", &[Act::Reject])]),
    ("the pivot is refused", &[("ship", &[Act::Reject])]),
    ("not done, then done", &[("reserve", &[Act::NotDone, Act::NotDone])]),
    ("not done until the budget is spent", &[("reserve", &[Act::NotDone; 3])]),
    ("idempotent, answer lost", &[("create_order", &[Act::LoseAnswer]), ("reserve", &[Act::LoseAnswer])]),
    ("in doubt until the budget is spent", &[("reserve", &[Act::LoseAnswer; 3])]),
    ("checked: it was done", &[("pay", &[Act::LoseAnswer]), ("pay/check", &[Act::NotDone])]),
    ("checked: it was not done", &[("pay", &[Act::LoseRequest])]),
    ("settled, then compensated", &[("reserve", &[Act::LoseAnswer, Act::LoseRequest, Act::LoseRequest])]),
    (
        "compensations fail",
        &[
            ("ship", &[Act::Reject]),
            ("pay/compensate", &[Act::LoseAnswer, Act::NotDone]),
            ("reserve/compensate", &[Act::Panic, Act::LoseRequest]),
        ],
    ),
    ("a compensation is refused, then done", &[("ship", &[Act::Reject]), ("pay/compensate", &[Act::Reject])]),
    (
        "after the pivot it only goes forward",
        &[("ship", &[Act::LoseAnswer, Act::Panic]), ("notify", &[Act::NotDone, Act::LoseAnswer])],
    ),
];

/// More appends than any of the sequences makes.
const APPENDS_MAX: usize = 60;

fn world(script: Script) -> World {
    script.1.iter().fold(World::default(), |world, (step, acts)| world.script(step, acts))
}

/// Kills the process at each of its appends in turn; `then` lives on from there.
fn crash_everywhere(data: fn() -> Data, mut then: impl FnMut(&Data, &World, &str)) {
    for script in SCRIPTS {
        for moment in [Moment::Before, Moment::After] {
            for append in 1.. {
                assert!(append < APPENDS_MAX, "{}: it never ends", script.0);
                let (data, world) = (data(), world(script));
                let what = format!("{}, died {moment:?} append {append}", script.0);
                match live(&data, &world, Some((append, moment))) {
                    None => then(&data, &world, &what),
                    Some(outcome) => {
                        assert_sound(&world, &outcome, &what);
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_every_effect_stands_or_is_compensated() {
    let mut crashes = 0;
    crash_everywhere(Data::memory, |data, world, what| {
        crashes += 1;
        let outcome = live(data, world, None).expect("this life has no crash");
        assert_sound(world, &outcome, what);
    });
    assert!(crashes > 150, "only {crashes} crashes");
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_the_file_holds_what_was_acknowledged() {
    crash_everywhere(Data::sqlite, |data, world, what| {
        let outcome = live(data, world, None).expect("this life has no crash");
        assert_sound(world, &outcome, what);
    });
}

#[test]
fn i3_i5_i8_after_two_crashes_in_a_row() {
    crash_everywhere(Data::memory, |data, world, what| {
        for append in 1..=4 {
            // The second life goes on where the first one died, so it is killed a little further each time.
            let what = format!("{what}, then at append {append}");
            if let Some(outcome) = live(data, world, Some((append, Moment::After))) {
                return assert_sound(world, &outcome, &what);
            }
        }
        let outcome = live(data, world, None).expect("this life has no crash");
        assert_sound(world, &outcome, what);
    });
}

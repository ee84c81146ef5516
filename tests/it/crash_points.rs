//! The process dies at every append, before and after the write, and once more in its next life.

use crate::support::data::Data;
use crate::support::probe::Moment;
use crate::support::process::{assert_sound, live};
use crate::support::scripts::{SCRIPTS, world};
use crate::support::world::World;

/// More appends than any of the sequences makes.
const APPENDS_MAX: usize = 60;

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

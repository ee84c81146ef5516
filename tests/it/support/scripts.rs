//! What the services of one order do, for tests that run all of them.

use super::world::{Act, World};

/// One order's script: what its services do.
pub(crate) type Script = (&'static str, &'static [(&'static str, &'static [Act])]);

/// Together they take every kind of step through every kind of end.
pub(crate) const SCRIPTS: [Script; 14] = [
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

/// The services of a script.
pub(crate) fn world(script: Script) -> World {
    script.1.iter().fold(World::default(), |world, (step, acts)| world.script(step, acts))
}

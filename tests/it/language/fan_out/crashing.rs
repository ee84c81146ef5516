//! The process dies between the items.

use sagas::prelude::*;

use super::warehouse::{ITEMS_MAX, Warehouse};
use crate::support::answers::Answers;
use crate::support::data::Data;
use crate::support::lives::{Story, crash_again_and_again, crash_everywhere, go_on_from_every_prefix, live};
use crate::support::probe::Moment;
use crate::support::world::Act;

#[test]
fn as_many_items_as_are_allowed_complete_also_over_a_crash_and_are_compensated() {
    for (last, completes) in [(Act::Succeed, true), (Act::Reject, false)] {
        let warehouse = Warehouse::of(ITEMS_MAX).script("pack", &[last]);
        let data = Data::memory();
        assert!(live(&data, &warehouse, Some((4_000, Moment::After))).is_none());
        let outcome = live(&data, &warehouse, None).unwrap();
        let what = format!("it was {last:?}");
        assert_eq!(matches!(outcome, Outcome::Completed(_)), completes, "{what}");
        warehouse.assert_sound(&outcome, &what);
        assert!(warehouse.world.count("reserve") <= usize::try_from(ITEMS_MAX).unwrap() + 3);
    }
}

/// What may happen to a few items.
fn stories() -> Vec<(&'static str, Warehouse)> {
    let fickle = || Warehouse::new(Answers::new([vec![100, 101], vec![100], vec![100, 101, 102]].map(Some)));
    vec![
        ("all succeed", Warehouse::of(4)),
        ("none", Warehouse::of(0)),
        ("the list changes", fickle()),
        ("the list panics", Warehouse::new(Answers::new([None, Some(vec![100, 101])]))),
        ("one fails for a while", Warehouse::of(2).script("reserve/1", &[Act::LoseAnswer, Act::NotDone])),
        ("the first is refused", Warehouse::of(4).script("reserve/0", &[Act::Reject])),
        ("the last is refused", Warehouse::of(4).script("reserve/3", &[Act::LoseRequest, Act::Reject])),
        ("one stays in doubt", Warehouse::of(2).script("reserve/1", &[Act::LoseAnswer; 3])),
        (
            "one is settled in vain",
            fickle().script("reserve/0", &[Act::LoseRequest; 4]).script("reserve/1", &[Act::Panic]),
        ),
        (
            "compensations fail",
            Warehouse::of(2)
                .script("pack", &[Act::Reject])
                .script("reserve/0/compensate", &[Act::NotDone, Act::Reject])
                .script("reserve/1/compensate", &[Act::LoseAnswer]),
        ),
    ]
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_every_item_stands_or_is_compensated() {
    for (at, (what, _)) in stories().iter().enumerate() {
        let make = || stories().swap_remove(at).1;
        assert!(crash_everywhere(Data::memory, what, make) >= 6, "{what}");
        crash_again_and_again(what, make);
    }
}

#[test]
fn i3_i5_i8_after_a_crash_at_any_append_the_file_holds_what_was_acknowledged_of_items() {
    for what in ["one fails for a while", "the last is refused", "compensations fail"] {
        let make = || stories().into_iter().find(|story| story.0 == what).unwrap().1;
        assert!(crash_everywhere(Data::sqlite, what, make) >= 6, "{what}");
    }
}

#[test]
fn i5_every_prefix_of_a_journal_with_items_is_gone_on_from() {
    let mut seen = Vec::new();
    for (at, (what, _)) in stories().iter().enumerate() {
        seen.extend(go_on_from_every_prefix(what, || stories().swap_remove(at).1));
    }
    for event in ["ItemsListed", "Parked", "CompensationFailed", "CompensationDecided"] {
        assert!(seen.contains(&event), "{event}");
    }
}

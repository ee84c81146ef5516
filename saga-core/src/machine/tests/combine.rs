//! What can be said of a step can be said together.

use std::time::Duration;

use super::rig::*;
use crate::definition::{CompensationDefinition, OutputUse, StepDefinition, StepKind};
use crate::fault::FaultKind;
use crate::journal::{Event, FailureKind, Next};
use crate::machine::{ChildNeed, Question};

const SECOND: Duration = Duration::from_secs(1);

fn child(name: &str) -> StepDefinition {
    let compensation = CompensationDefinition::new("child", OutputUse::Unused);
    StepDefinition::new(name, StepKind::Compensatable).compensation(compensation).child("other-saga")
}

#[test]
fn everything_in_its_order_and_what_nothing_holds_up_in_one_entry() {
    let all = step("b").conditional().delay(SECOND).signal(Some(SECOND)).fan_out(2).max_running(2);
    let mut rig = Rig::begin_and_pass(chain([step("a"), all]), &["a"]);
    assert_eq!(rig.holds("b", true), [held("b"), delayed("b", rig.after(1_000))]);
    assert_eq!(rig.machine.question(), None);
    assert_eq!(rig.later(1_000), [awaited("b", Some(rig.after(1_000)))]);
    assert_eq!(rig.signal("b", "m1"), [received("b", "m1")]);
    assert_eq!(rig.machine.question(), Some(Question::Items(rig.index("b"))));
    assert_eq!(rig.lists("b", 1), [listed("b", 1), started("b/0", 1)]);
    assert_eq!(rig.ok("b/0"), [succeeded("b/0"), Event::Completed]);
}

#[test]
fn a_conditional_fan_out_is_skipped_as_a_whole() {
    let mut rig = Rig::begin_and_pass(chain([step("a").conditional().fan_out(2), step("b")]), &[]);
    assert_eq!(rig.holds("a", false), [skipped("a"), started("b", 1)]);
}

#[test]
fn a_child_after_a_signal_starts_when_its_message_comes() {
    let mut rig = Rig::begin_and_pass(chain([step("a").signal(None), child("b").conditional()]), &[]);
    rig.signal("a", "m1");
    assert_eq!(rig.ok("a"), [succeeded("a")]);
    assert_eq!(rig.holds("b", true), [held("b"), started("b", 1)]);
    assert_eq!(rig.machine.children().next(), Some((rig.index("b"), ChildNeed::End, 1)));
}

#[test]
fn a_child_can_wait_for_a_message_itself() {
    let mut rig = Rig::begin_and_pass(chain([child("a").signal(None).delay(SECOND)]), &[]);
    assert_eq!(rig.machine.children().next(), None);
    rig.later(1_000);
    assert_eq!(rig.signal("a", "m1"), [received("a", "m1"), started("a", 1)]);
}

#[test]
fn i11_a_fan_out_between_others_is_compensated_in_its_turn() {
    let steps =
        vec![step("a"), step("b").after(&[0]).fan_out(2), step("c").after(&[0]), step("d").after(&[1, 2])];
    let mut rig = Rig::begin_and_pass(steps, &["a"]);
    rig.lists("b", 2);
    for step in ["b/0", "b/1", "c"] {
        rig.ok(step);
    }
    assert_eq!(
        rig.fail("d", FaultKind::Rejected),
        [
            failed("d", 1, FaultKind::Rejected, Next::Void),
            decided("d", FailureKind::Rejected, 1),
            compensating("c", 1),
            compensating("b/1", 1),
            compensating("b/0", 1)
        ]
    );
    rig.compensated("c");
    assert_eq!(rig.compensated("b/0"), [compensation_succeeded("b/0")]);
    assert_eq!(rig.compensated("b/1"), [compensation_succeeded("b/1"), compensating("a", 1)]);
}

#[test]
fn an_early_message_does_not_spare_the_condition() {
    let mut rig = Rig::begin_and_pass(chain([step("a").signal(None).conditional(), step("b")]), &[]);
    assert_eq!(rig.signal("a", "m1"), [received("a", "m1")]);
    assert_eq!(rig.holds("a", false), [skipped("a"), started("b", 1)]);
    assert_eq!(rig.signal("a", "m2"), []);
}

#[test]
fn a_whole_saga_of_several_kinds_completes() {
    let steps = chain([
        read_only("look").conditional(),
        step("a").fan_out(1),
        pivot("p").idempotent().signal(Some(SECOND)),
        retriable("r").idempotent().fan_out(2).conditional(),
        read_only("last").delay(SECOND),
    ]);
    let mut rig = Rig::begin_and_pass(steps, &[]);
    rig.holds("look", false);
    rig.lists("a", 1);
    assert_eq!(rig.ok("a/0"), [succeeded("a/0"), awaited("p", Some(rig.after(1_000)))]);
    rig.signal("p", "m1");
    rig.ok("p");
    rig.holds("r", true);
    rig.lists("r", 1);
    assert_eq!(rig.ok("r/0"), [succeeded("r/0"), delayed("last", rig.after(1_000))]);
    assert_eq!(rig.later(1_000), [started("last", 1)]);
    assert_eq!(rig.ok("last"), [succeeded("last"), Event::Completed]);
}

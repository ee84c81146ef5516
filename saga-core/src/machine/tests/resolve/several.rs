//! Decisions on all of several that are parked, or on one of them.

use super::*;

#[test]
fn retry_and_skip_are_of_everything_that_is_parked() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b"), step("c").after(&[0, 1])], &["a", "b"]);
    rig.fail("c", FaultKind::Rejected);
    rig.compensation_fails("a", FaultKind::Rejected);
    rig.compensation_fails("b", FaultKind::Rejected);
    let skipped = [resolved_as("a", SKIP), resolved_as("b", SKIP), Event::Compensated];
    assert_eq!(rig.handle(resolve_all(Decision::Skip)), skipped);
    assert_eq!(left_standing(&rig), [name("a"), name("b")]);
}

#[test]
fn what_does_not_fit_one_is_refused_for_all() {
    let mut rig = Rig::begin_and_pass(vec![step("a"), step("b"), step("c").after(&[0, 1])], &["a", "b"]);
    rig.fail("c", FaultKind::Rejected);
    rig.compensation_fails("a", FaultKind::Rejected);
    rig.compensation_fails("b", FaultKind::Rejected);
    rig.park("b", ParkReason::Decode);
    let refused = rig.try_handle(resolve_all(Decision::Skip));
    let why = "step b is parked (cannot be decoded): put that right, then retry it".to_owned();
    assert_eq!(refused, Err(Unexpected::NotApplicable { why }));
    assert_eq!(rig.resolve("a", Decision::Skip), Ok(vec![resolved_as("a", SKIP)]));
}

#[test]
fn succeeded_and_void_are_of_the_only_one_or_name_one() {
    for (decision, events) in [(success(), 3), (Decision::Void, 3)] {
        assert_eq!(parked_in_doubt().handle(resolve_all(decision)).len(), events);
    }
    let doubtful = || step("b").park_in_doubt().fan_out(2);
    for decision in [success(), Decision::Void] {
        let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt(), doubtful()], &[]);
        rig.lists("b", 2);
        rig.fail("a", IN_DOUBT);
        rig.fail("b/1", IN_DOUBT);
        let why = "several steps are parked (a, b/1): name one".to_owned();
        let refused = rig.try_handle(resolve_all(decision.clone()));
        assert_eq!(refused, Err(Unexpected::NotApplicable { why }));
        assert!(rig.resolve("b/1", decision).is_ok());
    }
}

#[test]
fn not_all_of_ten_thousand_are_named() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt().fan_out(20)], &[]);
    rig.lists("a", 20);
    (0..12).for_each(|item| drop(rig.fail(&format!("a/{item}"), IN_DOUBT)));
    let Err(Unexpected::NotApplicable { why }) = rig.try_handle(resolve_all(Decision::Void)) else {
        panic!("it names one");
    };
    assert!(why.ends_with("a/8, a/9 and 2 more): name one"), "{why}");
    assert_eq!(rig.machine.parked_all().count(), 12);
}

#[test]
fn one_of_several_is_resolved_and_the_others_stay() {
    let mut rig = Rig::begin_and_pass(vec![step("a").park_in_doubt(), step("b").park_in_doubt()], &[]);
    rig.fail("a", IN_DOUBT);
    rig.fail("b", IN_DOUBT);
    let since = rig.machine.progress().since;
    rig.later(10);
    let expected = vec![resolved_as("a", SUCCEEDED), succeeded("a")];
    assert_eq!(rig.resolve("a", success()), Ok(expected));
    assert_eq!(rig.machine.instance_state(), InstanceState::Parked);
    assert_eq!(rig.machine.progress().since, since, "it was parked all the time");
    let parked: Vec<_> = rig.machine.parked_all().map(|parked| parked.step).collect();
    assert_eq!(parked, [name("b")]);
    assert_eq!(rig.resolve("b", Decision::Retry), Ok(vec![resolved("b"), started("b", 2)]));
}

#[test]
fn a_step_may_be_void_while_others_are_parked_or_under_way() {
    let steps = vec![step("a").park_in_doubt(), step("b").park_in_doubt(), step("c")];
    let mut rig = Rig::begin_and_pass(steps, &[]);
    rig.fail("a", IN_DOUBT);
    rig.fail("b", IN_DOUBT);
    let decided = decided_by("a", FailureKind::NotDone, None, "fixed", 1);
    let expected = vec![resolved_as("a", VOID), decided, compensating("b", 1)];
    assert_eq!(rig.resolve("a", Decision::Void), Ok(expected));
    assert_eq!(rig.ok("c"), [succeeded("c"), compensating("c", 1)]);
}

#[test]
fn what_is_not_parked_is_not_to_be_decided() {
    let mut rig = parked_in_doubt();
    for decision in decisions() {
        assert_eq!(rig.why_not("a", decision), "step a is not parked, but b");
    }
    let mut rig = Rig::begin_and_pass(chain([step("a")]), &[]);
    for decision in decisions() {
        assert_eq!(rig.resolve("a", decision.clone()), Err(Unexpected::NotParked), "it runs");
        assert_eq!(rig.try_handle(resolve_all(decision)), Err(Unexpected::NotParked));
    }
    rig.ok("a");
    for decision in decisions() {
        assert_eq!(rig.try_handle(resolve_all(decision)), Err(Unexpected::NotParked), "I9: it has ended");
    }
    let mut rig = parked_in_doubt();
    let target = Target::One { step: rig.index("b"), item: Some(3) };
    let (who, note) = (String::new(), String::new());
    let input = Input::Resolve { target, decision: Decision::Retry, who, note };
    assert_eq!(rig.try_handle(input), Err(Unexpected::NoItem { step: name("b"), item: 3 }));
}

#[test]
fn a_decision_under_a_closed_gate_is_taken_down_and_starts_nothing() {
    let mut rig = parked_in_doubt();
    rig.pace = Pace::Hold;
    assert_eq!(rig.resolve("b", success()), Ok(vec![resolved_as("b", SUCCEEDED), succeeded("b")]));
    rig.pace = Pace::Go;
    assert_eq!(rig.later(0), [started("c", 1)]);
}

#[test]
fn i6_no_journal_has_a_success_that_nobody_decided() {
    let rig = parked_in_doubt();
    let mut state = rig.machine.state().clone();
    assert!(state.apply(&rig.definition, &succeeded("b"), rig.now).is_err());
    assert!(state.apply(&rig.definition, &resolved_as("b", SUCCEEDED), rig.now).is_ok());
    assert!(state.apply(&rig.definition, &succeeded("b"), rig.now).is_ok());
    assert!(state.apply(&rig.definition, &succeeded("b"), rig.now).is_err());
}

#[test]
fn who_and_why_are_in_the_journal() {
    let mut rig = parked_in_doubt();
    rig.resolve("b", success()).expect("it is parked");
    let last = rig.journal.last().expect("it has entries");
    assert!(matches!(&last.events[0], Event::Resolved { who, note, .. } if who == "ann" && note == "fixed"));
}

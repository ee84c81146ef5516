//! What can go otherwise does so, and a process can die in the middle of it.

use super::{dies_as_copied, repeat};
use crate::crashes::shapes::{
    Child, Conditional, Deadline, DeadlineDelay, DeadlinePivot, Doubt, FanOut, ParkedPivot, Pivot, Signal,
    Skipped, Two, Within,
};

#[test]
fn what_has_completed_is_taken_back_and_a_process_can_die_on_the_way() {
    let history = repeat::<Two>("revert", &[]);
    for line in ["Outcome(Completed)", "Reverted", "b/compensate", "a/compensate", "Outcome(Compensated)"] {
        assert!(history.contains(line), "{line}: {history}");
    }
    let completed = dies_as_copied::<Child>("");
    let reverted = dies_as_copied::<Child>("revert,q/compensate=timeout-done");
    assert!(reverted > completed + 10, "only {reverted} moments after {completed}");
}

#[test]
fn what_has_a_pivot_is_not_taken_back() {
    let history = repeat::<Pivot>("revert", &[]);
    assert!(history.contains("NotRevertible") && !history.contains("compensate"), "{history}");
}

#[test]
fn a_process_is_shut_down_at_each_append_and_the_next_one_goes_on() {
    for appends in 1..=4 {
        let history = repeat::<Two>(&format!("b=refused,shutdown@{appends}"), &[]);
        let next = history.split("the next process begins").nth(1).unwrap_or_default();
        assert!(next.contains("Outcome(Compensated)"), "{appends}: {history}");
    }
    assert!(dies_as_copied::<Child>("c=refused,shutdown@4") > dies_as_copied::<Child>("c=refused"));
}

/// What wakes when a process ends does so in the same order each time.
#[test]
fn a_history_with_an_end_in_its_second_process_is_the_same_whenever_it_is_repeated() {
    let history = repeat::<Two>("shutdown@2", &[0]);
    for _ in 0..20 {
        assert_eq!(repeat::<Two>("shutdown@2", &[0]), history);
    }
}

#[test]
fn a_client_that_leaves_at_each_append_comes_back() {
    let told = |history: &str| history.matches("is told Started").count();
    let left = (1..=3).map(|appends| repeat::<Two>(&format!("leave@{appends}"), &[]));
    let told: Vec<_> = left.map(|history| told(&history)).collect();
    // Whoever leaves before he is told that it is started is told so when he comes back.
    assert_eq!(told, [1, 2, 2]);
}

#[test]
fn pure_methods_panic_and_answer_otherwise() {
    let panics = repeat::<Conditional>("b/ask=panic", &[]);
    for line in ["Outcome(Parked)", "Resolved b", "ConditionHeld b", "Outcome(Completed)"] {
        assert!(panics.contains(line), "{line}: {panics}");
    }
    assert!(repeat::<FanOut>("b/ask=panic", &[]).contains("Parked b"));
    assert!(repeat::<Child>("b/ask=panic", &[]).contains("Parked b"));
    assert!(repeat::<Conditional>("b/ask=otherwise", &[]).contains("StepSkipped b"));
    assert!(repeat::<Skipped>("b/ask=otherwise", &[]).contains("ConditionHeld b"));
    let items = repeat::<FanOut>("b/ask=otherwise", &[]);
    assert!(items.contains("answer  b/1") && !items.contains("answer  b/2"), "{items}");
}

#[test]
fn messages_are_missed_and_come_late_and_twice() {
    let never = repeat::<Within>("b/message=never", &[]);
    assert!(never.contains("SignalMissed b") && never.contains("Outcome(Compensated)"), "{never}");
    let late = repeat::<Within>("b/message=too-late", &[]);
    assert!(late.contains("SignalMissed b") && !late.contains("is told Signalled"), "{late}");
    let waits = |history: &str| history.find("SignalAwaited") < history.find("is told Signalled");
    assert!(waits(&repeat::<Within>("b/message=later", &[])));
    assert!(waits(&repeat::<Signal>("b/message=later", &[])));
    let two = repeat::<Signal>("b/message=another", &[]);
    assert!(two.contains("approved-again") && two.matches("SignalReceived").count() == 1, "{two}");
    let twice = repeat::<Signal>("b/message=twice", &[]);
    assert!(twice.matches("is told Signalled").count() == 2, "{twice}");
    assert!(twice.matches("SignalReceived").count() == 1, "{twice}");
    assert!(dies_as_copied::<Within>("b/message=later") > dies_as_copied::<Within>("b/message=never"));
}

#[test]
fn a_deadline_passes_while_a_step_runs_and_while_nobody_does() {
    for act in ["late", "timeout", "timeout-done"] {
        let history = repeat::<Deadline>(&format!("b={act}"), &[]);
        assert!(history.contains("Outcome(Compensated)") && !history.contains("call    c"), "{history}");
        let history = repeat::<DeadlinePivot>(&format!("a={act}"), &[]);
        assert!(history.contains("Outcome(Compensated)") && !history.contains("call    b"), "{history}");
        // After the pivot there is no way back.
        for step in ["b", "c"] {
            let history = repeat::<DeadlinePivot>(&format!("{step}={act}"), &[]);
            assert!(history.contains("Outcome(Completed)"), "{history}");
        }
    }
    let waits = repeat::<DeadlineDelay>("", &[]);
    assert!(waits.contains("a/compensate") && !waits.contains("call    b"), "{waits}");
    assert!(repeat::<Deadline>("", &[2]).contains("Outcome(Completed)"));
    assert!(repeat::<Deadline>("", &[2, 2]).contains("Outcome(Compensated)"));
    assert!(dies_as_copied::<Deadline>("b=late") > 10);
}

#[test]
fn what_is_parked_in_doubt_is_looked_at_by_a_person() {
    for (act, how) in [("timeout-done", "Outcome(Completed)"), ("timeout", "Outcome(Compensated)")] {
        let history = repeat::<Doubt>(&format!("c={act}"), &[]);
        assert!(history.contains("Resolved c") && history.contains(how), "{history}");
        let history = repeat::<ParkedPivot>(&format!("b={act}"), &[]);
        assert!(history.contains("Resolved b") && history.contains(how), "{history}");
        let history = repeat::<ParkedPivot>(&format!("d={act}"), &[]);
        assert!(history.contains("Resolved d") && history.contains("Outcome(Completed)"), "{history}");
        // Nobody is asked where doubt is compensated.
        let history = repeat::<Doubt>(&format!("a={act}"), &[]);
        assert!(!history.contains("Resolved") && history.contains("Outcome(Compensated)"), "{history}");
    }
}

#[test]
fn what_only_reads_is_called_again_and_never_compensated() {
    let history = repeat::<Doubt>("b=timeout,c=refused", &[]);
    assert!(history.contains("call    b (attempt 2)") && !history.contains("b/compensate"), "{history}");
    assert!(repeat::<ParkedPivot>("c=refused", &[]).contains("Resolved c"));
}

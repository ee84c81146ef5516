//! What can go otherwise does so, and a process can die in the middle of it.

use super::{dies_as_copied, repeat};
use crate::crashes::shapes::{Child, Pivot, Two};

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

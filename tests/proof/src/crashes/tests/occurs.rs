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

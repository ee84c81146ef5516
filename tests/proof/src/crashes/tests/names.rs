//! What names a history is what occurs in it.

use crate::crashes::{Choice, run};

fn repeat(shape: &str, script: &str, crashes: &[usize]) -> Result<(), String> {
    let (shape, script, crashes) = (shape.to_owned(), script.to_owned(), crashes.to_vec());
    run(&Choice::One { shape, script, crashes }).map(drop)
}

#[test]
fn a_history_whose_crash_never_comes_does_not_exist() {
    for (crashes, process) in [(&[300][..], 1), (&[2, 300], 2), (&[300, 2], 1), (&[2, 2, 300], 3)] {
        let error = repeat("sequence-2", "", crashes).unwrap_err();
        let expected = format!("there is no such history: process {process} has ");
        assert!(error.starts_with(&expected) && error.ends_with(" and none is 300"), "{error}");
    }
    assert_eq!(repeat("sequence-2", "", &[2, 2]), Ok(()));
}

#[test]
fn a_history_in_which_something_of_its_script_never_occurs_does_not_exist() {
    for (shape, script, missing) in [
        // A call that is never made.
        ("sequence-2", "a#2=refused", "a#2=refused"),
        ("sequence-2", "b/compensate=failed", "b/compensate=failed"),
        ("sequence-2", "b=refused,a/compensate#2=failed", "a/compensate#2=failed"),
        ("fan-out", "b/3=refused", "b/3=refused"),
        // What a service of this kind does not do, and what a call cannot do twice.
        ("sequence-2", "a=twice", "a=twice"),
        ("sequence-2", "a=ok", "a=ok"),
        ("sequence-2", "a=refused,a=failed", "a=failed"),
        // There are fewer appends.
        ("sequence-2", "cancel@99", "cancel@99"),
        ("sequence-2", "shutdown@99,leave@98", "shutdown@99,leave@98"),
        ("sequence-2", "lose@99", "lose@99"),
        // What is compensated has not completed.
        ("sequence-2", "a=refused,revert", "revert"),
    ] {
        let expected = format!("there is no such history: {missing} never occurs in it");
        assert_eq!(repeat(shape, script, &[]), Err(expected), "{shape} {script}");
    }
    for script in ["a=refused", "b=refused,a/compensate=failed", "cancel@2", "leave@1,shutdown@3", "revert"] {
        assert_eq!(repeat("sequence-2", script, &[]), Ok(()), "{script}");
    }
}

#[test]
fn what_a_process_that_died_would_have_done_does_not_occur() {
    for (script, crashes, missing) in [
        ("cancel@1", &[0][..], "cancel@1"),
        ("revert", &[0], ""),
        ("b=refused", &[0], ""),
        ("a=refused,b=refused", &[0], "b=refused"),
    ] {
        let expected = match missing {
            "" => Ok(()),
            missing => Err(format!("there is no such history: {missing} never occurs in it")),
        };
        assert_eq!(repeat("sequence-2", script, crashes), expected, "{script} {crashes:?}");
    }
}

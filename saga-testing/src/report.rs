//! What an exploration found.

use std::fmt;

/// What was explored, and found to be sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Exploration {
    /// The distinct histories that were run, the one in which nothing goes wrong included.
    pub histories: usize,
    /// How many of them completed: if none did, what follows the step that never succeeds was not explored.
    pub completed: usize,
    /// How many of them end in a crash that no shorter history has: the points at which the process died.
    pub crash_points: usize,
    /// The most things that went wrong in one of them.
    pub deviations: usize,
    /// The calls of steps, checks and compensations in all of them.
    pub calls: usize,
    /// How many more histories with as many deviations there are, which were left out because of
    /// [`histories_max`](crate::Explore::histories_max). 0 says that every one was run.
    pub left_out: usize,
}

impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, completed, crash_points, deviations, calls, left_out } = self;
        write!(
            f,
            "{histories} histories with up to {deviations} deviations, {crash_points} crash points, {calls} calls"
        )?;
        if *completed == 0 {
            f.write_str("; none of them completed, not even the one in which nothing goes wrong")?;
        }
        match left_out {
            0 => Ok(()),
            _ => write!(f, "; {left_out} histories were left out (histories_max)"),
        }
    }
}

/// A history in which something is wrong: of those that were found, one with the fewest deviations, and of these one
/// with the fewest calls and entries. Its text is the whole report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// What is wrong: what the check said, or that the instance does not end.
    pub message: String,
    /// What happened, a line for each call, decision and crash; a line with `!` was the test kit's doing.
    pub timeline: String,
    /// The history's code, for [`Explore::only`](crate::Explore::only).
    pub history: String,
    /// How many things went wrong in it.
    pub deviations: usize,
    /// The histories that were run until it was found; 0 if none could be.
    pub histories: usize,
}

impl Violation {
    /// What is wrong with a history that cannot be run.
    pub(crate) fn without_history(message: String) -> Self {
        Self { message, timeline: String::new(), history: String::new(), deviations: 0, histories: 0 }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, timeline, history, deviations, histories } = self;
        match (*histories, *deviations) {
            (0, _) => return f.write_str(message),
            (_, 0) => writeln!(f, "the history in which nothing goes wrong is unsound:\n")?,
            (_, 1) => {
                writeln!(f, "a history with 1 deviation is unsound, the shortest found in {histories}:\n")?;
            }
            _ => writeln!(
                f,
                "a history with {deviations} deviations is unsound, the shortest found in {histories}:\n"
            )?,
        }
        if !timeline.is_empty() {
            writeln!(f, "{timeline}")?;
        }
        for line in message.lines() {
            writeln!(f, "  {line}")?;
        }
        match history.is_empty() {
            true => Ok(()),
            false => write!(f, "\nto run it alone: .only(\"{history}\")"),
        }
    }
}

impl std::error::Error for Violation {}

//! A history as people read it.

use std::fmt;
use std::time::Duration;

/// What happened in one history, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline {
    lines: Vec<Line>,
}

#[derive(Debug, Clone)]
struct Line {
    at: Duration,
    kind: Kind,
    what: String,
    end: Option<String>,
}

/// Whether something was to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It follows from what was before.
    Plain,
    /// The test kit let it happen.
    Deviates,
}

/// A line whose end is told later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineId(usize);

impl Timeline {
    /// Notes what happens at `at`.
    pub(crate) fn note(&mut self, at: Duration, kind: Kind, what: impl Into<String>) -> LineId {
        self.lines.push(Line { at, kind, what: what.into(), end: None });
        LineId(self.lines.len() - 1)
    }

    /// Notes what came of a line, unless that is known.
    pub(crate) fn end(&mut self, line: LineId, end: impl Into<String>) {
        if let Some(line) = self.lines.get_mut(line.0) {
            line.end.get_or_insert_with(|| end.into());
        }
    }
}

/// How many lines are told that say the same of one attempt after the other, but for the last of them.
const ALIKE_MAX: usize = 3;

impl Line {
    /// Whether both say the same, but for the time and the number of the attempt.
    fn is_like(&self, other: &Self) -> bool {
        let what = |line: &Self| line.what.trim_end_matches(|end: char| end.is_ascii_digit()).to_owned();
        (self.kind, &self.end, what(self)) == (other.kind, &other.end, what(other))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, kind, what, end } = self;
        let mark = match kind {
            Kind::Plain => ' ',
            Kind::Deviates => '!',
        };
        write!(f, "{mark} {:>9.3}s  {what}", at.as_secs_f64())?;
        if let Some(end) = end {
            write!(f, ": {end}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for alike in self.lines.chunk_by(Line::is_like) {
            match alike {
                [first @ .., last] if first.len() > ALIKE_MAX => {
                    for line in first.iter().take(ALIKE_MAX) {
                        writeln!(f, "{line}")?;
                    }
                    writeln!(f, "             .. and so on, {} times more", first.len() - ALIKE_MAX)?;
                    writeln!(f, "{last}")?;
                }
                _ => alike.iter().try_for_each(|line| writeln!(f, "{line}"))?,
            }
        }
        Ok(())
    }
}

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

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { at, kind, what, end } in &self.lines {
            let mark = match kind {
                Kind::Plain => ' ',
                Kind::Deviates => '!',
            };
            write!(f, "{mark} {:>9.3}s  {what}", at.as_secs_f64())?;
            if let Some(end) = end {
                write!(f, ": {end}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

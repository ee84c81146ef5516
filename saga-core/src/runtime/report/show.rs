//! The report as text.

use std::fmt;
use std::time::SystemTime;

use super::InstanceReport;
use super::text::{duration, time, words};
use super::timeline::{AttemptResult, Ending, Happened, Happening, Method};
use crate::journal::{FailureKind, ResolutionKind};

/// The most happenings that are shown, so that a fan-out of thousands does not bury what matters: the first ones, and
/// as many of the last.
const SHOWN_MAX: usize = 400;

impl fmt::Display for InstanceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show_head(f)?;
        if !self.timeline.is_empty() {
            writeln!(f, "\ntimeline (UTC)")?;
            self.show_timeline(f)?;
        }
        if !self.signals.is_empty() {
            writeln!(f, "\nsignals")?;
            for signal in &self.signals {
                writeln!(f, "  {}  {}  for {}", time(signal.at), signal.id, signal.step)?;
            }
        }
        let unread = self.journal.iter().filter_map(|entry| Some((entry, entry.events.as_ref().err()?)));
        let mut unread = unread.peekable();
        if unread.peek().is_some() {
            writeln!(f, "\nentries that cannot be read")?;
        }
        for (entry, unread) in unread {
            let (at, bytes) = (time(entry.at), unread.text.len());
            writeln!(
                f,
                "  {at}  entry {}, {bytes} bytes in format {}: {}",
                entry.seq, unread.format, unread.why
            )?;
        }
        Ok(())
    }
}

impl InstanceReport {
    fn show_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "instance {} of {}, version {}", self.id, self.saga, self.version)?;
        let lasts = self.inspected_at.duration_since(self.since).unwrap_or_default();
        let flag = if self.needs_attention { ", needs attention" } else { "" };
        writeln!(f, "  state      {} for {}{flag}", self.state, duration(lasts))?;
        for parked in &self.parked {
            let (reason, attempts) = (parked.reason, parked.attempts);
            let place = place_of(parked.step.as_str(), parked.item);
            writeln!(f, "  parked     {place}: {reason}, attempts: {attempts}: {}", words(&parked.message))?;
        }
        writeln!(f, "  started    {}", time(self.created_at))?;
        if let Some(parent) = &self.parent {
            writeln!(f, "  parent     {parent}")?;
        }
        if let Some(trace) = &self.trace {
            writeln!(f, "  trace      {}", trace.traceparent)?;
        }
        if self.unregistered {
            writeln!(f, "  waits for  a saga of its name, version and steps to be registered")?;
        }
        writeln!(f, "  journal    {} entries", self.journal.len())?;
        writeln!(f, "  inspected  {}", time(self.inspected_at))
    }

    fn show_timeline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.timeline.len();
        let (first, last) = match count > SHOWN_MAX {
            true => (SHOWN_MAX / 2, count - SHOWN_MAX / 2),
            false => (count, count),
        };
        let lines: Vec<_> = self.timeline.iter().map(Line::of).collect();
        let place_width = lines.iter().map(|line| line.place.chars().count()).max().unwrap_or_default();
        let took_width = lines.iter().map(|line| line.took.len()).max().unwrap_or_default();
        for (at, line) in lines.iter().enumerate() {
            if at == first {
                writeln!(f, "  .. {} more ..", last - first)?;
            }
            if (first..last).contains(&at) {
                continue;
            }
            let Line { at, took, place, what } = line;
            writeln!(f, "  {at}  {took:>took_width$}  {place:place_width$}  {what}")?;
        }
        Ok(())
    }
}

/// A line of the timeline.
struct Line {
    at: String,
    took: String,
    place: String,
    what: String,
}

impl Line {
    fn of(happening: &Happening) -> Self {
        Self {
            at: time(happening.at),
            took: happening.duration().map(duration).unwrap_or_default(),
            place: happening
                .step
                .as_ref()
                .map_or_else(|| "-".to_owned(), |step| place_of(step.as_str(), happening.item)),
            what: what(&happening.what, happening.at),
        }
    }
}

fn place_of(step: &str, item: Option<u32>) -> String {
    item.map_or_else(|| step.to_owned(), |item| format!("{step}/{item}"))
}

fn what(what: &Happened, at: SystemTime) -> String {
    let until = |until: SystemTime| until.duration_since(at).map(duration).unwrap_or_default();
    match what {
        Happened::Started => "started".to_owned(),
        Happened::Called { method, attempt, ending } => called(*method, *attempt, ending.as_ref()),
        Happened::Skipped => "skipped: its condition does not hold".to_owned(),
        Happened::Delayed { until: at } => format!("waits for {}", until(*at)),
        Happened::Awaited { until: None } => "waits for its signal".to_owned(),
        Happened::Awaited { until: Some(at) } => format!("waits for its signal, for {}", until(*at)),
        Happened::Received { signal } => format!("signal {} came", words(signal)),
        Happened::Missed => "its signal did not come in time".to_owned(),
        Happened::Listed { items } => format!("runs for {items} items"),
        Happened::Decided { kind, who, message } => {
            let by = who.as_ref().map(|who| format!(" by {}", words(who))).unwrap_or_default();
            format!("compensates, {}{by}: {}", kind_of(*kind), words(message))
        }
        Happened::Parked { reason, message } if message.is_empty() => format!("parked: {reason}"),
        Happened::Parked { reason, message } => format!("parked: {reason}: {}", words(message)),
        Happened::Resolved { how, who, note } => {
            format!("resolved by {}, {}: {}", words(who), resolution_of(*how), words(note))
        }
        Happened::ClockChanged => "from here on by another clock".to_owned(),
        Happened::Completed => "completed".to_owned(),
        Happened::Compensated => "compensated".to_owned(),
    }
}

fn called(method: Method, attempt: u32, ending: Option<&Ending>) -> String {
    let method = match method {
        Method::Step => "attempt",
        Method::Check => "check",
        Method::Compensation => "compensation",
    };
    let Some(Ending { at, result, code, message, next_at }) = ending else {
        return format!("{method} {attempt} is under way");
    };
    let mut text = format!("{method} {attempt} {}", result_of(*result));
    if let Some(code) = code {
        text.push_str(&format!(" [{}]", words(code)));
    }
    if let Some(message) = message {
        text.push_str(&format!(": {}", words(message)));
    }
    if let (Some(at), Some(next_at)) = (at, next_at) {
        let pause = next_at.duration_since(*at).unwrap_or_default();
        text.push_str(&format!("; next in {}", duration(pause)));
    }
    text
}

const fn result_of(result: AttemptResult) -> &'static str {
    match result {
        AttemptResult::Succeeded => "succeeded",
        AttemptResult::Rejected => "was refused",
        AttemptResult::NotDone => "did nothing",
        AttemptResult::InDoubt => "in doubt",
        AttemptResult::FoundVoid => "found that nothing was done",
        AttemptResult::Unknown => "found nothing out",
        AttemptResult::Lost => "lost",
    }
}

const fn resolution_of(how: ResolutionKind) -> &'static str {
    match how {
        ResolutionKind::Retry => "to be tried again",
        ResolutionKind::Skip => "skipped",
        ResolutionKind::Succeeded => "done",
        ResolutionKind::Void => "void",
    }
}

const fn kind_of(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Rejected => "refused",
        FailureKind::NotDone => "not done",
        FailureKind::InDoubt => "in doubt",
        FailureKind::Cancelled => "cancelled",
        FailureKind::Deadline => "too late",
        FailureKind::Reverted => "reverted",
    }
}

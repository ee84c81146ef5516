//! The picture of a saga: its steps, what follows what, what each waits for, and what takes back what.

use std::fmt::Write as _;
use std::time::Duration;

use crate::definition::{Definition, StepDefinition, StepKind};
use crate::id::StepIndex;

/// The steps of a saga with their order, their compensations and their checks, to be drawn. Each says when it runs
/// and how often: its condition, its delay, its signal, its items, its child.
///
/// The text is the same for the same saga, so that it can be committed and compared.
/// ```
/// # use saga_core::definition::{CompensationDefinition, Definition, OutputUse, StepDefinition, StepKind};
/// # use saga_core::graph::Graph;
/// let pay = StepDefinition::new("pay", StepKind::Compensatable)
///     .compensation(CompensationDefinition::new("refund", OutputUse::Unused));
/// let graph = Graph::new(Definition::new("order-flow", 1, vec![pay], 0));
/// assert!(graph.to_mermaid().contains("s0 -. compensated by .-> c0"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    definition: Definition,
}

impl Graph {
    /// The graph of `definition`.
    pub fn new(definition: Definition) -> Self {
        Self { definition }
    }

    /// A flowchart in Mermaid, as GitHub draws it in a ```` ```mermaid ```` block.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        for (at, step) in self.definition.steps() {
            mermaid_nodes(&mut text, at, step);
        }
        for (from, to) in self.edges() {
            line(&mut text, format_args!("s{} --> s{}", from.get(), to.get()));
        }
        for (at, step) in self.definition.steps() {
            let at = at.get();
            if step.compensation.is_some() {
                line(&mut text, format_args!("s{at} -. compensated by .-> c{at}"));
            }
            if step.check.is_some() {
                line(&mut text, format_args!("s{at} -. in doubt .-> k{at}"));
            }
        }
        text
    }

    /// A digraph in DOT, as Graphviz draws it.
    pub fn to_dot(&self) -> String {
        let name = quoted(self.definition.name());
        let mut text = format!("digraph {name} {{\n");
        line(&mut text, format_args!("label={name};"));
        line(&mut text, format_args!("node [fontname=\"sans-serif\"];"));
        line(&mut text, format_args!("edge [fontname=\"sans-serif\"];"));
        for (at, step) in self.definition.steps() {
            dot_nodes(&mut text, at, step);
        }
        for (from, to) in self.edges() {
            line(&mut text, format_args!("s{} -> s{};", from.get(), to.get()));
        }
        for (at, step) in self.definition.steps() {
            let at = at.get();
            if step.compensation.is_some() {
                line(&mut text, format_args!("s{at} -> c{at} [style=dotted, label=\"compensated by\"];"));
            }
            if step.check.is_some() {
                line(&mut text, format_args!("s{at} -> k{at} [style=dotted, label=\"in doubt\"];"));
            }
        }
        text.push_str("}\n");
        text
    }

    /// What runs directly after what, in the order of declaration.
    fn edges(&self) -> impl Iterator<Item = (StepIndex, StepIndex)> {
        self.definition.steps().flat_map(|(to, step)| step.after.iter().map(move |from| (from, to)))
    }
}

/// The nodes of a step: the step by its kind's shape, then its compensation and its check.
fn mermaid_nodes(text: &mut String, at: StepIndex, step: &StepDefinition) {
    let at = at.get();
    let label = mermaid_label(step.name.as_str(), kind(step), &words(step));
    let (open, close) = match step.kind {
        StepKind::Compensatable if step.child.is_some() => ("[[", "]]"),
        StepKind::Compensatable => ("[", "]"),
        StepKind::Pivot => ("{{", "}}"),
        StepKind::Retriable => ("([", "])"),
        StepKind::ReadOnly => ("[/", "/]"),
    };
    line(text, format_args!("s{at}{open}{label}{close}"));
    if let Some(name) = compensation(step) {
        line(text, format_args!("c{at}({})", mermaid_label(name, "compensation", &[])));
    }
    if let Some(check) = &step.check {
        line(text, format_args!("k{at}({})", mermaid_label(check.name, "check", &[])));
    }
}

fn dot_nodes(text: &mut String, at: StepIndex, step: &StepDefinition) {
    let at = at.get();
    let shape = match step.kind {
        StepKind::Compensatable => "box",
        StepKind::Pivot => "hexagon",
        StepKind::Retriable => "ellipse",
        StepKind::ReadOnly => "parallelogram",
    };
    let border = if step.child.is_some() { "peripheries=2, " } else { "" };
    let label = dot_label(step.name.as_str(), kind(step), &words(step));
    line(text, format_args!("s{at} [shape={shape}, {border}label={label}];"));
    if let Some(name) = compensation(step) {
        let label = dot_label(name, "compensation", &[]);
        line(text, format_args!("c{at} [shape=box, style=rounded, label={label}];"));
    }
    if let Some(check) = &step.check {
        let label = dot_label(check.name, "check", &[]);
        line(text, format_args!("k{at} [shape=box, style=rounded, label={label}];"));
    }
}

fn kind(step: &StepDefinition) -> &'static str {
    match step.kind {
        StepKind::Compensatable => "compensatable",
        StepKind::Pivot => "pivot",
        StepKind::Retriable => "retriable",
        StepKind::ReadOnly => "read only",
    }
}

/// The name of what takes the step back: of a method, or of the saga that the step is an instance of.
fn compensation(step: &StepDefinition) -> Option<&str> {
    let compensation = step.compensation.as_ref()?;
    Some(step.child.as_deref().unwrap_or(compensation.name))
}

/// When the step runs, and how often, in the order in which it is found out.
fn words(step: &StepDefinition) -> Vec<String> {
    let condition = step.conditional.then(|| "if its condition holds".to_owned());
    let delay = step.delay.map(|delay| format!("waits {}", span(delay)));
    let signal = step.signal.map(|signal| match signal.within {
        Some(within) => format!("waits for a signal, at most {}", span(within)),
        None => "waits for a signal".to_owned(),
    });
    let fan_out = step.fan_out.map(|fan_out| format!("for each item, {} at once", fan_out.concurrency));
    let child = step.child.as_ref().map(|saga| format!("saga {saga}"));
    [condition, delay, signal, fan_out, child].into_iter().flatten().collect()
}

/// A duration in the largest unit that it is a whole number of.
fn span(duration: Duration) -> String {
    const UNITS: [(&str, u128); 4] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let millis = duration.as_millis();
    let whole = UNITS.iter().find(|(_, unit)| millis >= *unit && millis.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{millis}ms"), |(name, unit)| format!("{}{name}", millis / unit))
}

/// A quoted label: the name, the kind, and a line for each of `words`.
fn mermaid_label(name: &str, kind: &str, words: &[String]) -> String {
    let mut label = format!("\"{}<br/><i>{kind}</i>", mermaid_text(name));
    for words in words {
        write_to(&mut label, format_args!("<br/>{}", mermaid_text(words)));
    }
    label.push('"');
    label
}

/// Mermaid knows HTML's entities, and reads everything else in a name as markup.
fn mermaid_text(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | ' ' | ',' => safe.push(character),
            other => write_to(&mut safe, format_args!("#{};", u32::from(other))),
        }
    }
    safe
}

/// A quoted label: the name, the kind, and a line for each of `words`.
fn dot_label(name: &str, kind: &str, words: &[String]) -> String {
    let lines = [name, kind].into_iter().chain(words.iter().map(String::as_str));
    let lines: Vec<String> = lines.map(dot_text).collect();
    format!("\"{}\"", lines.join("\\n"))
}

/// A quoted string of DOT.
fn quoted(text: &str) -> String {
    format!("\"{}\"", dot_text(text))
}

/// What stands between the quotes of a string of DOT.
fn dot_text(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '"' => safe.push_str("\\\""),
            '\\' => safe.push_str("\\\\"),
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    write_to(text, format_args!("    {line}\n"));
}

fn write_to(text: &mut String, what: std::fmt::Arguments<'_>) {
    // A string takes everything.
    let _infallible = text.write_fmt(what);
}

#[cfg(test)]
mod tests;

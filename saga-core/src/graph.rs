//! The picture of a saga: its steps, what follows what, and what takes back what.

use std::fmt::Write as _;

use crate::definition::{Definition, StepDefinition, StepKind};
use crate::id::StepIndex;

/// The steps of a saga with their order, their compensations and their checks, to be drawn.
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
    let label = mermaid_label(step.name.as_str(), kind(step));
    let (open, close) = match step.kind {
        StepKind::Compensatable => ("[", "]"),
        StepKind::Pivot => ("{{", "}}"),
        StepKind::Retriable => ("([", "])"),
        StepKind::ReadOnly => ("[/", "/]"),
    };
    line(text, format_args!("s{at}{open}{label}{close}"));
    if let Some(compensation) = &step.compensation {
        line(text, format_args!("c{at}({})", mermaid_label(compensation.name, "compensation")));
    }
    if let Some(check) = &step.check {
        line(text, format_args!("k{at}({})", mermaid_label(check.name, "check")));
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
    let label = dot_label(step.name.as_str(), kind(step));
    line(text, format_args!("s{at} [shape={shape}, label={label}];"));
    if let Some(compensation) = &step.compensation {
        let label = dot_label(compensation.name, "compensation");
        line(text, format_args!("c{at} [shape=box, style=rounded, label={label}];"));
    }
    if let Some(check) = &step.check {
        let label = dot_label(check.name, "check");
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

/// A quoted label of two lines. Mermaid knows HTML's entities, and reads everything else in a name as markup.
fn mermaid_label(name: &str, kind: &str) -> String {
    let mut label = String::from("\"");
    for character in name.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => label.push(character),
            other => write_to(&mut label, format_args!("#{};", u32::from(other))),
        }
    }
    write_to(&mut label, format_args!("<br/><i>{kind}</i>\""));
    label
}

/// A quoted label of two lines.
fn dot_label(name: &str, kind: &str) -> String {
    let mut label = quoted(name);
    label.pop();
    write_to(&mut label, format_args!("\\n{kind}\""));
    label
}

/// A quoted string of DOT.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control.is_control() => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    write_to(text, format_args!("    {line}\n"));
}

fn write_to(text: &mut String, what: std::fmt::Arguments<'_>) {
    // A string takes everything.
    let _infallible = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::Graph;
    use crate::definition::{
        CheckDefinition, CompensationDefinition, Definition, OutputUse, StepDefinition, StepKind,
    };

    /// A fork and a join, a step of each kind, a check.
    fn graph() -> Graph {
        let compensation = |name| CompensationDefinition::new(name, OutputUse::Unused);
        let steps = vec![
            StepDefinition::new("create_order", StepKind::Compensatable)
                .compensation(compensation("cancel_order")),
            StepDefinition::new("quote", StepKind::ReadOnly).after(&[0]),
            StepDefinition::new("process_payment", StepKind::Compensatable)
                .after(&[0])
                .check(CheckDefinition::new("find_payment"))
                .compensation(compensation("refund_payment")),
            StepDefinition::new("ship", StepKind::Pivot).after(&[1, 2]).park_in_doubt(),
            StepDefinition::new("thank", StepKind::Retriable).after(&[3]).idempotent(),
        ];
        Graph::new(Definition::new("order-flow", 1, steps, 3))
    }

    #[test]
    fn mermaid_shows_steps_kinds_order_compensations_and_checks() {
        let expected = r#"flowchart TD
    s0["create_order<br/><i>compensatable</i>"]
    c0("cancel_order<br/><i>compensation</i>")
    s1[/"quote<br/><i>read only</i>"/]
    s2["process_payment<br/><i>compensatable</i>"]
    c2("refund_payment<br/><i>compensation</i>")
    k2("find_payment<br/><i>check</i>")
    s3{{"ship<br/><i>pivot</i>"}}
    s4(["thank<br/><i>retriable</i>"])
    s0 --> s1
    s0 --> s2
    s1 --> s3
    s2 --> s3
    s3 --> s4
    s0 -. compensated by .-> c0
    s2 -. compensated by .-> c2
    s2 -. in doubt .-> k2
"#;
        assert_eq!(graph().to_mermaid(), expected);
    }

    #[test]
    fn dot_shows_steps_kinds_order_compensations_and_checks() {
        let expected = r#"digraph "order-flow" {
    label="order-flow";
    node [fontname="sans-serif"];
    edge [fontname="sans-serif"];
    s0 [shape=box, label="create_order\ncompensatable"];
    c0 [shape=box, style=rounded, label="cancel_order\ncompensation"];
    s1 [shape=parallelogram, label="quote\nread only"];
    s2 [shape=box, label="process_payment\ncompensatable"];
    c2 [shape=box, style=rounded, label="refund_payment\ncompensation"];
    k2 [shape=box, style=rounded, label="find_payment\ncheck"];
    s3 [shape=hexagon, label="ship\npivot"];
    s4 [shape=ellipse, label="thank\nretriable"];
    s0 -> s1;
    s0 -> s2;
    s1 -> s3;
    s2 -> s3;
    s3 -> s4;
    s0 -> c0 [style=dotted, label="compensated by"];
    s2 -> c2 [style=dotted, label="compensated by"];
    s2 -> k2 [style=dotted, label="in doubt"];
}
"#;
        assert_eq!(graph().to_dot(), expected);
    }

    #[test]
    fn names_that_are_markup_are_escaped() {
        let steps = vec![StepDefinition::new("end\"]<b>\\", StepKind::ReadOnly)];
        let graph = Graph::new(Definition::new("a\"b", 1, steps, 0));
        assert!(graph.to_mermaid().contains("s0[/\"end#34;#93;#60;b#62;#92;<br/><i>read only</i>\"/]"));
        assert!(graph.to_dot().contains("label=\"end\\\"]<b>\\\\\\nread only\""));
        assert!(graph.to_dot().starts_with("digraph \"a\\\"b\" {\n"));
    }
}

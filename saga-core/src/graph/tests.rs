//! Pictures, to the letter.

use std::time::Duration;

use super::{Graph, span};
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

/// A step of each way to run.
fn ways() -> Graph {
    let compensation = |name| CompensationDefinition::new(name, OutputUse::Unused);
    let seconds = Duration::from_secs;
    let steps = vec![
        StepDefinition::new("approved", StepKind::ReadOnly).conditional().signal(Some(seconds(259_200))),
        StepDefinition::new("reserve", StepKind::Compensatable)
            .after(&[0])
            .fan_out(4)
            .delay(seconds(90))
            .compensation(compensation("release")),
        StepDefinition::new("pack", StepKind::Compensatable)
            .after(&[1])
            .child("packing")
            .compensation(compensation("child")),
        StepDefinition::new("ship", StepKind::Pivot).after(&[2]).child("shipping"),
        StepDefinition::new("received", StepKind::Retriable).after(&[3]).signal(None),
    ];
    Graph::new(Definition::new("order-flow", 1, steps, 4))
}

#[test]
fn mermaid_shows_conditions_delays_signals_items_and_children() {
    let expected = r#"flowchart TD
    s0[/"approved<br/><i>read only</i><br/>if its condition holds<br/>waits for a signal, at most 3d"/]
    s1["reserve<br/><i>compensatable</i><br/>waits 90s<br/>for each item, 4 at once"]
    c1("release<br/><i>compensation</i>")
    s2[["pack<br/><i>compensatable</i><br/>saga packing"]]
    c2("packing<br/><i>compensation</i>")
    s3{{"ship<br/><i>pivot</i><br/>saga shipping"}}
    s4(["received<br/><i>retriable</i><br/>waits for a signal"])
    s0 --> s1
    s1 --> s2
    s2 --> s3
    s3 --> s4
    s1 -. compensated by .-> c1
    s2 -. compensated by .-> c2
"#;
    assert_eq!(ways().to_mermaid(), expected);
}

#[test]
fn dot_shows_conditions_delays_signals_items_and_children() {
    let expected = r#"digraph "order-flow" {
    label="order-flow";
    node [fontname="sans-serif"];
    edge [fontname="sans-serif"];
    s0 [shape=parallelogram, label="approved\nread only\nif its condition holds\nwaits for a signal, at most 3d"];
    s1 [shape=box, label="reserve\ncompensatable\nwaits 90s\nfor each item, 4 at once"];
    c1 [shape=box, style=rounded, label="release\ncompensation"];
    s2 [shape=box, peripheries=2, label="pack\ncompensatable\nsaga packing"];
    c2 [shape=box, style=rounded, label="packing\ncompensation"];
    s3 [shape=hexagon, peripheries=2, label="ship\npivot\nsaga shipping"];
    s4 [shape=ellipse, label="received\nretriable\nwaits for a signal"];
    s0 -> s1;
    s1 -> s2;
    s2 -> s3;
    s3 -> s4;
    s1 -> c1 [style=dotted, label="compensated by"];
    s2 -> c2 [style=dotted, label="compensated by"];
}
"#;
    assert_eq!(ways().to_dot(), expected);
}

#[test]
fn durations_are_shown_as_they_are_written() {
    for (millis, shown) in
        [(0, "0ms"), (250, "250ms"), (1_000, "1s"), (90_000, "90s"), (7_200_000, "2h"), (259_200_000, "3d")]
    {
        assert_eq!(span(Duration::from_millis(millis)), shown);
    }
}

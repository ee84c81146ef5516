//! What an instance depends on for its whole life.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StepKind;
use crate::id::StepName;

/// What an instance depends on for its whole life: names, kinds, edges, `idempotent`, and whether each
/// compensation needs the output. Policies are not part of it: they may change under a running instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape {
    /// The steps in the order of their declaration.
    pub steps: Vec<StepShape>,
}

/// One step of a [`Shape`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepShape {
    /// The step's name in the journal.
    pub name: StepName,
    /// Its kind.
    pub kind: StepKind,
    /// The steps it runs directly after.
    pub after: Vec<StepName>,
    /// Whether it is idempotent.
    pub idempotent: bool,
    /// Whether its compensation cannot run without its output.
    pub compensation_needs_output: bool,
    /// Whether a method decides if it runs at all.
    #[serde(default, skip_serializing_if = "is_false")]
    pub conditional: bool,
    /// Whether it runs once for each item of a list.
    #[serde(default, skip_serializing_if = "is_false")]
    pub fan_out: bool,
    /// Whether it waits for a message.
    #[serde(default, skip_serializing_if = "is_false")]
    pub signal: bool,
    /// The saga that it is an instance of, if it is a child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<Arc<str>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Shape {
    /// A short name of this shape: equal shapes have equal ones on every machine.
    pub fn id(&self) -> ShapeId {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut feed = |bytes: &[u8]| {
            for byte in bytes.iter().chain(&[0xff]) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for step in &self.steps {
            feed(step.name.as_str().as_bytes());
            feed(&[step.kind as u8, u8::from(step.idempotent), u8::from(step.compensation_needs_output)]);
            // What a step does not have says nothing, so a saga keeps its name when the language grows.
            let more = [("when", step.conditional), ("for_each", step.fan_out), ("signal", step.signal)];
            more.iter().filter(|(_, has)| *has).for_each(|(key, _)| feed(key.as_bytes()));
            if let Some(child) = &step.child {
                feed(b"child");
                feed(child.as_bytes());
            }
            for before in &step.after {
                feed(before.as_str().as_bytes());
            }
            feed(&[]);
        }
        ShapeId(format!("{hash:016x}").into())
    }
}

impl Shape {
    /// What is other in `newer`, in words.
    pub fn differences(&self, newer: &Self) -> Vec<String> {
        let find =
            |shape: &Self, name: &StepName| shape.steps.iter().find(|step| step.name == *name).cloned();
        let mut differences = Vec::new();
        for step in &self.steps {
            match find(newer, &step.name) {
                None => differences.push(format!("step {} is gone", step.name)),
                Some(now) => differences.extend(step.differences(&now)),
            }
        }
        let new = newer.steps.iter().filter(|step| find(self, &step.name).is_none());
        differences.extend(new.map(|step| format!("step {} is new", step.name)));
        if differences.is_empty() && self != newer {
            differences.push("the steps are declared in another order".to_owned());
        }
        differences
    }
}

impl StepShape {
    fn differences(&self, newer: &Self) -> Vec<String> {
        let what = [
            (self.kind != newer.kind, "is of another kind"),
            (self.after != newer.after, "runs after other steps"),
            (self.idempotent != newer.idempotent, "is idempotent in one only"),
            (self.conditional != newer.conditional, "has a condition in one only"),
            (self.fan_out != newer.fan_out, "fans out in one only"),
            (self.signal != newer.signal, "waits for a signal in one only"),
            (self.child != newer.child, "is another child"),
            (
                self.compensation_needs_output != newer.compensation_needs_output,
                "has a compensation that needs its output in one only",
            ),
        ];
        what.iter()
            .filter(|(differs, _)| *differs)
            .map(|(_, what)| format!("step {} {what}", self.name))
            .collect()
    }
}

/// The short name of a [`Shape`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShapeId(Arc<str>);

impl ShapeId {
    /// A name that was kept.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShapeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

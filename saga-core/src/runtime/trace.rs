//! The spans that instances and attempts are traced in.

use tracing::{Span, info_span};

use crate::definition::Definition;
use crate::id::{InstanceId, StepName};
use crate::private::Role;

/// The span of an instance, for as long as it is in memory. It has no parent: what starts an instance ends long before
/// it, and a span is not over before its children are.
pub(crate) fn of_instance(definition: &Definition, id: &InstanceId) -> Span {
    let (saga, version) = (&**definition.name(), definition.version());
    info_span!(parent: None, "saga", %saga, %id, version)
}

/// The span of an attempt, in which the user's method runs.
pub(crate) fn of_attempt(
    parent: &Span,
    role: Role,
    definition: &Definition,
    id: &InstanceId,
    (step, item, attempt): (&StepName, Option<u32>, u32),
) -> Span {
    let saga = &**definition.name();
    match role {
        Role::Step => info_span!(parent: parent, "step", %saga, %id, %step, item, attempt),
        Role::Check => info_span!(parent: parent, "check", %saga, %id, %step, item, attempt),
        Role::Compensation => info_span!(parent: parent, "compensation", %saga, %id, %step, item, attempt),
    }
}

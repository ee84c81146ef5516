//! Which method is called, and what people call it.

use saga_core::id::StepIndex;
use saga_core::private::Role;
use saga_core::runtime::Intercepted;

/// Which method of which step of which instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Method {
    pub(super) instance: String,
    pub(super) step: StepIndex,
    pub(super) item: Option<u32>,
    pub(super) role: Role,
}

impl Method {
    /// The method that `call` is of.
    pub(super) fn of(call: &Intercepted) -> Self {
        let instance = call.cx().instance_id().to_owned();
        Self { instance, step: call.step(), item: call.item(), role: call.role() }
    }

    /// Whether both are methods of one step, or of one item of it.
    pub(super) fn is_of_the_step_of(&self, other: &Self) -> bool {
        (&self.instance, self.step, self.item) == (&other.instance, other.step, other.item)
    }
}

/// What people call the method.
pub(crate) fn name_of(call: &Intercepted, root: &str) -> String {
    let cx = call.cx();
    let item = call.item().map(|item| format!("/{item}")).unwrap_or_default();
    let step = format!("{}{item}", cx.step());
    let method = match call.role() {
        Role::Step => step,
        Role::Check => format!("check of {step}"),
        Role::Compensation => format!("compensation of {step}"),
    };
    match cx.instance_id() {
        id if id == root => method,
        id => format!("{id}: {method}"),
    }
}

//! Doubt: nothing can be left behind that nobody can take back.

use crate::attr::step::{Kind, StepArgs};
use crate::diag::{Diag, text};
use crate::model::{Form, Method, Param, Saga, Step, error_type, output_type};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    for step in &saga.steps {
        let (Some(args), Some(method)) = (saga.args(step), saga.method(step)) else { continue };
        match step.kind {
            Some(Kind::Compensatable) => compensatable(saga, step, args, method, diag),
            Some(Kind::Pivot | Kind::Retriable) => forward_only(args, method, diag),
            Some(Kind::ReadOnly) | None => {}
        }
    }
}

/// A step that is not compensated says what to do when nobody knows whether it happened. Of a child the journal
/// knows it.
fn forward_only(args: &StepArgs, method: &Method, diag: &mut Diag) {
    if args.idempotent.is_some() || args.in_doubt.is_some() || args.child.is_some() {
        return;
    }
    let Some(key) = args.kind_key() else { return };
    let ident = &method.sig.ident;
    diag.error(
        key,
        format_args!("`{ident}` does not say what to do when its answer is lost"),
        format_args!(
            "write one of\n\
             \x20 {}  (the service knows a repeated call by its key, and answers as before)\n\
             \x20 {}  (the service can be asked)\n\
             \x20 {}  (the instance waits for a person)",
            args.with("idempotent", "idempotent"),
            args.with("in_doubt", &format!("in_doubt = check({})", check_name(method))),
            args.with("in_doubt", "in_doubt = park"),
        ),
    );
}

/// The heart of the library: a compensation that cannot run without an output which a crash can lose.
fn compensatable(saga: &Saga, step: &Step, args: &StepArgs, method: &Method, diag: &mut Diag) {
    let Some(compensation) = step.compensation.and_then(|at| saga.block.methods.get(at)) else { return };
    let Some(param) = compensation.param(&step.output) else { return };
    let Form::Reference(ty) = &param.form else { return };
    if args.tells_the_output() || is_shared(saga, step) {
        return;
    }
    let (forward, back) = (&method.sig.ident, &compensation.sig.ident);
    let output = &step.output;
    let checked = output_type(method);
    let error = error_type(method);
    let check = check_name(method);
    let optional = with_option(compensation, param, &text(ty));
    diag.error(
        &param.ty,
        format_args!(
            "a crash can leave an effect of `{forward}` that `{back}` cannot take back\n\
             If the process dies after the service has acted and before the journal has its answer, the effect \
             is there,\n\
             but nobody knows `{output}`, and `{back}` cannot be called without it."
        ),
        format_args!(
            "there are three ways out\n\
             1. The service knows a repeated call by its idempotency key and answers as it did the first time:\n\
             \x20    {}\n\
             2. The service can be asked what became of the call:\n\
             \x20    {}\n\
             \x20    async fn {check}(&self, cx: &StepContext) -> Result<Checked<{checked}>, {error}> {{ .. }}\n\
             3. The compensation finds the effect under a key of your own; `None` means that it may have \
             happened:\n\
             \x20    {optional} {{ .. }}",
            args.with("idempotent", "idempotent"),
            args.with("in_doubt", &format!("in_doubt = check({check})")),
        ),
    );
}

/// The compensation's signature with `Option<&T>`, and with a context that has the key to look for.
fn with_option(compensation: &Method, own: &Param, ty: &str) -> String {
    let has_key = ["cx", "input", "item", "signal"].iter().any(|name| compensation.param(name).is_some());
    let context = (!has_key).then(|| "cx: &StepContext".to_owned());
    let params = compensation.params.iter().map(|param| {
        let pat = text(&param.pat);
        if std::ptr::eq(param, own) {
            format!("{pat}: Option<&{ty}>")
        } else {
            format!("{pat}: {}", text(&param.ty))
        }
    });
    let params: Vec<String> = ["&self".to_owned()].into_iter().chain(context).chain(params).collect();
    let output = compensation.output().map(text).unwrap_or_default();
    format!("async fn {}({}) -> {output}", compensation.sig.ident, params.join(", "))
}

/// A name for a check: `process_payment` is asked about by `find_payment`.
fn check_name(method: &Method) -> String {
    let name = method.name();
    let what = name.split_once('_').map_or(name.as_str(), |(_, what)| what);
    format!("find_{what}")
}

/// Whether the compensation is that of another step too, which has been reported.
fn is_shared(saga: &Saga, step: &Step) -> bool {
    saga.steps.iter().filter(|other| other.compensation == step.compensation).count() > 1
}

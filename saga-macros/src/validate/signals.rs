//! Signals: a step that waits says for what, and no other step waits for the same.

use std::collections::HashMap;

use super::inputs;
use crate::diag::{Diag, text};
use crate::model::{Saga, ungrouped};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    let mut first = HashMap::new();
    for step in &saga.steps {
        let (Some(args), Some(method)) = (saga.args(step), saga.method(step)) else { continue };
        let Some(key) = &args.signal else { continue };
        let ident = &method.sig.ident;
        if method.param("signal").is_none() {
            diag.error(
                key,
                format_args!("`{ident}` does not say what it waits for"),
                format_args!(
                    "take the message as a parameter: `{ident}(&self, signal: &PaymentConfirmed, ..)`"
                ),
            );
        }
        let Some(ty) = saga.signal(step) else { continue };
        inputs::owned(ty, "signal", |owned| format!("write `signal: &{owned}`"), diag);
        if let Some(other) = first.insert(text(ungrouped(ty)), ident) {
            diag.error(
                ty,
                format_args!(
                    "`{other}` waits for a `{}` already, and both would take the same one",
                    text(ty)
                ),
                "write a type of its own for each: `struct PaymentConfirmed(..);`",
            );
        }
    }
}

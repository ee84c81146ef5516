//! Rules: what a saga must say and must not.

mod borrowed;
mod doubt;
mod inputs;
mod kinds;
mod loose;
mod naming;
mod order;
mod pivot;
mod reads;
mod shape;
mod signals;
mod together;

use crate::diag::Diag;
use crate::model::Saga;

pub(crate) use inputs::is_owned;
pub(crate) use shape::is_result;

/// Reports everything that is wrong with `saga`.
pub(crate) fn all(saga: &Saga, diag: &mut Diag) {
    borrowed::check(saga, diag);
    naming::check(saga, diag);
    shape::check(saga, diag);
    kinds::check(saga, diag);
    together::check(saga, diag);
    inputs::check(saga, diag);
    signals::check(saga, diag);
    loose::check(saga, diag);
    // What follows compares steps with each other. It would see more mistakes than there are where an
    // attribute or a name could not be read.
    if saga.complete {
        order::check(saga, diag);
        pivot::check(saga, diag);
        reads::check(saga, diag);
        doubt::check(saga, diag);
    }
}

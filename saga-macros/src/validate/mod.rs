//! Rules: what a saga must say and must not.

use crate::diag::Diag;
use crate::model::Saga;

/// Reports everything that is wrong with `saga`.
pub(crate) fn all(_saga: &Saga, _diag: &mut Diag) {}

//! The type of the saga's input is owned and sized, since the journal keeps it.

use quote::ToTokens;
use syn::Type;

use super::shape::borrow;
use crate::diag::Diag;
use crate::model::{Saga, ungrouped};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    let Some(ty) = &saga.input else { return };
    let instead = match ungrouped(ty) {
        Type::Path(path) if path.path.is_ident("str") => Some("String".to_owned()),
        Type::Slice(slice) => Some(format!("Vec<{}>", crate::diag::text(&slice.elem))),
        Type::TraitObject(_) => Some("PlaceOrder".to_owned()),
        _ => None,
    };
    let Some(instead) = instead else {
        if let Some(borrow) = borrow(ty) {
            diag.error(
                borrow,
                "the input is borrowed, and the journal cannot keep it",
                "write an owned type: `String`, not `&str`",
            );
        }
        return;
    };
    let said = saga.args.input.is_some();
    let help = if said { format!("write `input = {instead}`") } else { format!("write `input: &{instead}`") };
    diag.error(
        ty.to_token_stream(),
        "the input has no size of its own, and the journal cannot keep it",
        help,
    );
}

/// Whether `ty` can be kept in the journal, as far as its tokens show.
pub(crate) fn is_owned(ty: &Type) -> bool {
    let unsized_ = match ungrouped(ty) {
        Type::Path(path) => path.path.is_ident("str"),
        Type::Slice(_) | Type::TraitObject(_) | Type::ImplTrait(_) => true,
        _ => false,
    };
    !unsized_ && borrow(ty).is_none()
}

//! The types of the saga's input and of its signals are owned and sized, since the journal keeps them.

use quote::ToTokens;
use syn::Type;

use super::shape::borrow;
use crate::diag::{Diag, text};
use crate::model::{Saga, ungrouped};

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    let Some(ty) = &saga.input else { return };
    let said = saga.args.input.is_some();
    let help = |instead: &str| match said {
        true => format!("write `input = {instead}`"),
        false => format!("write `input: &{instead}`"),
    };
    owned(ty, "input", help, diag);
}

/// Reports the type `ty` of an input or a signal if it is borrowed or has no size.
pub(super) fn owned(ty: &Type, what: &str, help: impl Fn(&str) -> String, diag: &mut Diag) {
    let instead = match ungrouped(ty) {
        Type::Path(path) if path.path.is_ident("str") => Some("String".to_owned()),
        Type::Slice(slice) => Some(format!("Vec<{}>", text(&slice.elem))),
        Type::TraitObject(_) => Some("PlaceOrder".to_owned()),
        _ => None,
    };
    if let Some(instead) = instead {
        diag.error(
            ty.to_token_stream(),
            format_args!("the {what} has no size of its own, and the journal cannot keep it"),
            help(&instead),
        );
    } else if let Some(borrow) = borrow(ty) {
        diag.error(
            borrow,
            format_args!("the {what} is borrowed, and the journal cannot keep it"),
            "write an owned type: `String`, not `&str`",
        );
    }
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

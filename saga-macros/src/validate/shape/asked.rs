//! The signatures of methods that are asked and not tried: conditions, lists, and the inputs of children.

use quote::ToTokens;
use syn::{ReturnType, Type};

use super::{Shape, borrow};
use crate::diag::{Diag, text};
use crate::model::{Method, ungrouped};

/// Types that are no list whatever is in scope.
const NO_LISTS: [&str; 21] = [
    "bool", "char", "str", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64", "Option", "Box", "Result",
];

/// Reports a method that is async.
pub(super) fn is_async(method: &Method, word: impl ToTokens, shape: Shape, diag: &mut Diag) {
    let ident = &method.sig.ident;
    let what = match shape {
        Shape::Attempt | Shape::Condition => "whether the step runs",
        Shape::List => "what the step runs for",
        Shape::Child => "what the child is started with",
    };
    diag.error(
        word,
        format_args!("`{ident}` only says {what}, so it has nothing to wait for"),
        format_args!("write `{}`; what must be asked of a service is a step before", written(method, shape)),
    );
}

/// Reports what such a method returns, if it is the wrong thing.
pub(super) fn returned(method: &Method, shape: Shape, diag: &mut Diag) {
    let ident = &method.sig.ident;
    let ty = method.output();
    let fits = match (shape, ty.map(ungrouped)) {
        (Shape::Condition, Some(ty)) => is_last(ty, &["bool"]),
        (Shape::List, Some(ty)) => matches!(ty, Type::Path(_) | Type::Macro(_)) && !is_last(ty, &NO_LISTS),
        // Whether it is the child's input the compiler knows.
        (Shape::Child, Some(ty)) => !is_last(ty, &["Result"]),
        (Shape::Child | Shape::Attempt, _) => true,
        (Shape::Condition | Shape::List, None) => false,
    };
    let wanted = match shape {
        Shape::Condition => "`bool`",
        Shape::List => "a `Vec`",
        Shape::Attempt | Shape::Child => "the child's input",
    };
    if !fits {
        let at = match &method.sig.output {
            ReturnType::Type(_, ty) => ty.to_token_stream(),
            ReturnType::Default => ident.to_token_stream(),
        };
        diag.error(
            at,
            format_args!("`{ident}` does not return {wanted}"),
            format_args!("write `{}`", written(method, shape)),
        );
    } else if let Some(borrow) = ty.and_then(borrow) {
        diag.error(
            borrow,
            format_args!("`{ident}` returns something borrowed, which the journal cannot keep"),
            "write an owned type: `String`, not `&str`",
        );
    }
}

/// The signature that was meant.
fn written(method: &Method, shape: Shape) -> String {
    let ident = &method.sig.ident;
    let returned = match shape {
        Shape::Condition => "bool".to_owned(),
        Shape::List => "Vec<I>".to_owned(),
        Shape::Attempt | Shape::Child => match method.step.as_ref().and_then(|step| step.child.as_ref()) {
            Some(child) => format!("<{} as Saga>::Input", text(child)),
            None => "Input".to_owned(),
        },
    };
    format!("fn {ident}(&self, ..) -> {returned}")
}

fn is_last(ty: &Type, words: &[&str]) -> bool {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| path.qself.is_none() && words.contains(&last.ident.to_string().as_str())),
        _ => false,
    }
}

//! The signatures of the methods that the saga calls.

mod asked;

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, ReceiverKind, Safety, Type};

use crate::diag::{Diag, text};
use crate::model::{Form, Method, Param, Role, Saga, ungrouped};

/// Types that are no `Result` whatever is in scope.
const NO_RESULTS: [&str; 22] = [
    "bool", "char", "str", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64", "Option", "Vec", "Box", "Checked",
];

pub(super) fn check(saga: &Saga, diag: &mut Diag) {
    let called: BTreeSet<(usize, Shape)> =
        saga.called().into_iter().map(|(at, role)| (at, Shape::of(role))).collect();
    for (at, shape) in called {
        if let Some(method) = saga.block.methods.get(at) {
            head(method, shape, diag);
            generics(method, diag);
            match shape {
                Shape::Attempt => returned(method, diag),
                asked => asked::returned(method, asked, diag),
            }
            method.params.iter().for_each(|each| param(each, diag));
        }
    }
}

/// What a method's signature must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    /// `async fn step(&self, ..) -> Result<T, E>`
    Attempt,
    /// `fn condition(&self, ..) -> bool`
    Condition,
    /// `fn list(&self, ..) -> Vec<I>`
    List,
    /// `fn child(&self, ..) -> Input`
    Child,
}

impl Shape {
    const fn of(role: Role) -> Self {
        match role {
            Role::Step | Role::Check | Role::Compensation => Self::Attempt,
            Role::Condition => Self::Condition,
            Role::List => Self::List,
            Role::Child => Self::Child,
        }
    }
}

fn head(method: &Method, shape: Shape, diag: &mut Diag) {
    let sig = &method.sig;
    let ident = &sig.ident;
    if let Some(cfg) = &method.cfg {
        diag.error(
            cfg,
            format_args!("`#[cfg]` on `{ident}` would make two sagas of one: the journal belongs to one"),
            "write it on the impl block, or on statements inside the method",
        );
    }
    let written = if shape == Shape::Attempt { format!("async fn {ident}") } else { format!("fn {ident}") };
    match (&sig.asyncness, shape) {
        (None, Shape::Attempt) => diag.error(
            sig.fn_token,
            format_args!("`{ident}` is not async"),
            format_args!("write `{written}`"),
        ),
        (Some(word), Shape::Condition | Shape::List | Shape::Child) => {
            asked::is_async(method, word, shape, diag)
        }
        _ => {}
    }
    if let Safety::Unsafe(token) = &sig.safety {
        diag.error(
            token,
            format_args!("`{ident}` is unsafe, and nobody who calls it can know why"),
            format_args!("write `{written}`"),
        );
    }
    let wrong: TokenStream = match sig.inputs.first() {
        Some(FnArg::Receiver(receiver)) => match &receiver.kind {
            ReceiverKind::Reference(_, _, None) => return,
            _ => receiver.to_token_stream(),
        },
        Some(FnArg::Typed(_)) | None => ident.to_token_stream(),
    };
    diag.error(
        wrong,
        format_args!("`{ident}` does not take `&self`"),
        format_args!("write `{written}(&self, ..)`: instances share one value"),
    );
}

fn generics(method: &Method, diag: &mut Diag) {
    let ident = &method.sig.ident;
    if let Some(first) = method.sig.generics.params.first() {
        diag.error(
            first,
            format_args!("`{ident}` is generic"),
            "write the type itself, or make it a parameter of the impl block",
        );
    }
    for param in &method.params {
        if let Some(word) = find(param.ty.to_token_stream(), &|token| token.to_string() == "impl") {
            diag.error(word, format_args!("`{ident}` is generic"), "write the type itself");
        }
    }
}

fn returned(method: &Method, diag: &mut Diag) {
    let ident = &method.sig.ident;
    let Some(ty) = method.output() else {
        diag.error(
            ident,
            format_args!("`{ident}` does not return a `Result`"),
            format_args!("write `async fn {ident}(..) -> Result<T, E>`, where `E` implements `Fault`"),
        );
        return;
    };
    if !is_result(ty) {
        diag.error(
            ty,
            format_args!("`{ident}` does not return a `Result`"),
            format_args!("write `Result<{}, E>`, where `E` implements `Fault`", text(ty)),
        );
    } else if let Some(borrow) = borrow(ty) {
        diag.error(
            borrow,
            format_args!("`{ident}` returns something borrowed, which the journal cannot keep"),
            "write an owned type: `String`, not `&str`",
        );
    }
}

/// Whether `ty` may be a `Result` or an alias of one, as far as its tokens show.
pub(crate) fn is_result(ty: &Type) -> bool {
    match ungrouped(ty) {
        Type::Path(path) => !path.path.segments.last().is_some_and(|last| {
            path.qself.is_none() && NO_RESULTS.contains(&last.ident.to_string().as_str())
        }),
        Type::Macro(_) | Type::Verbatim(_) => true,
        _ => false,
    }
}

/// What makes a type borrowed: `&` or a lifetime other than `'static`.
pub(super) fn borrow(ty: &Type) -> Option<TokenStream> {
    let mut tokens = ty.to_token_stream().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Group(group) => {
                let inner = syn::parse2::<Type>(group.stream()).ok();
                if let Some(found) = inner.as_ref().and_then(borrow) {
                    return Some(found);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '&' => return Some(token.into()),
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(name) = tokens.next_if(|name| name.to_string() != "static") {
                    return Some(TokenStream::from_iter([token, name]));
                }
            }
            _ => {}
        }
    }
    None
}

fn find(tokens: TokenStream, wanted: &dyn Fn(&TokenTree) -> bool) -> Option<TokenTree> {
    tokens.into_iter().find_map(|token| match &token {
        TokenTree::Group(group) => find(group.stream(), wanted),
        other => wanted(other).then_some(token),
    })
}

fn param(param: &Param, diag: &mut Diag) {
    let Some(name) = &param.name else {
        diag.error(
            &param.pat,
            "a parameter is bound by its name, so it cannot be a pattern",
            format_args!("write a name, and take it apart inside: `name: {}`", text(&param.ty)),
        );
        return;
    };
    if !matches!(param.form, Form::Other) {
        return;
    }
    match ungrouped(&param.ty) {
        Type::Reference(reference) => diag.error(
            reference.mutability,
            format_args!("`{name}` cannot be changed: it is what the journal has"),
            format_args!("write `{name}: &{}`", text(&reference.elem)),
        ),
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option") => {
            diag.error(
                &param.ty,
                format_args!("`{name}` belongs to the instance, so a method can only borrow it"),
                format_args!("write `{name}: Option<&T>`"),
            );
        }
        other => diag.error(
            &param.ty,
            format_args!("`{name}` belongs to the instance, so a method can only borrow it"),
            format_args!("write `{name}: &{}`", text(other)),
        ),
    }
}

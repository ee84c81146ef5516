//! The methods of the block: what their signatures say, and what our attributes say of them.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, FnArg, GenericArgument, ImplItemFn, Meta, Pat, Path, PathArguments, ReturnType, Signature,
    Type,
};

use crate::attr::keys;
use crate::attr::policy::{self, PolicyArgs};
use crate::attr::step::{self, StepArgs};
use crate::diag::Diag;
use crate::names;

/// A method of the block.
pub(crate) struct Method {
    pub(crate) sig: Signature,
    pub(crate) params: Vec<Param>,
    pub(crate) step: Option<StepArgs>,
    pub(crate) policy: Option<Policy>,
    pub(crate) cfg: Option<Attribute>,
}

/// `#[policy(..)]`.
pub(crate) struct Policy {
    /// The attribute's path.
    pub(crate) at: TokenStream,
    pub(crate) args: PolicyArgs,
}

/// A parameter.
pub(crate) struct Param {
    /// Its pattern as it is written.
    pub(crate) pat: Pat,
    /// The name it binds: without `r#` and a leading underscore. `None` if it is a pattern.
    pub(crate) name: Option<String>,
    /// Its type as it is written.
    pub(crate) ty: Type,
    pub(crate) form: Form,
}

/// How a parameter takes its value.
pub(crate) enum Form {
    /// `&T`
    Reference(Type),
    /// `Option<&T>`
    Optional(Type),
    /// By value or `&mut`, which no parameter can.
    Other,
}

impl Method {
    /// Reads a method and takes our attributes off it.
    pub(crate) fn take(item: &mut ImplItemFn, diag: &mut Diag) -> Self {
        let mut ours = Ours::default();
        let mut cfg = None;
        item.attrs.retain(|attribute| {
            if attribute.path().is_ident("cfg") {
                cfg.get_or_insert_with(|| attribute.clone());
            }
            let conditional = conditional(attribute);
            for meta in conditional.iter().filter(|meta| is_ours(meta.path())) {
                let word = meta.path().to_token_stream();
                diag.error(
                    &word,
                    format_args!("`#[{word}]` under a condition would make two sagas of one: the journal belongs to one"),
                    format_args!("write `#[{word}(..)]`; a condition can stand on the impl block, or on statements inside the method"),
                );
            }
            let taken = conditional.iter().chain([&attribute.meta]).filter(|meta| ours.take(meta, diag));
            taken.count() == 0
        });
        let Ours { step, policy } = ours;
        let sig = item.sig.clone();
        let params = sig
            .inputs
            .iter()
            .filter_map(|input| match input {
                FnArg::Receiver(_) => None,
                FnArg::Typed(typed) => Some(Param::new(&typed.pat, &typed.ty)),
            })
            .collect();
        Self { sig, params, step, policy, cfg }
    }

    /// Its name.
    pub(crate) fn name(&self) -> String {
        names::plain(&self.sig.ident)
    }

    /// The type that it returns when awaited.
    pub(crate) fn output(&self) -> Option<&Type> {
        match &self.sig.output {
            ReturnType::Type(_, ty) => Some(ty),
            ReturnType::Default => None,
        }
    }

    /// The parameter that binds `name`.
    pub(crate) fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name.as_deref() == Some(name))
    }
}

/// Our attributes of a method.
#[derive(Default)]
struct Ours {
    step: Option<StepArgs>,
    policy: Option<Policy>,
}

impl Ours {
    /// Reads an attribute if it is ours.
    fn take(&mut self, meta: &Meta, diag: &mut Diag) -> bool {
        if is(meta.path(), "step") {
            read_once(meta, &mut self.step, diag, step::read);
        } else if is(meta.path(), "policy") {
            read_once(meta, &mut self.policy, diag, |at, tokens, diag| Policy {
                at,
                args: policy::read(tokens.unwrap_or_default(), diag),
            });
        }
        is_ours(meta.path())
    }
}

fn is_ours(path: &Path) -> bool {
    is(path, "step") || is(path, "policy")
}

fn is(path: &Path, word: &str) -> bool {
    let mut segments = path.segments.iter().rev();
    segments.next().is_some_and(|last| last.ident == word)
        && segments.next().is_none_or(|library| library.ident == "sagas")
}

/// The attributes that `#[cfg_attr(condition, ..)]` stands for.
fn conditional(attribute: &Attribute) -> Vec<Meta> {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let parts = keys::split(list.tokens.clone()).into_iter().skip(1);
            parts.filter_map(|part| syn::parse2(part).ok()).collect()
        }
        Meta::Path(_) | Meta::List(_) | Meta::NameValue(_) => Vec::new(),
    }
}

fn read_once<T>(
    meta: &Meta,
    into: &mut Option<T>,
    diag: &mut Diag,
    read: impl FnOnce(TokenStream, Option<TokenStream>, &mut Diag) -> T,
) {
    let at = meta.path().to_token_stream();
    let tokens = match meta {
        Meta::Path(_) => Some(TokenStream::new()),
        Meta::List(list) => Some(list.tokens.clone()),
        Meta::NameValue(_) => {
            diag.error(meta, format_args!("`{at}` needs parentheses"), format_args!("write `#[{at}(..)]`"));
            None
        }
    };
    if into.is_some() {
        diag.error(&at, format_args!("`#[{at}]` stands twice"), format_args!("write one `#[{at}(..)]`"));
        return;
    }
    *into = Some(read(at, tokens, diag));
}

impl Param {
    fn new(pat: &Pat, ty: &Type) -> Self {
        let name = match pat {
            Pat::Ident(pat) if is_plain(pat) => Some(names::bound(&pat.ident)),
            _ => None,
        };
        Self { pat: pat.clone(), name, ty: ty.clone(), form: Form::of(ty) }
    }

    /// Its identifier as it is written.
    pub(crate) fn ident(&self) -> Option<&Ident> {
        match &self.pat {
            Pat::Ident(pat) => Some(&pat.ident),
            _ => None,
        }
    }
}

fn is_plain(pat: &syn::PatIdent) -> bool {
    pat.by_ref.is_none() && pat.subpat.is_none()
}

impl Form {
    fn of(ty: &Type) -> Self {
        match ungrouped(ty) {
            Type::Reference(reference) if reference.mutability.is_none() => {
                Self::Reference((*reference.elem).clone())
            }
            Type::Path(path) => match optional(path) {
                Some(Type::Reference(reference)) if reference.mutability.is_none() => {
                    Self::Optional((*reference.elem).clone())
                }
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

/// The `X` of `Option<X>`.
fn optional(path: &syn::TypePath) -> Option<&Type> {
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) => Some(ungrouped(ty)),
        _ => None,
    }
}

/// The type without parentheses and without the invisible group that a `macro_rules` puts around it.
pub(crate) fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

//! Meaning and rules: what each variant says of what a failed attempt did.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, Field, Fields, Path, Type, Variant};

use super::attr::{self, KindArg, VariantArgs};
use crate::attr::duration::Span;
use crate::diag::Diag;

/// An enum whose variants say whether something was done.
pub(crate) struct Fault {
    pub(crate) library: Option<Path>,
    pub(crate) variants: Vec<FaultVariant>,
}

/// One of its variants.
pub(crate) struct FaultVariant {
    pub(crate) ident: Ident,
    pub(crate) says: Says,
    /// The field that holds the cause.
    pub(crate) source: Option<Member>,
}

/// A field by its name or number.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) place: TokenStream,
    pub(crate) ty: Type,
}

/// What a variant says.
pub(crate) enum Says {
    /// Everything is as the fault says that it holds.
    Held(Member),
    Kind {
        kind: Kind,
        code: String,
        retry_after: Option<Span>,
    },
}

/// Where the kind comes from.
pub(crate) enum Kind {
    Said(&'static str),
    With(Path, Box<Member>),
}

const KIND_HELP: &str = "write one of\n\
     \x20 #[fault(rejected)]  (refused: asking again will not help)\n\
     \x20 #[fault(not_done)]  (nothing was done: trying again may help)\n\
     \x20 #[fault(in_doubt)]  (it may have been done)";

impl Fault {
    /// Reads the enum; `None` if it is none. What is wrong has been reported.
    pub(crate) fn new(input: &DeriveInput, diag: &mut Diag) -> Option<Self> {
        let keyword = match &input.data {
            Data::Enum(data) => {
                let library = attr::library(&input.attrs, diag);
                let variants = data.variants.iter().filter_map(|each| variant(each, diag)).collect();
                return Some(Self { library, variants });
            }
            Data::Struct(data) => data.struct_token.to_token_stream(),
            Data::Union(data) => data.union_token.to_token_stream(),
        };
        diag.error(
            keyword,
            "`Fault` is derived for enums",
            format_args!(
                "write an enum with a variant for each way to fail, or `impl Fault for {}`",
                input.ident
            ),
        );
        None
    }
}

fn variant(variant: &Variant, diag: &mut Diag) -> Option<FaultVariant> {
    let args = attr::read(&variant.attrs, diag);
    let source = source(variant);
    let (at, kind) = match args.kinds.as_slice() {
        [] => {
            if args.complete {
                let what = format!("`{}` does not say whether something was done", variant.ident);
                diag.error(&variant.ident, what, KIND_HELP);
            }
            return None;
        }
        [kind] => kind,
        [(first, _), rest @ ..] => {
            for (second, _) in rest {
                let what = format!("`{}` is `{first}` already", variant.ident);
                diag.error(second, what, format_args!("write `{first}` or `{second}`"));
            }
            return None;
        }
    };
    let says = match kind {
        KindArg::Transparent => {
            superfluous(&args, diag);
            Says::Held(only_field(variant, at, source.as_ref(), diag)?)
        }
        KindArg::Said(kind) => says(variant, Kind::Said(kind), args),
        KindArg::With(path) => {
            let field = only_field(variant, at, source.as_ref(), diag)?;
            says(variant, Kind::With(path.clone(), Box::new(field)), args)
        }
    };
    Some(FaultVariant { ident: variant.ident.clone(), says, source })
}

fn says(variant: &Variant, kind: Kind, args: VariantArgs) -> Says {
    let code = match args.code {
        Some((_, code)) => code.value(),
        None => crate::names::plain(&variant.ident),
    };
    Says::Kind { kind, code, retry_after: args.retry_after.map(|(_, after)| after) }
}

/// Reports what a transparent variant cannot say, since the fault that it holds says it.
fn superfluous(args: &VariantArgs, diag: &mut Diag) {
    let code = args.code.as_ref().map(|(key, _)| key);
    let retry_after = args.retry_after.as_ref().map(|(key, _)| key);
    for key in code.into_iter().chain(retry_after) {
        diag.error(
            key,
            format_args!("`{key}` does not fit `transparent`: the fault inside says it"),
            format_args!("leave `{key}` out, or say the kind: `not_done, {key} = ..`"),
        );
    }
}

/// The field that the variant holds: the only one, or the one that is its source.
fn only_field(variant: &Variant, at: &Ident, source: Option<&Member>, diag: &mut Diag) -> Option<Member> {
    let mut fields = members(&variant.fields);
    match (fields.next(), fields.next(), source) {
        (Some((member, _)), None, _) => Some(member),
        (Some(_), Some(_), Some(source)) => Some(source.clone()),
        _ => {
            diag.error(
                at,
                format_args!("`{at}` needs the one field that tells what was done"),
                format_args!("write `{}(TheError)`", variant.ident),
            );
            None
        }
    }
}

/// The field that thiserror takes for the cause: marked `#[source]` or `#[from]`, or called `source`.
fn source(variant: &Variant) -> Option<Member> {
    let marked = |field: &Field| {
        field
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("source") || attribute.path().is_ident("from"))
    };
    let find = |wanted: &dyn Fn(&Field) -> bool| members(&variant.fields).find(|(_, field)| wanted(field));
    find(&marked)
        .or_else(|| find(&|field| field.ident.as_ref().is_some_and(|ident| ident == "source")))
        .map(|(member, _)| member)
}

fn members(fields: &Fields) -> impl Iterator<Item = (Member, &Field)> {
    fields.iter().enumerate().map(|(index, field)| {
        let place = match &field.ident {
            Some(ident) => ident.to_token_stream(),
            None => {
                let index = syn::Index::from(index);
                quote!(#index)
            }
        };
        (Member { place, ty: field.ty.clone() }, field)
    })
}

//! Tokens: the implementation of `Fault`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Path};

use super::model::{Fault, FaultVariant, Kind, Member, Says};
use crate::expand::definition::duration;
use crate::names;

/// What `#[derive(Fault)]` makes of an enum without mistakes.
pub(crate) fn fault(input: &DeriveInput, fault: &Fault) -> TokenStream {
    let library = names::library(fault.library.as_ref());
    let each = |arm: fn(&FaultVariant, &TokenStream) -> Option<TokenStream>| {
        let arms: Vec<TokenStream> =
            fault.variants.iter().filter_map(|variant| arm(variant, &library)).collect();
        arms
    };
    let kinds = each(kind);
    let codes = each(code);
    let code = optional(&codes, fault, quote!(code(&self)), quote!(&::core::primitive::str));
    let afters = each(retry_after);
    let after = optional(&afters, fault, quote!(retry_after(&self)), quote!(::core::time::Duration));
    let sources = each(source);
    let source =
        optional(&sources, fault, quote!(source(&self)), quote!(&(dyn ::core::error::Error + 'static)));
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl #generics #library::Fault for #ident #arguments #bounds {
            fn kind(&self) -> #library::FaultKind {
                match *self {
                    #(#kinds)*
                }
            }
            #code
            #after
            #source
        }
    }
}

/// The method `signature`, if an arm has something to say.
fn optional(
    arms: &[TokenStream],
    fault: &Fault,
    signature: TokenStream,
    value: TokenStream,
) -> Option<TokenStream> {
    let rest = (arms.len() < fault.variants.len()).then(|| quote!(_ => ::core::option::Option::None,));
    (!arms.is_empty()).then(|| {
        quote! {
            fn #signature -> ::core::option::Option<#value> {
                match *self {
                    #(#arms)*
                    #rest
                }
            }
        }
    })
}

fn kind(variant: &FaultVariant, library: &TokenStream) -> Option<TokenStream> {
    let (pattern, value) = match &variant.says {
        Says::Held(held) => (bind(held), forward(held, library, &quote!(kind))),
        Says::Kind { kind: Kind::Said(kind), .. } => {
            let kind = syn::Ident::new(kind, proc_macro2::Span::call_site());
            (TokenStream::new(), quote!(#library::FaultKind::#kind))
        }
        Says::Kind { kind: Kind::With(path, held), .. } => (bind(held), told(path, held, library)),
    };
    let ident = &variant.ident;
    Some(quote!(Self::#ident { #pattern .. } => #value,))
}

fn code(variant: &FaultVariant, library: &TokenStream) -> Option<TokenStream> {
    let ident = &variant.ident;
    Some(match &variant.says {
        Says::Held(held) => held_arm(variant, held, library, &quote!(code)),
        Says::Kind { code, .. } => {
            quote!(Self::#ident { .. } => ::core::option::Option::Some(#code),)
        }
    })
}

fn retry_after(variant: &FaultVariant, library: &TokenStream) -> Option<TokenStream> {
    let ident = &variant.ident;
    match &variant.says {
        Says::Held(held) => Some(held_arm(variant, held, library, &quote!(retry_after))),
        Says::Kind { retry_after, .. } => {
            let after = duration(retry_after.as_ref()?.duration);
            Some(quote!(Self::#ident { .. } => ::core::option::Option::Some(#after),))
        }
    }
}

fn source(variant: &FaultVariant, library: &TokenStream) -> Option<TokenStream> {
    if let Says::Held(held) = &variant.says {
        return Some(held_arm(variant, held, library, &quote!(source)));
    }
    let source = variant.source.as_ref()?;
    let (pattern, ident) = (bind(source), &variant.ident);
    Some(quote! {
        Self::#ident { #pattern .. } => {
            use #library::__private::AsCause as _;
            ::core::option::Option::Some(__held.as_cause())
        }
    })
}

fn held_arm(
    variant: &FaultVariant,
    held: &Member,
    library: &TokenStream,
    method: &TokenStream,
) -> TokenStream {
    let (pattern, ident) = (bind(held), &variant.ident);
    let value = forward(held, library, method);
    quote!(Self::#ident { #pattern .. } => #value,)
}

/// Binds a field.
fn bind(member: &Member) -> TokenStream {
    let place = &member.place;
    quote!(#place: ref __held,)
}

/// Asks the fault in a field; one that is none is reported at its type.
fn forward(held: &Member, library: &TokenStream, method: &TokenStream) -> TokenStream {
    let (first, last) = names::ends(&held.ty);
    let begin = quote_spanned!(first=> <);
    let ty = &held.ty;
    let end = quote_spanned!(last=> >);
    quote!(#begin #ty as #library::Fault #end::#method(__held))
}

/// Asks the function at `path`; whatever is wrong with it is reported there.
fn told(path: &Path, member: &Member, library: &TokenStream) -> TokenStream {
    let (_, last) = names::ends(path);
    let held = Ident::new("__held", last);
    let argument = quote_spanned!(last=> (#held));
    let ty = &member.ty;
    quote!(#library::__private::told::<#ty>(#path #argument))
}

/// An implementation that only keeps the enum's uses from being mistakes too.
pub(crate) fn fallback(input: &DeriveInput) -> TokenStream {
    let mut ignored = crate::diag::Diag::default();
    let path = super::attr::library(&input.attrs, &mut ignored);
    let library = names::library(path.as_ref());
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl #generics #library::Fault for #ident #arguments #bounds {
            fn kind(&self) -> #library::FaultKind {
                #library::FaultKind::InDoubt
            }
        }
    }
}

//! The step enum.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Saga;
use crate::names;

/// The enum with a variant for each step.
pub(crate) fn expand(saga: &Saga) -> TokenStream {
    let library = names::library(saga.args.library.as_ref());
    let ident = names::step_enum(&saga.block.ident);
    let doc = format!("The steps of `{}`.", saga.block.ident);
    // With a mistake in them there may be one name twice.
    let mut seen = std::collections::BTreeSet::new();
    let steps: Vec<_> = saga
        .steps
        .iter()
        .filter_map(|step| Some((step, step.variant.as_ref()?)))
        .filter(|(_, variant)| seen.insert(variant.to_string()))
        .collect();
    let variants: Vec<_> = steps.iter().map(|(_, variant)| *variant).collect();
    let names: Vec<_> = steps.iter().map(|(step, _)| &step.name).collect();
    let docs = names.iter().map(|name| format!("The step `{name}`."));
    quote! {
        #[doc = #doc]
        #[derive(
            ::core::fmt::Debug,
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
            ::core::hash::Hash
        )]
        #[allow(unreachable_pub, unnameable_types, reason = "it is as visible as its module")]
        pub enum #ident {
            #(#[doc = #docs] #variants,)*
        }

        #[automatically_derived]
        #[allow(dead_code, reason = "not every program asks for names")]
        impl #ident {
            /// All steps, in the order of their declaration.
            pub const ALL: &'static [Self] = &[#(Self::#variants,)*];

            /// The step's name in the journal.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match *self {
                    #(Self::#variants => #names,)*
                }
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Display for #ident {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __f.pad(self.name())
            }
        }

        #[automatically_derived]
        impl #library::Step for #ident {
            const ALL: &'static [Self] = Self::ALL;

            fn name(&self) -> &'static str {
                Self::name(self)
            }
        }
    }
}

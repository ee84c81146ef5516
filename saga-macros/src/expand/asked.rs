//! The calls of methods that are asked and not tried: conditions, lists, and the inputs of children. A saga
//! without them has no tokens here: the trait provides the answers.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::arguments::{self, Arguments};
use super::proofs;
use crate::attr::step::Kind;
use crate::model::{Method, Role, Saga, Step};
use crate::names;

/// `Saga::ask`, `Saga::child` and `Saga::children`, as far as they are needed.
pub(super) fn expand(saga: &Saga, library: &TokenStream) -> TokenStream {
    let ask = ask(saga, library);
    let child = child(saga, library);
    quote!(#ask #child)
}

fn ask(saga: &Saga, library: &TokenStream) -> Option<TokenStream> {
    let arms: Vec<TokenStream> =
        saga.calls().filter_map(|(step, role, method)| question(saga, step, role, method, library)).collect();
    if arms.is_empty() {
        return None;
    }
    let has_list = saga.steps.iter().any(|step| step.list.is_some());
    let encoding = if has_list { quote!(__encoding) } else { quote!(_) };
    Some(quote! {
        fn ask(
            &self,
            __question: #library::__private::Ask,
            __memory: &#library::__private::Memory<Self>,
            #encoding: #library::__private::Encoding,
        ) -> #library::__private::Asked {
            match __question {
                #(#arms)*
                _ => #library::__private::unanswered("a method of this step"),
            }
        }
    })
}

/// The arm of a condition or a list.
fn question(
    saga: &Saga,
    step: usize,
    role: Role,
    method: &Method,
    library: &TokenStream,
) -> Option<TokenStream> {
    let missing = |name: &str| quote!(#library::__private::unanswered(#name));
    let (needed, call) = call(saga, step, method, missing);
    let (question, answer) = match role {
        Role::Condition => (quote!(Condition), quote!(Asked::Holds(#call))),
        Role::List => {
            let place = syn::Index::from(step);
            (quote!(Items), quote!(items(&__memory.outputs.#place, #call, __encoding)))
        }
        Role::Step | Role::Child | Role::Check | Role::Compensation => return None,
    };
    Some(quote! {
        #library::__private::Ask::#question(#step) => {
            #needed
            #library::__private::#answer
        }
    })
}

fn child(saga: &Saga, library: &TokenStream) -> Option<TokenStream> {
    let children: Vec<(usize, &Step)> =
        saga.steps.iter().enumerate().filter(|(_, step)| step.is_child).collect();
    if children.is_empty() {
        return None;
    }
    let arms = children.iter().filter_map(|(index, step)| {
        let ty = saga.child(step)?;
        let name = proofs::of_child(ty, "NAME", library);
        let of = quote!(#library::__private::ChildType::of::<#ty>(#name));
        let input = proofs::of_child(ty, "Input", library);
        let (needed, call) = call(saga, *index, saga.method(step)?, |_| quote!(::core::option::Option::None));
        Some(quote! {
            #index => {
                #needed
                ::core::option::Option::Some(#library::__private::child::<#input>(#of, #call))
            }
        })
    });
    let types = children.iter().filter_map(|(_, step)| {
        let ty = saga.child(step)?;
        let name = proofs::of_child(ty, "NAME", library);
        if step.kind != Some(Kind::Compensatable) {
            return Some(quote!(#library::__private::ChildType::of::<#ty>(#name)));
        }
        let pivot = proofs::of_child(ty, "Pivot", library);
        Some(quote!(#library::__private::ChildType::compensatable::<#ty, #pivot>(#name)))
    });
    Some(quote! {
        #[allow(clippy::question_mark, reason = "what is not there is answered alike in every method")]
        fn child(
            &self,
            __step: usize,
            __memory: &#library::__private::Memory<Self>,
        ) -> ::core::option::Option<#library::__private::AnyChild> {
            match __step {
                #(#arms)*
                _ => ::core::option::Option::None,
            }
        }

        fn children() -> ::std::vec::Vec<#library::__private::ChildType> {
            ::std::vec::Vec::from([#(#types),*])
        }
    })
}

/// What must be fetched first, and the call. It is underlined like what the method returns, so that a wrong type
/// is reported there.
fn call(
    saga: &Saga,
    step: usize,
    method: &Method,
    missing: impl Fn(&str) -> TokenStream,
) -> (TokenStream, TokenStream) {
    let Arguments { needed, values } = arguments::bind(saga, step, method, missing);
    let returned =
        method.output().map_or_else(|| method.sig.ident.to_token_stream(), ToTokens::to_token_stream);
    let (first, last) = names::ends(returned);
    let this = Ident::new("self", first);
    let mut ident = method.sig.ident.clone();
    ident.set_span(last);
    let call = quote_spanned!(last=> .#ident(#(#values),*));
    (needed, quote!(#this #call))
}

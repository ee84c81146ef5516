//! The calls of the user's methods.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::arguments::{self, Arguments};
use super::proofs::{self, Proofs};
use crate::model::{Method, Role, Saga};
use crate::names;

/// The body of `Saga::call`.
pub(crate) fn expand(saga: &Saga, library: &TokenStream) -> TokenStream {
    let records = Proofs::of_errors(saga, library);
    let arms = saga.calls().filter(|(_, role, _)| !role.is_asked()).map(|(step, role, method)| {
        let record = records.binding(&proofs::error(method, library));
        arm(saga, step, role, method, &record.to_token_stream(), library)
    });
    let records = records.bindings(library);
    quote! {
        #records
        match (__call.step, __call.role) {
            #(#arms)*
            _ => #library::__private::missing("a method of this step"),
        }
    }
}

fn arm(
    saga: &Saga,
    step: usize,
    role: Role,
    method: &Method,
    record: &TokenStream,
    library: &TokenStream,
) -> TokenStream {
    let missing = |name: &str| quote!(#library::__private::missing(#name));
    let Arguments { needed, values } = arguments::bind(saga, step, method, missing);
    let at = names::invented(method.sig.ident.span());
    let mut ident = method.sig.ident.clone();
    ident.set_span(at);
    let this = Ident::new("self", at);
    let future = quote_spanned!(at=> #this.#ident(#(#values),*));
    let returned = super::returned(method);
    let place = syn::Index::from(step);
    let slot = quote!(&__memory.outputs.#place);
    let (role, call) = match role {
        Role::Step | Role::Child | Role::Condition | Role::List => {
            (quote!(Step), quote!(step::<#returned>(__call, #slot, #record, #future)))
        }
        Role::Check => {
            let output = saga.steps.get(step).map(|step| proofs::output(saga, step, library));
            (quote!(Check), quote!(check::<#returned, #output>(__call, #slot, #record, #future)))
        }
        Role::Compensation => (quote!(Compensation), quote!(compensation::<#returned>(#record, #future))),
    };
    let pattern = quote!((#step, #library::__private::Role::#role));
    if needed.is_empty() {
        return quote!(#pattern => #library::__private::#call,);
    }
    quote! {
        #pattern => {
            #needed
            #library::__private::#call
        }
    }
}

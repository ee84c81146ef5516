//! The calls of the user's methods.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::proofs::{self, Proofs};
use crate::model::{Form, Method, Param, Role, Saga, Source};
use crate::names;

/// The body of `Saga::call`.
pub(crate) fn expand(saga: &Saga, library: &TokenStream) -> TokenStream {
    let records = Proofs::of_errors(saga, library);
    let arms = saga.calls().map(|(step, role, method)| {
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
    let bound = method.params.iter().filter_map(|param| Some((param, saga.source(param.name.as_ref()?)?)));
    let mut needed = TokenStream::new();
    let mut arguments = Vec::new();
    for (param, source) in bound {
        needed.extend(need(saga, param, source, library));
        arguments.push(argument(param, source));
    }
    let at = names::invented(method.sig.ident.span());
    let mut ident = method.sig.ident.clone();
    ident.set_span(at);
    let this = Ident::new("self", at);
    let future = quote_spanned!(at=> #this.#ident(#(#arguments),*));
    let returned = super::returned(method);
    let place = syn::Index::from(step);
    let slot = quote!(&__memory.outputs.#place);
    let (role, call) = match role {
        Role::Step => (quote!(Step), quote!(step::<#returned>(__call, #slot, #record, #future))),
        Role::Check => {
            let of = saga.steps.get(step).and_then(|step| saga.method(step));
            let output = of.map(|step| proofs::output(step, library));
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

/// Fetches what must be there before the method can be called.
fn need(saga: &Saga, param: &Param, source: Source, library: &TokenStream) -> Option<TokenStream> {
    let (binding, value, name) = match (source, &param.form) {
        (Source::Output(step), Form::Reference(_)) => {
            let place = syn::Index::from(step);
            let name = saga.steps.get(step)?.output.clone();
            (names::output_binding(step), quote!(__memory.outputs.#place.get()), name)
        }
        (Source::Failure, _) => (failure(), quote!(__call.failure), "failure".to_owned()),
        _ => return None,
    };
    Some(quote! {
        let ::core::option::Option::Some(#binding) = #value else {
            return #library::__private::missing(#name);
        };
    })
}

fn failure() -> Ident {
    Ident::new("__failure", Span::call_site())
}

/// The argument of a parameter. It is underlined like the parameter's type, so that a wrong type is reported
/// there.
fn argument(param: &Param, source: Source) -> TokenStream {
    let (first, last) = names::ends(&param.ty);
    let reference = |place: TokenStream| {
        let and = quote_spanned!(first=> &);
        let place = names::located(place, last);
        quote!(#and #place)
    };
    match (source, &param.form) {
        (Source::Input, _) => reference(quote!(__memory.input)),
        (Source::Context, _) => reference(quote!(*__call.cx)),
        (Source::Failure, _) => {
            let failure = failure();
            reference(quote!(*#failure))
        }
        (Source::Output(step), Form::Optional(_)) => {
            let memory = Ident::new("__memory", first);
            let place = syn::Index::from(step);
            let rest = names::located(quote!(.outputs.#place.get()), last);
            quote!(#memory #rest)
        }
        (Source::Output(step), Form::Reference(_) | Form::Other) => {
            let binding = names::output_binding(step);
            reference(quote!(*#binding))
        }
    }
}

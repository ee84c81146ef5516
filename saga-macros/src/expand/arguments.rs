//! The arguments of the user's methods: what is bound to each parameter by its name.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::model::{Form, Method, Param, Saga, Source};
use crate::names;

/// The arguments of one call.
pub(super) struct Arguments {
    /// Statements that fetch what must be there before the method can be called.
    pub(super) needed: TokenStream,
    /// The arguments themselves.
    pub(super) values: Vec<TokenStream>,
}

/// The arguments of `method` in a call for the step at `index`. `missing` makes the expression to return where
/// the value of a name is not there.
pub(super) fn bind(
    saga: &Saga,
    index: usize,
    method: &Method,
    missing: impl Fn(&str) -> TokenStream,
) -> Arguments {
    let bound = method.params.iter().filter_map(|param| Some((param, saga.source(param.name.as_ref()?)?)));
    let mut needed = TokenStream::new();
    let mut values = Vec::new();
    for (param, source) in bound {
        let value = Value { saga, index, param, source };
        needed.extend(value.need(&missing));
        values.push(value.argument());
    }
    Arguments { needed, values }
}

/// A parameter and what it stands for.
struct Value<'a> {
    saga: &'a Saga,
    /// The place of the step that is called.
    index: usize,
    param: &'a Param,
    source: Source,
}

impl Value<'_> {
    /// Fetches what must be there.
    fn need(&self, missing: impl Fn(&str) -> TokenStream) -> Option<TokenStream> {
        let place = syn::Index::from(self.index);
        let (value, name) = match (self.source, &self.param.form) {
            (Source::Output(of), Form::Reference(_)) => {
                let slot = syn::Index::from(of);
                let read = self.read(of);
                (quote!(__memory.outputs.#slot #read), self.saga.steps.get(of)?.output.as_str())
            }
            (Source::Item, _) => (quote!(__memory.outputs.#place.item(__call.item)), "item"),
            (Source::Signal, _) => (quote!(__memory.outputs.#place.signal()), "signal"),
            (Source::Failure, _) => (quote!(__call.failure), "failure"),
            (Source::Input | Source::Context | Source::Output(_), _) => return None,
        };
        let binding = self.binding();
        let missing = missing(name);
        Some(quote! {
            let ::core::option::Option::Some(#binding) = #value else {
                return #missing;
            };
        })
    }

    /// The argument. It is underlined like the parameter's type, so that a wrong type is reported there.
    fn argument(&self) -> TokenStream {
        let (first, last) = names::ends(&self.param.ty);
        let reference = |place: TokenStream| {
            let and = quote_spanned!(first=> &);
            let place = names::located(place, last);
            quote!(#and #place)
        };
        match (self.source, &self.param.form) {
            (Source::Input, _) => reference(quote!(__memory.input)),
            (Source::Context, _) => reference(quote!(*__call.cx)),
            (Source::Output(of), Form::Optional(_)) => {
                let memory = Ident::new("__memory", first);
                let slot = syn::Index::from(of);
                let read = self.read(of);
                let rest = names::located(quote!(.outputs.#slot #read), last);
                quote!(#memory #rest)
            }
            (Source::Failure | Source::Item | Source::Signal | Source::Output(_), _) => {
                let binding = self.binding();
                reference(quote!(*#binding))
            }
        }
    }

    /// How the output of the step at `of` is read: all of it, but that of one item by the compensation of that.
    fn read(&self, of: usize) -> TokenStream {
        let fans_out = self.saga.steps.get(of).is_some_and(|step| step.list.is_some());
        if of == self.index && fans_out { quote!(.output(__call.item)) } else { quote!(.get()) }
    }

    /// The name that the value is bound to.
    fn binding(&self) -> Ident {
        let name = match self.source {
            Source::Input => "__input",
            Source::Context => "__cx",
            Source::Failure => "__failure",
            Source::Item => "__item",
            Source::Signal => "__signal",
            Source::Output(of) => return names::output_binding(of),
        };
        Ident::new(name, Span::call_site())
    }
}

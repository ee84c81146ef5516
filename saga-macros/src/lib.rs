//! The attribute macros of `sagas`. Depend on the facade `sagas`, which re-exports and documents them.

#![allow(missing_docs, reason = "the facade documents them, where examples can use the rest of the library")]

mod attr;
mod diag;
mod expand;
mod fault;
mod model;
mod names;
mod outside;
mod saga;
mod validate;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn saga(attribute: TokenStream, item: TokenStream) -> TokenStream {
    saga::saga(attribute.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn step(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    outside::report("step", item.into()).into()
}

#[proc_macro_attribute]
pub fn policy(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    outside::report("policy", item.into()).into()
}

#[proc_macro_derive(Fault, attributes(fault, source, from))]
pub fn fault(item: TokenStream) -> TokenStream {
    fault::derive(item.into()).into()
}

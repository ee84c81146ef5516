//! The attribute macros of `sagas`. Depend on the facade `sagas`, which re-exports them.

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

/// Makes a saga of an impl block.
#[proc_macro_attribute]
pub fn saga(attribute: TokenStream, item: TokenStream) -> TokenStream {
    saga::saga(attribute.into(), item.into()).into()
}

/// Makes a step of a method.
#[proc_macro_attribute]
pub fn step(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    outside::report("step", item.into()).into()
}

/// Sets the policy of a compensation or a check.
#[proc_macro_attribute]
pub fn policy(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    outside::report("policy", item.into()).into()
}

/// Implements `Fault` for an enum.
#[proc_macro_derive(Fault, attributes(fault, source, from))]
pub fn fault(item: TokenStream) -> TokenStream {
    fault::derive(item.into()).into()
}

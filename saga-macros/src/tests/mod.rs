//! The macros as functions from tokens to tokens, without a compiler.

mod expansion;
mod messages;
mod robust;

//! The attribute macros of `sagas`.

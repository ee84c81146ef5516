//! The laws of a store of sagas as a test kit for any store.

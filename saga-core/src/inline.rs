//! Running a saga without a store.

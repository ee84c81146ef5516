//! Syntax: what the attributes say, with places for messages, before anything is known of its meaning.

pub(crate) mod duration;
pub(crate) mod in_doubt;
pub(crate) mod keys;
pub(crate) mod policy;
pub(crate) mod saga;
pub(crate) mod step;

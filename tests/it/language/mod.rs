//! What can be said of steps: each word of the language, and some of them together.

mod alone;
mod combined;
mod conditions;
mod fan_out;
mod limits;
mod line;
mod window;

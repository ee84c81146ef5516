//! What is seen of instances from outside: in metrics, in spans, and across processes.

mod collector;
mod letter;
mod recorder;

mod metrics;
mod spans;
mod table;
mod traces;

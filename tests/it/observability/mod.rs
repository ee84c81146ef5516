//! What is seen of instances from outside: in metrics, in spans, and across processes.

mod recorder;

mod metrics;
mod table;

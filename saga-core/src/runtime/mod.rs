//! The runtime: it acts on what the machine decides.
//!
//! An instance in memory (`instance`) has no task of its own: an attempt's end, a timer or a command lets its
//! machine decide, the entry goes to the `committer`, and once it is durable the instance acts on it. Instances
//! come into memory by `start` and by `recovery`, as far as `admission` has places.

mod admission;
pub(crate) mod answer;
mod any_handle;
pub(crate) mod attempt;
mod attention;
mod builder;
mod bulk;
mod children;
mod clock;
mod command;
mod committer;
mod door;
mod filter;
mod handle;
mod inbox;
mod instance;
mod intercept;
pub(crate) mod launch;
mod limits;
mod line;
pub mod metrics;
mod orchestrator;
mod output;
mod purge;
mod query;
mod reading;
mod reappend;
mod recovery;
mod registry;
pub mod report;
mod resolution;

mod revive;
mod shared;
mod shutdown;
mod start;
mod stay;
mod summary;
mod trace;
mod verdict;
mod wall;

pub use any_handle::AnyHandle;
pub use builder::{Builder, DEFAULT_MAX_ACTIVE, DEFAULT_PAYLOAD_LIMIT, DEFAULT_SHUTDOWN_GRACE};
pub use clock::{Clock, SystemClock};
pub use filter::{Cursor, Filter, InvalidCursor, Page};
pub use handle::Handle;
#[doc(hidden)]
pub use intercept::{Intercept, Intercepted};
pub use orchestrator::Orchestrator;
pub use query::{DEFAULT_PAGE_LIMIT, PAGE_LIMIT_MAX};
pub use report::InstanceReport;
pub use resolution::Resolution;
pub use summary::InstanceSummary;

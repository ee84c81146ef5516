//! The test kit for sagas of one's own. Depend on the facade `sagas`, which has it as `sagas::testing`.

mod case;
mod client;
mod deviation;
mod director;
mod explore;
mod hurry;
mod life;
mod options;
mod panics;
mod perform;
mod plan;
mod report;
mod search;
mod store;
mod subject;
mod timeline;
mod verdict;
mod watch;
mod written;

pub use case::{Case, case, crash_after, fail_at, in_doubt_at};
pub use explore::{DEFAULT_DEVIATIONS, DEFAULT_HISTORIES, Explore, explore};
pub use life::{CALLS_MAX, PATIENCE};
pub use report::{Exploration, Violation};
pub use verdict::Verdict;

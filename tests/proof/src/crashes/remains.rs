//! What is left of a process.

use std::time::{Duration, SystemTime};

use sagas::MemoryStore;

use super::seen::Moment;
use super::shape::Place;
use super::world::{Rules, World};

/// What a process leaves behind when it dies: everything durable, and nothing else.
#[derive(Debug)]
pub(crate) struct Remains {
    /// The store.
    pub(crate) store: MemoryStore,
    /// The services.
    pub(crate) world: World,
    /// How many appends there were, over all lives.
    pub(crate) appends: u16,
    /// The time.
    pub(crate) at: SystemTime,
    /// How much was seen of its life.
    pub(crate) seen: usize,
    /// When it died.
    pub(crate) moment: Moment,
}

impl Remains {
    /// Before the first life.
    pub(crate) fn nothing(places: &'static [Place], rules: Rules) -> Self {
        // The clock stands at any time that is a time.
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let (store, world) = (MemoryStore::new(), World::new(places, rules));
        Self { store, world, appends: 0, at, seen: 0, moment: Moment::BeforeAppend }
    }
}

//! Every prefix of every journal can be gone on from.

use std::sync::{Arc, Mutex};

use sagas::prelude::*;
use sagas::store::{Store, Timestamp, Write};

use crate::support::data::Data;
use crate::support::probe::Moment;
use crate::support::process::{assert_sound, live, run};
use crate::support::scripts::{SCRIPTS, world};
use crate::support::soon;
use crate::support::world::World;

/// An append, with the services just before it and just after it.
struct Written {
    write: Write,
    before: World,
    after: World,
}

/// Drives one order to its end, and keeps what was written.
fn record(world: &World) -> Vec<Written> {
    let data = Data::memory();
    let written = Arc::new(Mutex::new(Vec::new()));
    data.runtime().block_on(async {
        let store = data.open();
        store.plan().on_append({
            let (world, written) = (world.clone(), Arc::clone(&written));
            move |batch, moment| {
                let mut written = written.lock().unwrap();
                match moment {
                    Moment::Before => {
                        let [write] = batch else { panic!("one instance writes one entry at a time") };
                        let (write, before, after) = (write.clone(), world.snapshot(), world.snapshot());
                        written.push(Written { write, before, after });
                    }
                    Moment::After => written.last_mut().unwrap().after = world.snapshot(),
                }
            }
        });
        let _ = soon(run(store, world)).await;
    });
    std::mem::take(&mut *written.lock().unwrap())
}

/// A store that has exactly these writes.
fn store_of(written: &[Written]) -> Data {
    let store = MemoryStore::new();
    let data = Data::Memory(store.clone());
    data.runtime().block_on(async {
        let long_ago = Timestamp::from_millis(0);
        let epoch = store.join(long_ago, Timestamp::from_millis(1)).await.unwrap();
        let batch: Vec<_> = written.iter().map(|written| written.write.clone()).collect();
        assert!(batch.iter().all(|write| write.epoch() == Some(epoch)), "each journal here is of one stay");
        let results = store.append(&batch).await.unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        store.release(epoch).await.unwrap();
    });
    data
}

#[test]
fn peer_i5_i8_every_prefix_of_every_journal_is_gone_on_from() {
    let mut prefixes = 0;
    for script in SCRIPTS {
        let written = record(&world(script));
        assert!(written.len() > 1, "{}", script.0);
        for end in 1..=written.len() {
            let prefix = &written[..end];
            let mut worlds = vec![("right after it", &prefix[end - 1].after)];
            // What was done since, and is not on record.
            worlds.extend(written.get(end).map(|next| ("right before the next", &next.before)));
            for (when, world) in worlds {
                let what = format!("{}, {end} of {} entries, {when}", script.0, written.len());
                let world = world.snapshot();
                let outcome = live(&store_of(prefix), &world, None).expect("this life has no crash");
                assert_sound(&world, &outcome, &what);
                prefixes += 1;
            }
        }
    }
    assert!(prefixes > 200, "only {prefixes} prefixes");
}

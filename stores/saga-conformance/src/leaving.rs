//! Laws of what stays leave behind.

use saga_core::id::Epoch;
use saga_core::store::{LeftBehind, Store, UNCLEAN_MAX};

use crate::law::{Seen, equal};
use crate::sample::{LEASE_END, at, join};
use crate::{Fixture, Stays};

/// Begins a stay that ends uncleanly when the next one begins.
async fn join_and_vanish(fixture: &dyn Fixture, store: &dyn Store) -> Result<Epoch, Seen> {
    let lease_until = match fixture.stays() {
        Stays::Many => at(0),
        Stays::One => at(LEASE_END),
    };
    Ok(store.join(at(0), lease_until).await?)
}

/// The stays before `epoch` that ended uncleanly.
async fn unclean(store: &dyn Store, epoch: Epoch) -> Result<Vec<Epoch>, Seen> {
    Ok(store.left_behind(epoch).await?.unclean)
}

pub(crate) async fn unclean_end_is_remembered(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join_and_vanish(fixture, &*store).await?;
    equal("what there is before the first stay", &store.left_behind(first).await?, &LeftBehind::default())?;
    let released = join(&*store).await?;
    store.release(released).await?;
    store.release(first).await?;
    let second = join_and_vanish(fixture, &*store).await?;
    let live = join(&*store).await?;
    for (epoch, expected) in
        [(live, vec![first, second]), (second, vec![first]), (released, vec![first]), (first, vec![])]
    {
        let what = format!("the unclean ends before the stay {epoch}");
        equal(&what, &unclean(&*store, epoch).await?, &expected)?;
    }
    store.reopen().await?;
    equal("the unclean ends after a reopening", &unclean(&*store, live).await?, &vec![first, second])?;
    store.release(live).await?;
    let last = join(&*store).await?;
    equal("the unclean ends after a clean one", &unclean(&*store, last).await?, &vec![first, second])
}

pub(crate) async fn settled_ends_are_forgotten(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let mut stays = Vec::new();
    for _ in 0..4 {
        stays.push(join_and_vanish(fixture, &*store).await?);
    }
    let [_, second, third, last] = stays.as_slice() else { return Ok(()) };
    for _ in 0..2 {
        store.settle(*third).await?;
        equal("the unclean ends before the settled one", &unclean(&*store, *third).await?, &Vec::new())?;
        equal("the unclean ends before the last", &unclean(&*store, *last).await?, &vec![*third])?;
    }
    // The last stay has not ended yet, or that was not found: there is nothing of it to settle.
    store.settle(Epoch::new(last.get().saturating_add(1))).await?;
    let live = join(&*store).await?;
    store.settle(*second).await?;
    equal("the unclean ends before a later one", &unclean(&*store, live).await?, &vec![*last])?;
    store.settle(live).await?;
    equal("the unclean ends when all are settled", &unclean(&*store, live).await?, &Vec::new())?;
    equal("a renewal after settling", &store.renew(live, at(1), at(LEASE_END)).await?, &true)
}

pub(crate) async fn unclean_ends_have_a_limit(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let mut stays = Vec::new();
    for _ in 0..UNCLEAN_MAX + 3 {
        stays.push(join_and_vanish(fixture, &*store).await?);
    }
    let last = join(&*store).await?;
    equal("the unclean ends of too many", &unclean(&*store, last).await?, &stays.split_off(3))
}

pub(crate) async fn latest_time_before_a_stay_is_seen(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = store.join(at(100), at(LEASE_END)).await?;
    equal("what was seen before the first stay", &store.left_behind(first).await?.seen, &None)?;
    for (now, seen) in [(50, 100), (300, 300), (200, 300)] {
        equal("a renewal", &store.renew(first, at(now), at(LEASE_END)).await?, &true)?;
        let after = Epoch::new(first.get().saturating_add(1));
        let what = format!("what was seen after a renewal at {now} ms");
        equal(&what, &store.left_behind(after).await?.seen, &Some(at(seen)))?;
    }
    // The clock has gone back, and is put right later.
    let second = store.join(at(10), at(LEASE_END)).await?;
    store.renew(second, at(400), at(LEASE_END)).await?;
    equal("what was seen before the second stay", &store.left_behind(second).await?.seen, &Some(at(300)))?;
    store.release(second).await?;
    store.renew(second, at(500), at(LEASE_END)).await?;
    store.reopen().await?;
    let third = join(&*store).await?;
    store.settle(third).await?;
    equal("what was seen before the third stay", &store.left_behind(third).await?.seen, &Some(at(400)))
}

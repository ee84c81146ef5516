//! Laws of what stays leave behind.

use saga_core::id::Epoch;
use saga_core::store::{Due, LeftBehind, SKEW_MAX, Store, UNCLEAN_MAX};

use crate::law::{Seen, equal};
use crate::sample::{
    LEASE_END, append_with, at, create, create_with, id, ids, join, send, signal, taken, waiting,
    waiting_for_ever,
};
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

/// The time of the stay before in the laws of clocks, when the next one begins, and how much earlier that is.
const BEFORE: u64 = 1_000_000;
const AFTER: u64 = 400_000;
const SETBACK: u64 = BEFORE + 50_000 - AFTER;

/// A stay that is prolonged [`SETBACK`] after [`AFTER`], and then once more by a clock that is behind, with an instance that waits for [`BEFORE`] + 100,000, one
/// that waits for ever, and one that waits for nothing but was called.
async fn let_wait(store: &dyn Store) -> Result<Epoch, Seen> {
    let epoch = store.join(at(BEFORE), at(BEFORE + 60_000)).await?;
    let [timed, endless, called] =
        ids(["timed", "endless", "called"])?.try_into().map_err(|_| Seen(String::new()))?;
    let timed = create_with(&timed, epoch, waiting(BEFORE + 100_000));
    let endless = create_with(&endless, epoch, waiting_for_ever());
    taken(store, &[timed, endless, create(&called, epoch), send(&called, &signal("call", BEFORE)?)]).await?;
    for now in [BEFORE + 50_000, BEFORE + 20_000] {
        let renewed = store.renew(epoch, at(now), at(BEFORE + 60_000)).await?;
        equal(&format!("a renewal after {now} ms"), &renewed, &true)?;
    }
    Ok(epoch)
}

pub(crate) async fn clock_that_was_set_back_delays_nothing(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let before = let_wait(&*store).await?;
    let after = store.join(at(AFTER), at(BEFORE)).await?;
    let lease_end = BEFORE + 60_000 - SETBACK;
    equal("what is due before the lease has ended", &store.due(after, at(AFTER), 9).await?.ids, &vec![])?;
    let due = BEFORE + 100_000 - SETBACK;
    let wait = store.due(after, at(lease_end.max(due - 1)), 9).await?;
    equal("what is due too early", &wait, &Due { ids: vec![], next: Some(at(due)) })?;
    // Until it is claimed, the stay before may write to it.
    taken(&*store, &[append_with(&id("called")?, before, 2, waiting_for_ever())]).await?;
    let due = store.due(after, at(due), 9).await?;
    equal("what is due", &due, &Due { ids: ids(["called", "timed"])?, next: None })
}

pub(crate) async fn clock_is_set_back_once(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let_wait(&*store).await?;
    let now = store.join(at(AFTER), at(2 * BEFORE)).await?;
    store.release(now).await?;
    let now = store.join(at(AFTER + 1), at(BEFORE)).await?;
    let due = store.due(now, at(AFTER + 20_000), 9).await?;
    equal("what is due, and when", &due, &Due { ids: vec![], next: Some(at(BEFORE + 100_000 - SETBACK)) })
}

pub(crate) async fn clocks_may_be_a_little_apart(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let before = let_wait(&*store).await?;
    store.release(before).await?;
    let skew = u64::try_from(SKEW_MAX.as_millis()).unwrap_or(u64::MAX);
    let now = store.join(at(BEFORE + 50_000 - skew), at(2 * BEFORE)).await?;
    let due = store.due(now, at(BEFORE), 9).await?;
    equal("what is due, and when", &due, &Due { ids: vec![], next: Some(at(BEFORE + 100_000)) })
}

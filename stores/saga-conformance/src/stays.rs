//! Laws of stays.

use saga_core::store::{Due, Refusal, Wanted};

use crate::law::{Seen, equal};
use crate::sample::{LEASE_END, append, at, create, create_with, id, join, taken, waiting, write};
use crate::{Fixture, Stays};

pub(crate) async fn epochs_rise(fixture: &dyn Fixture) -> Result<(), Seen> {
    let mut last = None;
    for _ in 0..2 {
        let store = fixture.open().await;
        for _ in 0..3 {
            let epoch = Some(join(&*store).await?);
            equal("whether an epoch is above the one before", &(epoch > last), &true)?;
            last = epoch;
        }
        store.close().await?;
    }
    Ok(())
}

pub(crate) async fn stay_ends_with_its_lease(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = store.join(at(0), at(10)).await?;
    equal("a renewal in time", &store.renew(epoch, at(9), at(20)).await?, &true)?;
    equal("a second renewal in time", &store.renew(epoch, at(19), at(30)).await?, &true)?;
    match fixture.stays() {
        Stays::Many => {
            equal("a renewal at the lease's end", &store.renew(epoch, at(30), at(40)).await?, &false)
        }
        Stays::One => {
            equal("a renewal after the lease's end", &store.renew(epoch, at(31), at(40)).await?, &true)?;
            join(&*store).await?;
            equal("a renewal after the next stay began", &store.renew(epoch, at(32), at(50)).await?, &false)
        }
    }
}

pub(crate) async fn released_stay_has_ended(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    store.release(epoch).await?;
    store.release(epoch).await?;
    equal("a renewal after the release", &store.renew(epoch, at(1), at(LEASE_END)).await?, &false)
}

pub(crate) async fn ended_stay_does_not_come_back(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = store.join(at(0), at(10)).await?;
    let second = store.join(at(0), at(LEASE_END)).await?;
    store.claim(second, at(10), Wanted::Active { limit: 1 }).await?;
    equal(
        "a renewal, by a clock that goes behind, of a stay whose instances were handed out",
        &store.renew(first, at(9), at(LEASE_END)).await?,
        &false,
    )
}

pub(crate) async fn ended_stay_is_handed_nothing(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let (ready, late) = (id("ready")?, id("late")?);
    let epoch = join(&*store).await?;
    taken(&*store, &[create(&ready, epoch), create_with(&late, epoch, waiting(5))]).await?;
    let ended = join(&*store).await?;
    store.release(epoch).await?;
    store.release(ended).await?;
    for wanted in [Wanted::Active { limit: 9 }, Wanted::One(&ready)] {
        equal("what an ended stay is handed", &store.claim(ended, at(6), wanted).await?, &Vec::new())?;
    }
    equal("what is due for an ended stay", &store.due(ended, at(6), 9).await?, &Due::default())?;
    // What it has it may still write to: nobody else does.
    taken(&*store, &[append(&ready, epoch, 2)]).await
}

pub(crate) async fn ended_stay_may_create(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let (ready, late, asked_for) = (id("ready")?, id("late")?, id("asked for")?);
    let released = join(&*store).await?;
    store.release(released).await?;
    let live = join(&*store).await?;
    let creations = [
        create(&ready, released),
        create_with(&late, released, waiting(5)),
        create(&asked_for, released),
        append(&asked_for, released, 2),
    ];
    taken(&*store, &creations).await?;
    equal(
        "a write of another stay before it has them",
        &write(&*store, append(&ready, live, 2)).await?,
        &Err(Refusal::Fenced),
    )?;
    // They can be handed out at once.
    let claimed = store.claim(live, at(1), Wanted::One(&asked_for)).await?;
    equal("a claim of one that an ended stay created", &claimed, &vec![asked_for.clone()])?;
    let claimed = store.claim(live, at(1), Wanted::Active { limit: 9 }).await?;
    equal("a claim of what an ended stay created", &claimed, &vec![ready.clone()])?;
    let due = store.due(live, at(5), 9).await?;
    equal("what is due that an ended stay created", &due, &Due { ids: vec![late.clone()], next: None })?;
    for (order, seq) in [(&ready, 2), (&late, 2), (&asked_for, 3)] {
        equal(
            "a write of the stay that created it",
            &write(&*store, append(order, released, seq)).await?,
            &Err(Refusal::Fenced),
        )?;
        taken(&*store, &[append(order, live, seq)]).await?;
    }
    Ok(())
}

pub(crate) async fn stay_goes_on_over_a_reopening(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, epoch)]).await?;
    store.reopen().await?;
    equal("a renewal after a reopening", &store.renew(epoch, at(1), at(LEASE_END)).await?, &true)?;
    taken(&*store, &[append(&order, epoch, 2)]).await
}

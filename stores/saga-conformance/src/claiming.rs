//! Laws of claiming.

use std::collections::BTreeSet;
use std::sync::Arc;

use saga_core::id::InstanceId;
use saga_core::journal::{Head, InstanceState};
use saga_core::store::{Refusal, Store, Wanted, Write};

use crate::law::{Seen, equal};
use crate::sample::{
    append, append_with, at, create, create_with, entry, head, head_of, id, ids, in_state, join, running,
    taken, waiting, waiting_for_ever, write,
};
use crate::{Fixture, Stays};

pub(crate) async fn claim_hands_out_the_oldest_of_ended_stays(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join(&*store).await?;
    // The clock of their creator runs backwards: what counts is the order of creation.
    let mut creations = Vec::new();
    for (name, created_at) in [("b", 30), ("a", 20), ("c", 10)] {
        let head = Head { created_at: at(created_at), ..head(&id(name)?, running()) };
        creations.push(Write::Create { head, entry: entry(first, 1) });
    }
    taken(&*store, &creations).await?;
    let second = join(&*store).await?;
    let mixed = [create(&id("e")?, second), create(&id("f")?, first), create(&id("d")?, second)];
    taken(&*store, &mixed).await?;
    let third = join(&*store).await?;
    taken(&*store, &[create(&id("own")?, third)]).await?;
    store.release(first).await?;
    store.release(second).await?;
    for (limit, expected) in
        [(0, vec![]), (2, ids(["b", "a"])?), (2, ids(["c", "e"])?), (9, ids(["f", "d"])?), (9, vec![])]
    {
        let claimed = store.claim(third, at(1), Wanted::Active { limit }).await?;
        equal(&format!("a claim of {limit}"), &claimed, &expected)?;
    }
    Ok(())
}

pub(crate) async fn claim_leaves_live_stays_alone(fixture: &dyn Fixture) -> Result<(), Seen> {
    if fixture.stays() == Stays::One {
        return Ok(());
    }
    let store = fixture.open().await;
    let owner = store.join(at(0), at(10)).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, owner)]).await?;
    let other = join(&*store).await?;
    for wanted in [Wanted::Active { limit: 9 }, Wanted::One(&order)] {
        let claimed = store.claim(other, at(9), wanted).await?;
        equal("a claim of what a live stay has", &claimed, &Vec::new())?;
    }
    // What waits, is parked, cannot be read or has ended is driven by nobody, and goes to who asks for it.
    let idle = [
        ("waiting", waiting(500)),
        ("waiting for ever", waiting_for_ever()),
        ("parked", in_state(InstanceState::Parked)),
        ("unreadable", in_state(InstanceState::Unreadable)),
        ("completed", in_state(InstanceState::Completed)),
        ("compensated", in_state(InstanceState::Compensated)),
    ];
    for (name, progress) in idle {
        let idle = id(name)?;
        taken(&*store, &[create_with(&idle, owner, progress)]).await?;
        let claimed = store.claim(other, at(9), Wanted::One(&idle)).await?;
        equal(&format!("a claim of one that is {name}"), &claimed, &vec![idle])?;
    }
    let marked = id("marked")?;
    let mark = Write::MarkUnreadable { id: marked.clone(), epoch: owner, at: at(9) };
    taken(&*store, &[create(&marked, owner), mark]).await?;
    let claimed = store.claim(other, at(9), Wanted::One(&marked)).await?;
    equal("a claim of one that is marked as unreadable", &claimed, &vec![marked])?;
    taken(&*store, &[append(&order, owner, 2)]).await?;
    let claimed = store.claim(other, at(10), Wanted::Active { limit: 9 }).await?;
    equal("a claim at the end of the lease", &claimed, &vec![order])
}

pub(crate) async fn claim_passes_over_what_is_not_ready(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join(&*store).await?;
    let mut batch = vec![
        create_with(&id("waiting")?, first, waiting(1)),
        create_with(&id("waiting for ever")?, first, waiting_for_ever()),
    ];
    for state in InstanceState::ALL {
        batch.push(create_with(&id(state.as_str())?, first, in_state(state)));
        let (later, late) = (id(format!("later-{state}"))?, in_state(state));
        batch.push(create_with(&later, first, waiting(1)));
        batch.push(append_with(&later, first, 2, late));
    }
    taken(&*store, &batch).await?;
    let second = join(&*store).await?;
    store.release(first).await?;
    let claimed = store.claim(second, at(5), Wanted::Active { limit: 99 }).await?;
    let expected = ids(["running", "later-running", "compensating", "later-compensating"])?;
    equal("what is handed out", &claimed, &expected)
}

pub(crate) async fn claim_gives_each_instance_to_one_caller(fixture: &dyn Fixture) -> Result<(), Seen> {
    const INSTANCES: usize = 200;
    let store = fixture.open().await;
    let first = join(&*store).await?;
    let ids = (0..INSTANCES).map(|number| id(format!("order-{number}"))).collect::<Result<Vec<_>, _>>()?;
    let batch: Vec<Write> = ids.iter().map(|id| create(id, first)).collect();
    taken(&*store, &batch).await?;
    store.release(first).await?;
    let mut claimers = vec![join(&*store).await?; 4];
    if fixture.stays() == Stays::Many {
        for claimer in &mut claimers {
            *claimer = join(&*store).await?;
        }
    }
    let tasks: Vec<_> = claimers
        .into_iter()
        .map(|epoch| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { claim_all(&*store, epoch).await })
        })
        .collect();
    let mut claimed = Vec::new();
    for task in tasks {
        claimed.extend(task.await.map_err(|error| Seen(format!("it panicked: {error}")))??);
    }
    equal("how many were handed out", &claimed.len(), &INSTANCES)?;
    equal("the instances", &claimed.into_iter().collect(), &ids.into_iter().collect::<BTreeSet<_>>())
}

async fn claim_all(store: &dyn Store, epoch: saga_core::id::Epoch) -> Result<Vec<InstanceId>, Seen> {
    let mut all = Vec::new();
    loop {
        let claimed = store.claim(epoch, at(1), Wanted::Active { limit: 7 }).await?;
        if claimed.is_empty() {
            return Ok(all);
        }
        all.extend(claimed);
    }
}

pub(crate) async fn claim_fences_the_stay_before(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join(&*store).await?;
    let (any, one) = (id("any")?, id("one")?);
    let parked = create_with(&one, first, in_state(InstanceState::Parked));
    taken(&*store, &[create(&any, first), parked]).await?;
    let second = join(&*store).await?;
    store.release(first).await?;
    taken(&*store, &[append(&any, first, 2), append(&one, first, 2)]).await?;
    for (wanted, order) in [(Wanted::Active { limit: 1 }, &any), (Wanted::One(&one), &one)] {
        equal("a claim", &store.claim(second, at(1), wanted).await?, &vec![order.clone()])?;
        let mark = Write::MarkUnreadable { id: order.clone(), epoch: first, at: at(1) };
        for late in [append(order, first, 3), mark] {
            equal("a write of the stay before", &write(&*store, late).await?, &Err(Refusal::Fenced))?;
        }
        taken(&*store, &[append(order, second, 3)]).await?;
    }
    Ok(())
}

pub(crate) async fn claim_changes_nothing_else(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join(&*store).await?;
    let ids = ids(["ready", "waiting"])?;
    let [ready, late] = ids.as_slice() else { return Ok(()) };
    taken(&*store, &[create(ready, first), create_with(late, first, waiting(500)), append(late, first, 2)])
        .await?;
    let before = store.load(&ids).await?;
    let second = join(&*store).await?;
    store.release(first).await?;
    store.claim(second, at(1), Wanted::Active { limit: 9 }).await?;
    equal(
        "a claim of one that waits",
        &store.claim(second, at(1), Wanted::One(late)).await?,
        &vec![late.clone()],
    )?;
    equal("the instances after a claim", &store.load(&ids).await?, &before)?;
    let due = store.due(second, at(500), 9).await?;
    equal("what is due after a claim", &due.ids, &vec![late.clone()])
}

pub(crate) async fn one_is_claimed_whatever_its_state(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join(&*store).await?;
    let mut orders = Vec::new();
    for state in InstanceState::ALL {
        orders.push(id(state.as_str())?);
        taken(&*store, &[create_with(&id(state.as_str())?, first, in_state(state))]).await?;
    }
    let second = join(&*store).await?;
    store.release(first).await?;
    for order in &orders {
        for what in ["a claim of one", "a claim of one that it has"] {
            let claimed = store.claim(second, at(1), Wanted::One(order)).await?;
            equal(what, &claimed, &vec![order.clone()])?;
        }
        taken(&*store, &[append(order, second, 2)]).await?;
        equal("its state", &head_of(&*store, order).await?.progress.state.as_str(), &order.as_str())?;
    }
    let claimed = store.claim(second, at(1), Wanted::One(&id("unknown")?)).await?;
    equal("a claim of one that is not there", &claimed, &Vec::new())
}

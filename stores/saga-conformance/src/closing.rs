//! Laws of closing, reopening and opening anew.

use saga_core::journal::{Head, InstanceState};
use saga_core::store::{Defined, InUse, LeftBehind, Query, StoreError, StoreErrorKind, Wanted, Write};

use crate::law::{Seen, equal};
use crate::sample::{
    LEASE_END, SAGA, append, append_with, at, create, create_with, id, ids, in_state, join, send, shape,
    signal, taken, waiting, waiting_for_ever,
};
use crate::{Fixture, Stays};

pub(crate) async fn data_outlives_the_store(fixture: &dyn Fixture) -> Result<(), Seen> {
    let definition = Defined { saga: String::from(SAGA), version: 1, shape: shape(0) };
    let orders = ids(["order", "late", "one", "asleep"])?;
    let [order, late, one, asleep] = orders.as_slice() else { return Ok(()) };
    let store = fixture.open().await;
    let first = join(&*store).await?;
    store.define(&definition).await?;
    let batch = [
        create(order, first),
        append(order, first, 2),
        create_with(late, first, waiting(10)),
        create(one, first),
        create_with(asleep, first, waiting_for_ever()),
        send(asleep, &signal("b", 12)?),
        send(asleep, &signal("a", 11)?),
    ];
    taken(&*store, &batch).await?;
    let ended = append_with(&id("deleted")?, first, 2, in_state(InstanceState::Completed));
    taken(&*store, &[create(&id("deleted")?, first), ended]).await?;
    equal("how many were deleted", &store.delete(&[id("deleted")?]).await?, &1)?;
    let before = store.load(&orders).await?;
    let query = Query { limit: 9, ..Query::default() };
    let (asked, counted) = (store.query(&query).await?, store.unfinished().await?);
    store.renew(first, at(70), at(LEASE_END)).await?;
    store.close().await?;

    let store = fixture.open().await;
    equal("the instances", &store.load(&orders).await?, &before)?;
    equal("the definitions", &store.defined(SAGA, 1).await?, &vec![(definition, InUse::Yes)])?;
    let heads = |found: Vec<(_, Head)>| found.into_iter().map(|(_, head)| head).collect::<Vec<_>>();
    equal("the heads", &heads(store.query(&query).await?), &heads(asked))?;
    equal("the unfinished", &store.unfinished().await?, &counted)?;
    let second = join(&*store).await?;
    store.release(first).await?;
    // Where one process has the store, the first stay ended with it, and not by this release.
    let unclean = if fixture.stays() == Stays::One { vec![first] } else { Vec::new() };
    let left = LeftBehind { unclean };
    equal("what was left behind", &store.left_behind(second).await?, &left)?;
    let claimed = store.claim(second, at(1), Wanted::One(one)).await?;
    equal("a claim of one", &claimed, &vec![one.clone()])?;
    let claimed = store.claim(second, at(1), Wanted::Active { limit: 9 }).await?;
    equal("a claim", &claimed, &vec![order.clone()])?;
    equal("what is due", &store.due(second, at(10), 9).await?.ids, &vec![late.clone()])?;
    equal("what is due later", &store.due(second, at(11), 9).await?.ids, &vec![asleep.clone()])?;
    taken(&*store, &[append(order, second, 3), append(late, second, 2), append(one, second, 2)]).await?;
    store.close().await?;
    Ok(())
}

pub(crate) async fn closed_store_refuses_everything(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, epoch)]).await?;
    store.close().await?;
    store.close().await?;
    let definition = Defined { saga: String::from(SAGA), version: 1, shape: shape(0) };
    let list = [order.clone()];
    let write: [Write; 1] = [append(&order, epoch, 2)];
    closed("join", store.join(at(1), at(9)).await)?;
    closed("renew", store.renew(epoch, at(1), at(9)).await)?;
    closed("release", store.release(epoch).await)?;
    closed("left_behind", store.left_behind(epoch).await)?;
    closed("settle", store.settle(epoch).await)?;
    closed("define", store.define(&definition).await)?;
    closed("defined", store.defined(SAGA, 1).await)?;
    closed("append", store.append(&write).await)?;
    closed("load", store.load(&list).await)?;
    closed("head", store.head(&order).await)?;
    closed("claim", store.claim(epoch, at(1), Wanted::Active { limit: 1 }).await)?;
    closed("due", store.due(epoch, at(1), 1).await)?;
    closed("query", store.query(&Query { limit: 1, ..Query::default() }).await)?;
    closed("unfinished", store.unfinished().await)?;
    closed("delete", store.delete(&list).await)?;
    closed("reopen", store.reopen().await)
}

fn closed<T>(call: &str, answer: Result<T, StoreError>) -> Result<(), Seen> {
    let seen = answer.err().map(|error| error.kind());
    equal(&format!("the error of `{call}` after closing"), &seen, &Some(StoreErrorKind::Closed))
}

pub(crate) async fn reopened_store_has_everything(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let orders = ids(["a", "b"])?;
    let batch: Vec<Write> = orders.iter().map(|order| create(order, epoch)).collect();
    taken(&*store, &batch).await?;
    let before = store.load(&orders).await?;
    for _ in 0..3 {
        store.reopen().await?;
        equal("the instances", &store.load(&orders).await?, &before)?;
    }
    Ok(())
}

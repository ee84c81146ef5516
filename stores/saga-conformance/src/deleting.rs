//! Laws of deleting.

use saga_core::id::InstanceId;
use saga_core::journal::{Head, InstanceState, Progress};
use saga_core::store::{Defined, Due, InUse, Query, Refusal, Store, Stored, Unfinished, Wanted, Write};

use crate::Fixture;
use crate::law::{Seen, equal};
use crate::sample::{
    SAGA, append, append_with, at, create, create_with, entry, head, id, ids, in_state, join, running, send,
    shape, signal, taken, waiting, waiting_for_ever, write,
};

/// Which of these instances are there.
async fn there(store: &dyn Store, ids: &[InstanceId]) -> Result<Vec<InstanceId>, Seen> {
    Ok(store.load(ids).await?.into_iter().flatten().map(|found| found.head.id).collect())
}

/// A completed instance that is a step of another.
fn child(id: &InstanceId, parent: &InstanceId, epoch: saga_core::id::Epoch) -> Write {
    let head = Head { parent: Some(parent.clone()), ..head(id, in_state(InstanceState::Completed)) };
    Write::Create { head, entry: entry(epoch, 1) }
}

pub(crate) async fn delete_takes_only_what_has_ended(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let (mut all, mut unfinished) = (Vec::new(), Vec::new());
    for state in InstanceState::ALL {
        for (name, due) in [("now", None), ("later", Some(at(9))), ("never", waiting_for_ever().due)] {
            let order = id(format!("{name}-{state}"))?;
            let progress = Progress { due, needs_attention: due.is_some(), ..in_state(state) };
            taken(&*store, &[create(&order, epoch), append_with(&order, epoch, 2, progress)]).await?;
            if !state.is_terminal() {
                unfinished.push(order.clone());
            }
            all.push(order);
        }
    }
    let ended = all.len() - unfinished.len();
    equal("how many were deleted", &store.delete(&all).await?, &ended)?;
    equal("what is still there", &there(&*store, &all).await?, &unfinished)?;
    equal("how many were deleted again", &store.delete(&all).await?, &0)?;
    equal("how many were deleted of none", &store.delete(&[]).await?, &0)?;
    equal("what is there at last", &there(&*store, &all).await?, &unfinished)
}

pub(crate) async fn deleted_instance_is_gone(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let definition = Defined { saga: String::from(SAGA), version: 1, shape: shape(0) };
    store.define(&definition).await?;
    let [order, other, neighbour] = [id("order")?, id("other")?, id("neighbour")?];
    let ended = in_state(InstanceState::Compensated);
    let batch = [
        create_with(&neighbour, epoch, waiting(50)),
        create(&order, epoch),
        send(&order, &signal("paid", 1)?),
        append_with(&order, epoch, 2, Progress { due: Some(at(5)), needs_attention: true, ..ended.clone() }),
        create_with(&other, epoch, ended),
    ];
    taken(&*store, &batch).await?;
    let asked = [order.clone(), id("unknown")?, order.clone(), other.clone()];
    equal("how many were deleted", &store.delete(&asked).await?, &2)?;
    for order in [&order, &other] {
        equal("the instance", &store.load(std::slice::from_ref(order)).await?, &vec![None])?;
        equal("its head", &store.head(order).await?, &None)?;
        equal("a claim of it", &store.claim(epoch, at(9), Wanted::One(order)).await?, &Vec::new())?;
        let mark = Write::MarkUnreadable { id: order.clone(), epoch, at: at(1) };
        for late in [append(order, epoch, 3), append(order, epoch, 1), mark, send(order, &signal("late", 2)?)]
        {
            let answer = write(&*store, late).await?;
            equal("the answer to a write to a deleted instance", &answer, &Err(Refusal::NotFound))?;
        }
    }
    let query = Query { limit: 9, ..Query::default() };
    let left: Vec<Head> = store.query(&query).await?.into_iter().map(|(_, head)| head).collect();
    equal("the instances", &left, &vec![head(&neighbour, waiting(50))])?;
    let counts = Unfinished { running: 1, oldest: Some(at(1)), ..Unfinished::default() };
    equal("the unfinished", &store.unfinished().await?, &counts)?;
    equal("the definitions", &store.defined(SAGA, 1).await?, &vec![(definition, InUse::Yes)])?;
    let due = Due { ids: Vec::new(), next: Some(at(50)) };
    equal("what is due", &store.due(epoch, at(9), 9).await?, &due)?;
    taken(&*store, &[append(&neighbour, epoch, 2)]).await
}

pub(crate) async fn deleted_id_is_free(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let mut epoch = join(&*store).await?;
    let order = id("order")?;
    let completed = in_state(InstanceState::Completed);
    for turn in 0..3 {
        if turn == 2 {
            epoch = join(&*store).await?;
        }
        let paid = signal("paid", turn)?;
        taken(&*store, &[create(&order, epoch), send(&order, &paid), append(&order, epoch, 2)]).await?;
        let expected = Stored {
            head: Head { seq: saga_core::id::Seq::new(2), ..head(&order, running()) },
            entries: vec![entry(epoch, 1), entry(epoch, 2)],
            signals: vec![paid],
        };
        let found = store.load(std::slice::from_ref(&order)).await?;
        equal(&format!("the instance, created after {turn} deletions"), &found, &vec![Some(expected)])?;
        // The signal called it; whoever is created next under this id was not.
        taken(&*store, &[append_with(&order, epoch, 3, completed.clone())]).await?;
        equal("how many were deleted", &store.delete(std::slice::from_ref(&order)).await?, &1)?;
    }
    taken(&*store, &[create_with(&order, epoch, waiting_for_ever())]).await?;
    equal("the progress of the last", &store.head(&order).await?, &Some(head(&order, waiting_for_ever())))
}

pub(crate) async fn child_stays_with_its_parent(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let all = ids(["parent", "child", "grandchild", "orphan", "running", "theirs"])?;
    let [parent, middle, youngest, orphan, active, theirs] = all.as_slice() else { return Ok(()) };
    let batch = [
        create_with(parent, epoch, in_state(InstanceState::Completed)),
        child(middle, parent, epoch),
        child(youngest, middle, epoch),
        child(orphan, &id("nobody")?, epoch),
        create(active, epoch),
        child(theirs, active, epoch),
    ];
    taken(&*store, &batch).await?;
    let backwards: Vec<InstanceId> = all.iter().rev().cloned().collect();
    equal("how many were deleted, children first", &store.delete(&backwards).await?, &2)?;
    let left: Vec<InstanceId> = [middle, youngest, active, theirs].map(Clone::clone).into();
    equal("what is left without their parents", &there(&*store, &all).await?, &left)?;
    equal("how many were deleted, parents first", &store.delete(&all).await?, &2)?;
    equal("what is left with theirs", &there(&*store, &all).await?, &vec![active.clone(), theirs.clone()])
}

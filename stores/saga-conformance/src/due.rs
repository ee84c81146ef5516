//! Laws of what is due.

use saga_core::id::InstanceId;
use saga_core::journal::InstanceState;
use saga_core::store::{Due, Refusal, Wanted, Write};
use saga_core::time::Timestamp;

use crate::law::{Seen, equal};
use crate::sample::{
    append, append_with, at, create, create_with, head_of, id, ids, in_state, join, running, taken, waiting,
    waiting_for_ever, write,
};
use crate::{Fixture, Stays};

pub(crate) async fn due_comes_in_the_order_of_time(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    equal("what is due in an empty store", &store.due(epoch, at(0), 9).await?, &Due::default())?;
    let times = [("c", 30), ("a", 10), ("d", 40), ("b", 20), ("b2", 20), ("a2", 20)];
    let mut batch = vec![create(&id("ready")?, epoch)];
    for (name, due) in times {
        batch.push(create_with(&id(name)?, epoch, waiting(due)));
    }
    taken(&*store, &batch).await?;
    let steps = [
        (9, 9, due(vec![], Some(10))),
        (10, 9, due(ids(["a"])?, Some(20))),
        (29, 0, due(vec![], Some(20))),
        (29, 2, due(ids(["b", "b2"])?, Some(20))),
        (35, 9, due(ids(["a2", "c"])?, Some(40))),
        (40, 9, due(ids(["d"])?, None)),
        (99, 9, due(vec![], None)),
    ];
    for (now, limit, expected) in steps {
        let seen = store.due(epoch, at(now), limit).await?;
        equal(&format!("what is due after {now} ms, with a limit of {limit}"), &seen, &expected)?;
    }
    Ok(())
}

pub(crate) async fn due_is_cleared_and_claimed(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, first), append_with(&order, first, 2, waiting(10))]).await?;
    let second = join(&*store).await?;
    store.release(first).await?;
    equal("what is due", &store.due(second, at(10), 9).await?, &due(vec![order.clone()], None))?;
    equal("its progress", &head_of(&*store, &order).await?.progress, &running())?;
    equal(
        "a write of the stay before",
        &write(&*store, append(&order, first, 3)).await?,
        &Err(Refusal::Fenced),
    )?;
    taken(&*store, &[append_with(&order, second, 3, waiting(20))]).await?;
    equal("what is due later", &store.due(second, at(30), 9).await?, &due(vec![order.clone()], None))?;
    let third = join(&*store).await?;
    store.release(second).await?;
    let claimed = store.claim(third, at(30), Wanted::Active { limit: 9 }).await?;
    equal("a claim of what was due", &claimed, &vec![order])
}

pub(crate) async fn due_passes_over_what_has_ended(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let mut expected = Vec::new();
    for state in InstanceState::ALL {
        let order = id(state.as_str())?;
        let progress = saga_core::journal::Progress { due: Some(at(10)), ..in_state(state) };
        taken(&*store, &[create_with(&order, epoch, waiting(10)), append_with(&order, epoch, 2, progress)])
            .await?;
        if state.is_unfinished() {
            expected.push(order);
        }
    }
    let marked = id("marked")?;
    let mark = Write::MarkUnreadable { id: marked.clone(), epoch, at: at(1) };
    taken(&*store, &[create_with(&marked, epoch, waiting(10)), mark]).await?;
    equal("what is due", &store.due(epoch, at(10), 99).await?, &due(expected, None))
}

pub(crate) async fn never_is_not_due(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join(&*store).await?;
    let (asleep, later) = (id("asleep")?, id("later")?);
    let batch = [
        create_with(&asleep, first, waiting_for_ever()),
        create(&later, first),
        append_with(&later, first, 2, waiting_for_ever()),
    ];
    taken(&*store, &batch).await?;
    for now in [at(1), Timestamp::NEVER] {
        equal(
            "what is due of those that wait for no time",
            &store.due(first, now, 9).await?,
            &due(vec![], None),
        )?;
    }
    let second = join(&*store).await?;
    store.release(first).await?;
    let claimed = store.claim(second, at(1), Wanted::Active { limit: 9 }).await?;
    equal("a claim of those that wait for no time", &claimed, &Vec::new())?;
    equal("its progress", &head_of(&*store, &asleep).await?.progress, &waiting_for_ever())?;
    let claimed = store.claim(second, at(1), Wanted::One(&asleep)).await?;
    equal("a claim of one that waits for no time", &claimed, &vec![asleep.clone()])?;
    taken(&*store, &[append_with(&asleep, second, 2, waiting(5))]).await?;
    equal("what is due", &store.due(second, at(5), 9).await?, &due(vec![asleep], None))
}

pub(crate) async fn due_leaves_live_stays_alone(fixture: &dyn Fixture) -> Result<(), Seen> {
    if fixture.stays() == Stays::One {
        return Ok(());
    }
    let store = fixture.open().await;
    let owner = store.join(at(0), at(100)).await?;
    let other = join(&*store).await?;
    let (theirs, mine) = (id("theirs")?, id("mine")?);
    taken(&*store, &[create_with(&theirs, owner, waiting(10)), create_with(&mine, other, waiting(20))])
        .await?;
    equal("what is due of others", &store.due(other, at(15), 9).await?, &due(vec![], Some(20)))?;
    equal("what is due of both", &store.due(other, at(20), 9).await?, &due(vec![mine], None))?;
    equal("what is due after the lease", &store.due(other, at(100), 9).await?, &due(vec![theirs], None))
}

fn due(ids: Vec<InstanceId>, next: Option<u64>) -> Due {
    Due { ids, next: next.map(at) }
}

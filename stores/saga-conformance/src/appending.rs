//! Laws of appending.

use std::sync::Arc;

use saga_core::id::{Epoch, InstanceId, Seq};
use saga_core::journal::{EncodedEntry, InstanceState};
use saga_core::store::{Query, Refusal, Store, Write};

use crate::Fixture;
use crate::law::{Seen, equal};
use crate::sample::{
    append, append_with, at, create, create_with, entry, head, head_of, id, in_state, join, journal, running,
    send, signal, taken, write,
};

pub(crate) async fn taken_id_is_refused(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, epoch)]).await?;
    let before = store.load(std::slice::from_ref(&order)).await?;
    let other = Write::Create {
        head: head(&order, in_state(InstanceState::Parked)),
        entry: EncodedEntry { events: String::from("[]"), ..entry(epoch, 1) },
    };
    let not_first = Write::Create { head: head(&order, running()), entry: entry(epoch, 2) };
    for again in [create(&order, epoch), other, not_first] {
        let answer = write(&*store, again).await?;
        equal("the answer to a second creation", &answer, &Err(Refusal::Exists))?;
    }
    equal("the instance after a second creation", &store.load(&[order]).await?, &before)
}

pub(crate) async fn first_entry_is_number_one(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    for seq in [0, 2] {
        let creation = Write::Create { head: head(&order, running()), entry: entry(epoch, seq) };
        let answer = write(&*store, creation).await?;
        equal("the answer to a creation with another number", &answer, &Err(Refusal::Sequence))?;
    }
    equal("the head after a refused creation", &store.head(&order).await?, &None)
}

pub(crate) async fn gaps_and_repeats_are_refused(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, epoch), append(&order, epoch, 2)]).await?;
    for seq in [0, 1, 2, 4, u64::MAX] {
        let answer = write(&*store, append(&order, epoch, seq)).await?;
        equal(&format!("the answer to entry {seq} after entry 2"), &answer, &Err(Refusal::Sequence))?;
    }
    taken(&*store, &[append(&order, epoch, 3)]).await?;
    let expected: Vec<_> = (1..=3).map(|seq| entry(epoch, seq)).collect();
    equal("the journal", &journal(&*store, &order).await?, &expected)
}

pub(crate) async fn unknown_instance_is_refused(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    let mark = Write::MarkUnreadable { id: order.clone(), epoch, at: crate::sample::at(1) };
    let signal = send(&order, &signal("paid", 1)?);
    for unknown in [append(&order, epoch, 1), append(&order, epoch, 2), mark, signal] {
        let answer = write(&*store, unknown).await?;
        equal("the answer to a write to an unknown instance", &answer, &Err(Refusal::NotFound))?;
    }
    equal("the instance", &store.load(&[order]).await?, &vec![None])
}

pub(crate) async fn other_epoch_is_fenced(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let before = join(&*store).await?;
    let epoch = join(&*store).await?;
    let after = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, epoch)]).await?;
    for other in [before, after] {
        let mark = Write::MarkUnreadable { id: order.clone(), epoch: other, at: crate::sample::at(1) };
        for (what, fenced) in [
            ("the next entry", append(&order, other, 2)),
            ("an entry that leaves a gap", append(&order, other, 9)),
            ("an entry with progress", append_with(&order, other, 2, in_state(InstanceState::Completed))),
            ("a mark", mark),
        ] {
            let answer = write(&*store, fenced).await?;
            equal(&format!("the answer to {what} under another epoch"), &answer, &Err(Refusal::Fenced))?;
        }
    }
    equal("the journal", &journal(&*store, &order).await?, &vec![entry(epoch, 1)])?;
    equal("the head", &head_of(&*store, &order).await?, &head(&order, running()))
}

pub(crate) async fn refused_write_spoils_no_other(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let other = join(&*store).await?;
    let epoch = join(&*store).await?;
    let [old, ended, marked] = [id("old")?, id("ended")?, id("marked")?];
    let setup = [
        create(&old, epoch),
        create_with(&ended, epoch, in_state(InstanceState::Completed)),
        create_with(&marked, epoch, in_state(InstanceState::Unreadable)),
    ];
    taken(&*store, &setup).await?;
    let bad = [
        (create(&old, epoch), Refusal::Exists),
        (append(&id("unknown")?, epoch, 2), Refusal::NotFound),
        (append(&old, other, 2), Refusal::Fenced),
        (append(&old, epoch, 3), Refusal::Sequence),
        (send(&ended, &signal("paid", 1)?), Refusal::Finished),
        (send(&marked, &signal("paid", 1)?), Refusal::Unreadable),
    ];
    for (kind, (refused, refusal)) in bad.iter().enumerate() {
        for place in 0..3 {
            let good = [id(format!("a-{kind}-{place}"))?, id(format!("b-{kind}-{place}"))?];
            let mut batch: Vec<Write> = good.iter().map(|id| create(id, epoch)).collect();
            batch.insert(place, refused.clone());
            let mut expected = vec![Ok(()), Ok(())];
            expected.insert(place, Err(*refusal));
            let what = format!("the answers to a batch whose write {place} is refused");
            equal(&what, &store.append(&batch).await?, &expected)?;
            for id in &good {
                equal("the journal of its neighbour", &journal(&*store, id).await?, &vec![entry(epoch, 1)])?;
            }
        }
    }
    equal("the journal of the refused", &journal(&*store, &old).await?, &vec![entry(epoch, 1)])
}

pub(crate) async fn refused_write_has_no_effect(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, epoch)]).await?;
    let before = store.load(std::slice::from_ref(&order)).await?;
    for seq in [1, 3] {
        let refused = append_with(&order, epoch, seq, in_state(InstanceState::Completed));
        equal("the answer", &write(&*store, refused).await?, &Err(Refusal::Sequence))?;
    }
    equal("the instance after refused writes", &store.load(&[order]).await?, &before)
}

pub(crate) async fn batch_may_write_one_instance_often(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let (order, other) = (id("order")?, id("other")?);
    let batch = [
        create(&order, epoch),
        append(&order, epoch, 2),
        create(&other, epoch),
        append(&order, epoch, 4),
        append_with(&order, epoch, 3, in_state(InstanceState::Compensating)),
        append_with(&order, epoch, 4, in_state(InstanceState::Compensated)),
    ];
    let expected = vec![Ok(()), Ok(()), Ok(()), Err(Refusal::Sequence), Ok(()), Ok(())];
    equal("the answers", &store.append(&batch).await?, &expected)?;
    let expected: Vec<_> = (1..=4).map(|seq| entry(epoch, seq)).collect();
    equal("the journal", &journal(&*store, &order).await?, &expected)?;
    equal("the state", &head_of(&*store, &order).await?.progress, &in_state(InstanceState::Compensated))
}

pub(crate) async fn empty_batch_is_fine(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    equal("the answers to no writes", &store.append(&[]).await?, &Vec::new())?;
    equal("the answers to no ids", &store.load(&[]).await?, &Vec::new())
}

/// As many writes and bytes as an orchestrator puts into one batch.
pub(crate) async fn largest_batch_is_taken(fixture: &dyn Fixture) -> Result<(), Seen> {
    const WRITES: usize = 1_024;
    const BYTES: usize = 8 * 1024 * 1024;
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let entry = |seq| EncodedEntry { events: "x".repeat(BYTES / WRITES), ..entry(epoch, seq) };
    let orders =
        (0..WRITES / 2).map(|number| id(format!("order-{number}"))).collect::<Result<Vec<_>, _>>()?;
    let creations = orders.iter().map(|id| Write::Create { head: head(id, running()), entry: entry(1) });
    let appends = orders.iter().map(|id| Write::Append {
        id: id.clone(),
        entry: entry(2),
        progress: None,
        wake: orders.first().cloned(),
    });
    taken(&*store, &creations.chain(appends).collect::<Vec<_>>()).await?;
    for stored in store.load(&orders).await? {
        let entries = stored.map(|stored| stored.entries).unwrap_or_default();
        equal("a journal", &entries, &vec![entry(1), entry(2)])?;
    }
    Ok(())
}

pub(crate) async fn one_of_many_appenders_wins(fixture: &dyn Fixture) -> Result<(), Seen> {
    const APPENDERS: usize = 16;
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create(&order, epoch)]).await?;
    for round in 2..6 {
        let tries = (0..APPENDERS).map(|appender| {
            let entry = EncodedEntry { events: format!("[{appender}]"), ..entry(epoch, round) };
            Write::Append { id: order.clone(), entry, progress: None, wake: None }
        });
        let answers = together(&store, tries).await?;
        let winners: Vec<&Write> =
            answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(by, _)| by).collect();
        let [Write::Append { entry: won, .. }] = winners.as_slice() else {
            return Err(Seen(format!("{} appenders of one entry were told Ok", winners.len())));
        };
        let last = journal(&*store, &order).await?.pop();
        equal("the last entry", &last.as_ref(), &Some(won))?;
        let losers = answers.iter().filter(|(_, answer)| *answer == Err(Refusal::Sequence)).count();
        equal("the appenders that were refused", &losers, &(APPENDERS - 1))?;
    }
    Ok(())
}

pub(crate) async fn many_appenders_do_not_disturb_each_other(fixture: &dyn Fixture) -> Result<(), Seen> {
    const APPENDERS: usize = 16;
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let orders = (0..APPENDERS).map(|number| id(format!("order-{number}"))).collect::<Result<Vec<_>, _>>()?;
    let tasks: Vec<_> = orders
        .iter()
        .cloned()
        .map(|order| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { append_many(&*store, epoch, &order).await })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|error| Seen(format!("it panicked: {error}")))??;
    }
    let expected: Vec<_> = (1..=APPENDS).map(|seq| entry(epoch, seq)).collect();
    for order in &orders {
        equal("a journal", &journal(&*store, order).await?, &expected)?;
    }
    let last = head_of(&*store, &id("order-0")?).await?.seq;
    equal("the number of the last entry", &last, &Seq::new(APPENDS))
}

/// How many entries each of many appenders writes.
const APPENDS: u64 = 1_000;

/// Writes the journal of an instance, in batches of one entry and of more, and asks for what is there meanwhile.
async fn append_many(store: &dyn Store, epoch: Epoch, order: &InstanceId) -> Result<(), Seen> {
    const BATCHES: [usize; 4] = [1, 40, 7, 52];
    let mut writes =
        (1..=APPENDS).map(|seq| if seq == 1 { create(order, epoch) } else { append(order, epoch, seq) });
    for size in BATCHES.into_iter().cycle() {
        let batch: Vec<Write> = writes.by_ref().take(size).collect();
        if batch.is_empty() {
            return Ok(());
        }
        taken(store, &batch).await?;
        if size == 1 {
            head_of(store, order).await?;
            store.due(epoch, at(0), 1).await?;
            store.query(&Query { limit: 3, ..Query::default() }).await?;
        }
    }
    Ok(())
}

/// Makes each write in a task of its own, all at once.
async fn together(
    store: &Arc<dyn Store>,
    writes: impl Iterator<Item = Write>,
) -> Result<Vec<(Write, Result<(), Refusal>)>, Seen> {
    let tasks: Vec<_> = writes
        .map(|one| {
            let store = Arc::clone(store);
            tokio::spawn(async move { write(&*store, one.clone()).await.map(|answer| (one, answer)) })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.map_err(|error| Seen(format!("it panicked: {error}")))??);
    }
    Ok(answers)
}

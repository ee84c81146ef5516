//! Laws of waking.

use saga_core::id::{InstanceId, StepName};
use saga_core::journal::{EncodedEntry, InstanceState, Progress};
use saga_core::store::{Due, Refusal, Wanted, Write};
use saga_core::time::Timestamp;

use crate::Fixture;
use crate::law::{Seen, equal};
use crate::sample::{
    append, append_with, at, create, create_with, due_of, entry, head, head_of, id, ids, in_state, join,
    journal, running, send, signal, taken, waiting, waiting_for_ever,
};

pub(crate) async fn signal_wakes_who_waits(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let parked = Progress { step: Some(StepName::new("step_0")), ..in_state(InstanceState::Parked) };
    for (name, progress, expected) in [
        ("for something", waiting_for_ever(), Some(20)),
        ("for long", Progress { needs_attention: true, ..waiting(500) }, Some(20)),
        ("for something sooner", waiting(10), Some(10)),
        ("for nothing", running(), None),
        ("for a person", parked, None),
    ] {
        let order = id(name)?;
        taken(&*store, &[create_with(&order, epoch, progress.clone())]).await?;
        taken(&*store, &[send(&order, &signal("paid", 20)?)]).await?;
        let progress = Progress { due: expected.map(at), ..progress };
        let expected = head(&order, progress);
        equal(&format!("the head of one that waits {name}"), &head_of(&*store, &order).await?, &expected)?;
    }
    let due = store.due(epoch, at(20), 9).await?;
    let expected = ids(["for something sooner", "for something", "for long"])?;
    equal("what is due when the signal was sent", &due, &Due { ids: expected, next: None })?;
    let order = id("for something")?;
    taken(&*store, &[send(&order, &signal("again", 30)?)]).await?;
    let due = due_of(&*store, &order).await?;
    equal("the time of one that has been handed out, after one more signal", &due, &None)
}

pub(crate) async fn entry_wakes_who_waits(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let other = join(&*store).await?;
    let epoch = join(&*store).await?;
    for (name, progress, expected) in [
        ("for something", waiting_for_ever(), Some(20)),
        ("for long", waiting(500), Some(20)),
        ("for something sooner", waiting(10), Some(10)),
        ("for nothing", running(), None),
    ] {
        let (parent, child) = (id(name)?, id(format!("child of one that waits {name}"))?);
        let waking = |epoch, seq, millis| Write::Append {
            id: child.clone(),
            entry: EncodedEntry { at: at(millis), ..entry(epoch, seq) },
            progress: Some(in_state(InstanceState::Completed)),
            wake: Some(parent.clone()),
        };
        taken(&*store, &[create_with(&parent, other, progress.clone()), create(&child, epoch)]).await?;
        let answers = store.append(&[waking(epoch, 3, 5), waking(other, 2, 5)]).await?;
        equal("the answers", &answers, &vec![Err(Refusal::Sequence), Err(Refusal::Fenced)])?;
        let what = format!("the head of one that waits {name}, after entries that were refused");
        equal(&what, &head_of(&*store, &parent).await?, &head(&parent, progress.clone()))?;
        taken(&*store, &[waking(epoch, 2, 20)]).await?;
        let expected = head(&parent, Progress { due: expected.map(at), ..progress });
        equal(&format!("the head of one that waits {name}"), &head_of(&*store, &parent).await?, &expected)?;
    }
    store.release(other).await?;
    let due = store.due(epoch, at(20), 9).await?;
    let expected = ids(["for something sooner", "for something", "for long"])?;
    equal("what is due when the entries were written", &due, &Due { ids: expected, next: None })
}

pub(crate) async fn call_is_kept_until_its_instance_is_handed_out(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let child = id("child")?;
    taken(&*store, &[create(&child, epoch)]).await?;
    let ends = |seq, wakes: &InstanceId, millis| Write::Append {
        id: child.clone(),
        entry: EncodedEntry { at: at(millis), ..entry(epoch, seq) },
        progress: None,
        wake: Some(wakes.clone()),
    };
    let (signalled, awaiting, both) = (id("signalled")?, id("awaiting")?, id("both")?);
    taken(&*store, &[&signalled, &awaiting, &both].map(|of| create(of, epoch))).await?;
    taken(&*store, &[send(&signalled, &signal("paid", 20)?), ends(2, &awaiting, 30)]).await?;
    // The earlier call counts, whatever comes first; what does not let it wait changes nothing.
    taken(&*store, &[send(&both, &signal("paid", 50)?), ends(3, &both, 40), append(&both, epoch, 2)]).await?;
    let goes_on = append_with(&both, epoch, 3, Progress { attempts: 1, ..running() });
    taken(&*store, &[goes_on]).await?;
    for (order, seq, called) in [(&signalled, 2, 20), (&awaiting, 2, 30), (&both, 4, 40)] {
        equal(&format!("the time of {order}, which was called"), &due_of(&*store, order).await?, &None)?;
        let called = Some(at(called));
        // Who drives it may let it wait as often as it likes without having heard of what came.
        for (after, progress, expected) in [
            (0, waiting_for_ever(), called),
            (1, waiting_for_ever(), called),
            (2, running(), None),
            (3, waiting(500), called),
            (4, waiting(10), Some(at(10))),
        ] {
            let what = format!("the time of {order} after {progress:?}");
            taken(&*store, &[append_with(order, epoch, seq + after, progress)]).await?;
            equal(&what, &due_of(&*store, order).await?, &expected)?;
        }
    }
    // One that waited already is called by what comes then.
    let waits = id("waits")?;
    taken(&*store, &[create_with(&waits, epoch, waiting_for_ever())]).await?;
    taken(&*store, &[send(&waits, &signal("meanwhile", 55)?)]).await?;
    taken(&*store, &[append_with(&waits, epoch, 2, waiting_for_ever())]).await?;
    equal("the time of one that was called while it waited", &due_of(&*store, &waits).await?, &Some(at(55)))
}

pub(crate) async fn call_is_kept_in_each_unfinished_state(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let child = id("child")?;
    taken(&*store, &[create(&child, epoch)]).await?;
    let mut seq = 1;
    for (called, then) in pairs_of_unfinished() {
        for (name, due) in [("something", Some(Timestamp::NEVER)), ("nothing", None)] {
            seq += 1;
            let signalled = id(format!("signalled, {called} for {name}, then {then}"))?;
            let awaiting = id(format!("awaiting, {called} for {name}, then {then}"))?;
            let ends = Write::Append {
                id: child.clone(),
                entry: EncodedEntry { at: at(20), ..entry(epoch, seq) },
                progress: None,
                wake: Some(awaiting.clone()),
            };
            let before = Progress { due, ..in_state(called) };
            let created = [&signalled, &awaiting].map(|order| create_with(order, epoch, before.clone()));
            taken(&*store, &created).await?;
            taken(&*store, &[send(&signalled, &signal("paid", 20)?), ends]).await?;
            for order in [&signalled, &awaiting] {
                let what = format!("the time of {order}, which was called");
                equal(&what, &due_of(&*store, order).await?, &due.map(|_| at(20)))?;
                let waits = Progress { due: Some(Timestamp::NEVER), ..in_state(then) };
                taken(&*store, &[append_with(order, epoch, 2, waits)]).await?;
                let what = format!("the time of {order}, which was called before it waited");
                equal(&what, &due_of(&*store, order).await?, &Some(at(20)))?;
            }
        }
    }
    Ok(())
}

/// The unfinished states, each with each.
fn pairs_of_unfinished() -> impl Iterator<Item = (InstanceState, InstanceState)> {
    let unfinished = || InstanceState::ALL.into_iter().filter(|state| state.is_unfinished());
    unfinished().flat_map(move |one| unfinished().map(move |other| (one, other)))
}

pub(crate) async fn call_ends_when_its_instance_is_handed_out(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let first = join(&*store).await?;
    let (one, active, due) = (id("one")?, id("active")?, id("due")?);
    for order in [&one, &active, &due] {
        taken(&*store, &[create(order, first), send(order, &signal("paid", 20)?)]).await?;
    }
    taken(&*store, &[append_with(&due, first, 2, waiting(10))]).await?;
    store.claim(first, at(1), Wanted::One(&one)).await?;
    let second = join(&*store).await?;
    store.release(first).await?;
    let claimed = store.claim(second, at(1), Wanted::Active { limit: 9 }).await?;
    equal("a claim", &claimed, &vec![one.clone(), active.clone()])?;
    store.due(second, at(10), 9).await?;
    for (order, seq) in [(&one, 2), (&active, 2), (&due, 3)] {
        taken(&*store, &[append_with(order, second, seq, waiting_for_ever())]).await?;
        equal(&format!("the time of {order}"), &due_of(&*store, order).await?, &waiting_for_ever().due)?;
    }
    Ok(())
}

pub(crate) async fn entry_may_wake_one_that_is_not_there(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let (child, unknown) = (id("child")?, id("unknown")?);
    let entry = entry(epoch, 2);
    let waking = Write::Append {
        id: child.clone(),
        entry: entry.clone(),
        progress: None,
        wake: Some(unknown.clone()),
    };
    taken(&*store, &[create(&child, epoch), waking]).await?;
    equal("the last entry", &journal(&*store, &child).await?.pop(), &Some(entry))?;
    equal("the head of one that is not there", &store.head(&unknown).await?, &None)
}

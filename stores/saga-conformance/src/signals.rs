//! Laws of signals.

use saga_core::id::{InstanceId, StepName};
use saga_core::journal::{EncodedEntry, InstanceState, Progress};
use saga_core::store::{Due, Refusal, SIGNALS_MAX, Signal, Wanted, Write};

use crate::Fixture;
use crate::law::{Seen, equal};
use crate::sample::{
    append, append_with, at, create, create_with, due_of, entry, head, head_of, id, ids, in_state, inbox,
    join, journal, payload, running, send, signal, taken, waiting, waiting_for_ever, write,
};

pub(crate) async fn signals_are_kept_in_the_order_of_arrival(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let (order, other) = (id("order")?, id("other")?);
    taken(&*store, &[create(&order, epoch), create(&other, epoch)]).await?;
    // Neither their ids nor their times are in the order of arrival.
    let names = ["c", "a", "B", "b", " b", "", "1", "01", "\u{e9}", "e\u{301}", "%"];
    let texts = ["null", "{\"amount\": 1.0}", "\"\\u00e9 \u{1f9fe}\"", "[1e3]", "0"];
    let mut sent = Vec::new();
    for (number, name) in (0_u64..).zip(names) {
        let text = texts.get(sent.len() % texts.len()).copied().unwrap_or_default();
        let step = StepName::new(format!("step_{}", number % 3));
        sent.push(Signal { id: name.to_owned(), step, payload: payload(text)?, at: at(50 - number % 7) });
    }
    // Some in batches of their own, some together, with those of another instance between.
    for part in sent.chunks(3) {
        let batch: Vec<Write> = part.iter().flat_map(|one| [send(&order, one), send(&other, one)]).collect();
        taken(&*store, &batch).await?;
    }
    for (what, of) in [("the inbox", &order), ("the inbox of another instance", &other)] {
        equal(what, &inbox(&*store, of).await?, &sent)?;
    }
    // Neither an entry nor another stay changes it.
    let next = join(&*store).await?;
    store.release(epoch).await?;
    store.claim(next, at(1), Wanted::One(&order)).await?;
    let ended = append_with(&order, next, 2, in_state(InstanceState::Completed));
    taken(&*store, &[ended]).await?;
    equal("the inbox at the end", &inbox(&*store, &order).await?, &sent)
}

pub(crate) async fn signal_is_kept_once(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create_with(&order, epoch, waiting_for_ever())]).await?;
    let first = signal("paid", 30)?;
    let other = Signal { step: StepName::new("step_1"), ..signal("paid", 20)? };
    let second = signal("shipped", 40)?;
    taken(&*store, &[send(&order, &first), send(&order, &other), send(&order, &second)]).await?;
    taken(&*store, &[send(&order, &first), send(&order, &other)]).await?;
    equal("the inbox", &inbox(&*store, &order).await?, &vec![first, second])?;
    let due = due_of(&*store, &order).await?;
    equal("its time after a signal that came again", &due, &Some(at(30)))
}

pub(crate) async fn any_stay_may_send(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let ended = join(&*store).await?;
    let order = id("order")?;
    let early = signal("early", 5)?;
    // In the batch that creates it, and while a stay has it that is not the last.
    taken(&*store, &[create(&order, ended), send(&order, &early)]).await?;
    let last = join(&*store).await?;
    let late = signal("late", 6)?;
    taken(&*store, &[send(&order, &late)]).await?;
    equal("the inbox", &inbox(&*store, &order).await?, &vec![early.clone(), late.clone()])?;
    equal("the head", &head_of(&*store, &order).await?, &head(&order, running()))?;
    equal("the number of entries", &journal(&*store, &order).await?.len(), &1)?;
    // It still belongs to the stay that had it.
    equal("an append of another", &write(&*store, append(&order, last, 2)).await?, &Err(Refusal::Fenced))?;
    taken(&*store, &[append(&order, ended, 2)]).await?;
    store.release(ended).await?;
    store.release(last).await?;
    let orphan = signal("orphan", 7)?;
    taken(&*store, &[send(&order, &orphan)]).await?;
    equal("the inbox of nobody's instance", &inbox(&*store, &order).await?, &vec![early, late, orphan])
}

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

pub(crate) async fn ended_and_unreadable_take_no_signal(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    for state in InstanceState::ALL {
        let order = id(state.as_str())?;
        let early = signal("early", 1)?;
        let due = Progress { due: Some(at(500)), ..in_state(state) };
        taken(&*store, &[create(&order, epoch), send(&order, &early)]).await?;
        taken(&*store, &[append_with(&order, epoch, 2, due)]).await?;
        let before = store.load(std::slice::from_ref(&order)).await?;
        let expected = match state {
            InstanceState::Completed | InstanceState::Compensated => Err(Refusal::Finished),
            InstanceState::Unreadable => Err(Refusal::Unreadable),
            _ => Ok(()),
        };
        for late in [signal("late", 2)?, early] {
            let answer = write(&*store, send(&order, &late)).await?;
            equal(&format!("the answer to {:?} when {state}", late.id), &answer, &expected)?;
        }
        if expected.is_err() {
            let what = format!("an instance that is {state}, after signals");
            equal(&what, &store.load(std::slice::from_ref(&order)).await?, &before)?;
        }
        // One that is taken up again takes signals again.
        taken(&*store, &[append_with(&order, epoch, 3, in_state(InstanceState::Compensating))]).await?;
        taken(&*store, &[send(&order, &signal("at last", 3)?)]).await?;
    }
    let marked = id("marked")?;
    let mark = Write::MarkUnreadable { id: marked.clone(), epoch, at: at(9) };
    taken(&*store, &[create(&marked, epoch), mark]).await?;
    let answer = write(&*store, send(&marked, &signal("late", 10)?)).await?;
    equal("the answer when marked", &answer, &Err(Refusal::Unreadable))
}

pub(crate) async fn inbox_has_a_limit(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let (order, other) = (id("order")?, id("other")?);
    taken(&*store, &[create(&order, epoch), create(&other, epoch)]).await?;
    let fitting = (0..SIGNALS_MAX).map(|number| signal(&format!("s-{number}"), 1));
    let fitting = fitting.collect::<Result<Vec<Signal>, Seen>>()?;
    let batch: Vec<Write> = fitting.iter().map(|one| send(&order, one)).collect();
    taken(&*store, &batch).await?;
    // Handing it out ends the call, so that it waits for ever.
    store.claim(epoch, at(1), Wanted::One(&order)).await?;
    taken(&*store, &[append_with(&order, epoch, 2, waiting_for_ever())]).await?;
    let full = Err(Refusal::Full);
    for more in ["one more", "s-1000000"] {
        equal("the answer of a full inbox", &write(&*store, send(&order, &signal(more, 2)?)).await?, &full)?;
    }
    let again = [send(&order, &signal("s-0", 2)?), send(&order, &signal("s-999", 2)?)];
    equal("the answers to signals that it has", &store.append(&again).await?, &vec![Ok(()); 2])?;
    taken(&*store, &[send(&other, &signal("one more", 2)?)]).await?;
    equal("the inbox", &inbox(&*store, &order).await?, &fitting)?;
    let due = due_of(&*store, &order).await?;
    equal("its time after signals that were not kept", &due, &waiting_for_ever().due)
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

//! Laws of signals.

use saga_core::id::StepName;
use saga_core::journal::{InstanceState, Progress};
use saga_core::store::{Refusal, SIGNALS_MAX, Signal, Wanted, Write};

use crate::Fixture;
use crate::law::{Seen, equal};
use crate::sample::{
    append, append_with, at, create, create_with, due_of, head, head_of, id, in_state, inbox, join, journal,
    payload, running, send, signal, taken, waiting_for_ever, write,
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

//! Laws of reading.

use saga_core::id::{InstanceId, Seq, StepName};
use saga_core::journal::{EncodedEntry, Head, InstanceState, ParkReason, Progress};
use saga_core::store::{Stored, Write};
use saga_core::time::Timestamp;

use crate::Fixture;
use crate::law::{Seen, equal};
use crate::sample::{
    append, append_with, at, create, create_with, entry, head, head_of, id, in_state, join, journal, running,
    send, shape_id, signal, taken, waiting_for_ever,
};

pub(crate) async fn created_instance_is_read_back(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    let head = Head {
        id: order.clone(),
        saga: "another-flow".into(),
        version: u32::MAX,
        shape: shape_id(3),
        parent: Some(id("parent")?),
        created_at: at(77),
        seq: Seq::FIRST,
        progress: full_progress(InstanceState::Parked),
    };
    equal("the head before", &store.head(&order).await?, &None)?;
    taken(&*store, &[Write::Create { head: head.clone(), entry: entry(epoch, 1) }]).await?;
    equal("the head", &store.head(&order).await?, &Some(head.clone()))?;
    let stored = Stored { head, entries: vec![entry(epoch, 1)], signals: Vec::new() };
    equal("the instance", &store.load(&[order]).await?, &vec![Some(stored)])
}

pub(crate) async fn journal_is_read_byte_for_byte(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    let texts = [
        String::new(),
        String::from("[]"),
        String::from(" [ 1.0, 1e3,\t\"\\u00e9\" ]\r\n"),
        String::from("[\"Zo\u{eb} \u{2713} \u{1f9fe} \u{301}\u{200d}\"]"),
        String::from("['; DROP TABLE entry; -- %s {} \\ \" ? :a @b $c]"),
        format!("[\"{}\"]", "x".repeat(1024 * 1024)),
        "\u{1f980}".repeat(40_000),
    ];
    let moments = [0, 1, 1_700_000_000_000, 253_402_300_799_999, 0, 5, 6].map(Timestamp::from_millis);
    let entries: Vec<EncodedEntry> = (1..)
        .zip(texts)
        .zip(moments)
        .map(|((seq, events), at)| EncodedEntry {
            at,
            format: if seq == 2 { u32::MAX } else { 1 },
            events,
            ..entry(epoch, seq)
        })
        .collect();
    for one in &entries {
        let write = match one.seq {
            Seq::FIRST => Write::Create { head: head(&order, running()), entry: one.clone() },
            _ => Write::Append { id: order.clone(), entry: one.clone(), progress: None, wake: None },
        };
        taken(&*store, &[write]).await?;
    }
    equal("the journal", &journal(&*store, &order).await?, &entries)
}

pub(crate) async fn long_journal_is_read_whole(fixture: &dyn Fixture) -> Result<(), Seen> {
    const ENTRIES: u64 = 10_001;
    const BATCH: usize = 1_000;
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let [long, short] = [id("long")?, id("short")?];
    taken(&*store, &[create(&long, epoch), create(&short, epoch)]).await?;
    let appends: Vec<Write> = (2..=ENTRIES).map(|seq| append(&long, epoch, seq)).collect();
    for batch in appends.chunks(BATCH) {
        taken(&*store, batch).await?;
    }
    let entries: Vec<_> = (1..=ENTRIES).map(|seq| entry(epoch, seq)).collect();
    let expected = vec![Some(stored(&short, &[entry(epoch, 1)])), Some(stored(&long, &entries))];
    equal("a long journal beside a short one", &store.load(&[short, long]).await?, &expected)
}

pub(crate) async fn ids_are_kept_to_the_letter(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let texts = [
        "order",
        "ORDER",
        "order ",
        " order",
        "ord%er",
        "ord_er",
        "o/r/d",
        "'order'",
        "1",
        "01",
        "1.0",
        "\u{e9}",
        "e\u{301}",
        "\u{1f9fe}",
        "\u{df}",
        "ss",
    ];
    let mut ids = texts.into_iter().map(id).collect::<Result<Vec<_>, _>>()?;
    ids.push(id("x".repeat(256))?);
    let batch: Vec<Write> = ids.iter().map(|id| create(id, epoch)).collect();
    taken(&*store, &batch).await?;
    let heads: Vec<Option<Head>> = ids.iter().map(|id| Some(head(id, running()))).collect();
    let found: Vec<_> =
        store.load(&ids).await?.into_iter().map(|found| found.map(|found| found.head)).collect();
    equal("the heads", &found, &heads)
}

pub(crate) async fn pages_come_in_the_order_asked_for(fixture: &dyn Fixture) -> Result<(), Seen> {
    const INSTANCES: usize = 1_500;
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let ids = (0..INSTANCES).map(|number| id(format!("order-{number}"))).collect::<Result<Vec<_>, _>>()?;
    for seq in 1..=3 {
        let batch: Vec<Write> =
            ids.iter().map(|id| if seq == 1 { create(id, epoch) } else { append(id, epoch, seq) }).collect();
        taken(&*store, &batch).await?;
    }
    let backwards: Vec<InstanceId> = ids.into_iter().rev().collect();
    let entries: Vec<_> = (1..=3).map(|seq| entry(epoch, seq)).collect();
    for size in [1, 2, 7, 400, INSTANCES - 1, INSTANCES] {
        for page in backwards.chunks(size) {
            let expected: Vec<_> = page.iter().map(|id| Some(stored(id, &entries))).collect();
            equal(&format!("a page of {size}"), &store.load(page).await?, &expected)?;
        }
    }
    let [first, .., last] = backwards.as_slice() else { return Ok(()) };
    let asked = [last.clone(), id("unknown")?, first.clone(), last.clone()];
    let expected =
        vec![Some(stored(last, &entries)), None, Some(stored(first, &entries)), Some(stored(last, &entries))];
    equal("a page with an unknown id and one twice", &store.load(&asked).await?, &expected)
}

pub(crate) async fn head_says_what_was_said_last(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    taken(&*store, &[create_with(&order, epoch, full_progress(InstanceState::Parked))]).await?;
    let mut seq = 1;
    let mut said = Vec::from(InstanceState::ALL.map(full_progress));
    said.extend(ParkReason::ALL.map(|reason| Progress { reason: Some(reason), ..running() }));
    said.extend(InstanceState::ALL.map(in_state));
    said.push(waiting_for_ever());
    for progress in said {
        seq += 1;
        taken(&*store, &[append_with(&order, epoch, seq, progress.clone())]).await?;
        let expected = Head { seq: Seq::new(seq), ..head(&order, progress) };
        equal("the head", &head_of(&*store, &order).await?, &expected)?;
        seq += 1;
        taken(&*store, &[append(&order, epoch, seq)]).await?;
        let expected = Head { seq: Seq::new(seq), ..expected };
        equal(
            "the head after an entry that says nothing of it",
            &head_of(&*store, &order).await?,
            &expected,
        )?;
    }
    Ok(())
}

pub(crate) async fn unreadable_mark_changes_only_the_progress(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    let neighbour = id("neighbour")?;
    let parked = full_progress(InstanceState::Parked);
    taken(&*store, &[create_with(&order, epoch, parked), create(&neighbour, epoch)]).await?;
    let paid = signal("paid", 5)?;
    taken(&*store, &[send(&order, &paid)]).await?;
    taken(&*store, &[Write::MarkUnreadable { id: order.clone(), epoch, at: at(9) }]).await?;
    let unreadable = head(&order, Progress::new(InstanceState::Unreadable, at(9)));
    let expected = Stored { head: unreadable, entries: vec![entry(epoch, 1)], signals: vec![paid] };
    equal("the marked instance", &store.load(&[order]).await?, &vec![Some(expected)])?;
    equal("its neighbour", &head_of(&*store, &neighbour).await?, &head(&neighbour, running()))
}

fn stored(id: &InstanceId, entries: &[EncodedEntry]) -> Stored {
    let seq = entries.last().map_or(Seq::FIRST, |last| last.seq);
    Stored { head: Head { seq, ..head(id, running()) }, entries: entries.to_vec(), signals: Vec::new() }
}

/// Progress that says something of everything.
fn full_progress(state: InstanceState) -> Progress {
    Progress {
        state,
        due: Some(at(500)),
        needs_attention: true,
        step: Some(StepName::new("process_payment")),
        reason: Some(ParkReason::BudgetSpent),
        attempts: u32::MAX,
        since: at(3),
    }
}

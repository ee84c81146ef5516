//! Laws of asking.

use saga_core::id::{InstanceId, StepName};
use saga_core::journal::{Head, InstanceState, ParkReason, Progress};
use saga_core::store::{Query, Store, Unfinished, Write};
use saga_core::time::Timestamp;

use crate::Fixture;
use crate::law::{Seen, equal};
use crate::sample::{
    append, append_with, at, create, entry, head, head_of, id, in_state, join, running, taken, waiting,
    waiting_for_ever,
};

/// More than there are instances.
pub(crate) const ENOUGH: usize = 10_000;

/// The ids of what fits.
async fn ask(store: &dyn Store, query: &Query) -> Result<Vec<String>, Seen> {
    Ok(store.query(query).await?.into_iter().map(|(_, head)| head.id.as_str().to_owned()).collect())
}

pub(crate) fn all() -> Query {
    Query { limit: ENOUGH, ..Query::default() }
}

pub(crate) fn beginning_with(prefix: &str) -> Query {
    Query { id_prefix: Some(prefix.to_owned()), ..all() }
}

pub(crate) async fn query_answers_in_the_order_of_creation(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    equal("what is in an empty store", &store.query(&all()).await?, &Vec::new())?;
    let first = join(&*store).await?;
    // Neither their ids nor the clocks of their creators are in that order.
    let mut expected = Vec::new();
    for (name, created_at) in [("b", 30), ("a", 20), ("d", 10), ("c", 40)] {
        let head = Head { created_at: at(created_at), ..head(&id(name)?, in_state(InstanceState::Parked)) };
        taken(&*store, &[Write::Create { head: head.clone(), entry: entry(first, 1) }]).await?;
        expected.push(head);
    }
    // Nothing changes the place of an instance.
    let second = join(&*store).await?;
    store.release(first).await?;
    let [b, a] = [id("b")?, id("a")?];
    store.claim(second, at(1), saga_core::store::Wanted::One(&b)).await?;
    let again = Progress { needs_attention: true, ..in_state(InstanceState::Parked) };
    taken(&*store, &[append_with(&b, second, 2, again)]).await?;
    store.claim(second, at(1), saga_core::store::Wanted::One(&a)).await?;
    for head in &mut expected {
        *head = head_of(&*store, &head.id).await?;
    }
    let needing_attention = Query { states: vec![InstanceState::Parked], ..all() };
    for query in [all(), needing_attention, beginning_with("")] {
        let found = store.query(&query).await?;
        let heads: Vec<Head> = found.iter().map(|(_, head)| head.clone()).collect();
        equal("the heads", &heads, &expected)?;
        let rising = found.is_sorted_by(|(one, _), (next, _)| one < next);
        equal("whether their places rise", &rising, &true)?;
    }
    Ok(())
}

/// Instances that differ in what a query can ask for, by their names.
fn various() -> Result<Vec<Head>, Seen> {
    let parked = |reason, step: &str| Progress {
        step: Some(StepName::new(step)),
        reason: Some(reason),
        ..in_state(InstanceState::Parked)
    };
    let flagged = |progress| Progress { needs_attention: true, ..progress };
    let head = |name, progress| Ok::<_, Seen>(head(&id(name)?, progress));
    Ok(vec![
        head("running", running())?,
        Head { saga: "other-flow".into(), ..head("other", running())? },
        head("flagged", flagged(in_state(InstanceState::Compensating)))?,
        head("waiting", waiting(500))?,
        head("asleep", flagged(waiting_for_ever()))?,
        head("doubt", flagged(parked(ParkReason::InDoubt, "pay")))?,
        head("doubt-ship", parked(ParkReason::InDoubt, "ship"))?,
        head("refused", parked(ParkReason::Refused, "pay"))?,
        head("unreadable", in_state(InstanceState::Unreadable))?,
        head("completed", in_state(InstanceState::Completed))?,
        head("compensated", Progress { since: at(900), ..in_state(InstanceState::Compensated) })?,
        Head { created_at: at(800), ..head("young", Progress { since: at(801), ..running() })? },
    ])
}

/// What is asked of [`various`] instances, and what fits.
fn questions() -> Vec<(Query, Vec<&'static str>)> {
    use InstanceState::{Compensating, Completed, Parked, Running, Unreadable};
    let of_saga = |saga: &str| Query { saga: Some(saga.to_owned()), ..all() };
    let states = |states: &[InstanceState]| Query { states: states.to_vec(), ..all() };
    let attention = |needed| Query { needs_attention: Some(needed), ..all() };
    let step = |step: &str| Query { step: Some(StepName::new(step)), ..all() };
    let reason = |reason| Query { reason: Some(reason), ..all() };
    let since = |until: Timestamp| Query { since_until: Some(until), ..all() };
    let created = |until: Timestamp| Query { created_until: Some(until), ..all() };
    let calm = [
        "running",
        "other",
        "waiting",
        "doubt-ship",
        "refused",
        "unreadable",
        "completed",
        "compensated",
        "young",
    ];
    let early = [
        "running",
        "other",
        "flagged",
        "waiting",
        "asleep",
        "doubt",
        "doubt-ship",
        "refused",
        "unreadable",
        "completed",
    ];
    let with = |more: &[&'static str]| [early.as_slice(), more].concat();
    vec![
        (of_saga("other-flow"), vec!["other"]),
        (of_saga("flow"), vec![]),
        (states(&[Running]), vec!["running", "other", "waiting", "asleep", "young"]),
        (states(&[Completed, Compensating]), vec!["flagged", "completed"]),
        (states(&[Parked]), vec!["doubt", "doubt-ship", "refused"]),
        (states(&[Unreadable, Parked]), vec!["doubt", "doubt-ship", "refused", "unreadable"]),
        (states(&[Unreadable]), vec!["unreadable"]),
        (attention(true), vec!["flagged", "asleep", "doubt"]),
        (attention(false), calm.to_vec()),
        (step("pay"), vec!["doubt", "refused"]),
        (step("PAY"), vec![]),
        (reason(ParkReason::InDoubt), vec!["doubt", "doubt-ship"]),
        (reason(ParkReason::Panicked), vec![]),
        (since(at(801)), with(&["young"])),
        (since(at(800)), early.to_vec()),
        (since(Timestamp::NEVER), with(&["compensated", "young"])),
        (since(at(0)), vec![]),
        (created(at(799)), with(&["compensated"])),
        (created(at(800)), with(&["compensated", "young"])),
        (created(at(0)), vec![]),
    ]
}

/// The same for several things at once.
fn joint_questions() -> Vec<(Query, Vec<&'static str>)> {
    use InstanceState::{Parked, Running};
    let states = |states: &[InstanceState]| Query { states: states.to_vec(), ..all() };
    let in_doubt = Query { reason: Some(ParkReason::InDoubt), ..all() };
    vec![
        (Query { id_prefix: Some(String::from("doubt")), ..in_doubt.clone() }, vec!["doubt", "doubt-ship"]),
        (Query { needs_attention: Some(true), ..states(&[Parked]) }, vec!["doubt"]),
        (Query { step: Some(StepName::new("pay")), ..in_doubt }, vec!["doubt"]),
        (Query { reason: Some(ParkReason::Refused), ..states(&[Running]) }, vec![]),
        (Query { needs_attention: Some(true), ..states(&[Running]) }, vec!["asleep"]),
        (
            Query {
                saga: Some(String::from("order-flow")),
                created_until: Some(at(799)),
                ..states(&[Running])
            },
            vec!["running", "waiting", "asleep"],
        ),
        (Query { since_until: Some(at(800)), ..beginning_with("comp") }, vec!["completed"]),
        (Query { states: vec![Running], ..beginning_with("un") }, vec![]),
    ]
}

pub(crate) async fn each_part_of_a_query_counts(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let creations: Vec<Write> =
        various()?.into_iter().map(|head| Write::Create { head, entry: entry(epoch, 1) }).collect();
    taken(&*store, &creations).await?;
    let check = async || {
        for (query, expected) in questions().into_iter().chain(joint_questions()) {
            equal(&format!("what fits {query:?}"), &ask(&*store, &query).await?, &owned(&expected))?;
        }
        Ok::<(), Seen>(())
    };
    check().await?;
    // The same of instances that have come to where they are.
    let mut turned = Vec::new();
    for head in various()? {
        let other = Progress { needs_attention: true, ..in_state(InstanceState::Parked) };
        turned
            .extend([append_with(&head.id, epoch, 2, other), append_with(&head.id, epoch, 3, head.progress)]);
    }
    taken(&*store, &turned).await?;
    check().await
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) async fn id_prefix_is_kept_to_the_letter(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let long = "x".repeat(256);
    let texts = [
        "order",
        "Order",
        "order-1",
        "order-10",
        "order_1",
        "order%1",
        "ordes",
        "ord",
        "o",
        "orde\u{307}r",
        "\u{e9}",
        "\u{e9}t\u{e9}",
        "e\u{301}",
        "\u{ea}",
        "\u{7f}",
        "\u{ff}",
        "\u{7ff}",
        "\u{800}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{ffff}",
        "\u{10000}",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}",
        "\u{10fffe}",
        "1",
        "01",
        "1.0",
        "'",
        "\"",
        "[a]",
        "*",
        "?",
        &long,
    ];
    // Some characters are refused in ids; what is left is odd enough.
    let allowed: Vec<InstanceId> = texts.into_iter().filter_map(|text| InstanceId::new(text).ok()).collect();
    let batch: Vec<Write> = allowed.iter().map(|id| create(id, epoch)).collect();
    taken(&*store, &batch).await?;
    let mut prefixes: Vec<String> = owned(&texts);
    prefixes.extend(
        ["", "\0", "or%", "order-1\0", "e", "\u{ed}", "x'", "\u{10ffff}\u{10ffff}\u{10ffff}"]
            .map(String::from),
    );
    prefixes.extend(["x".repeat(255), "x".repeat(257)]);
    for prefix in prefixes {
        let expected: Vec<String> = allowed
            .iter()
            .map(|id| id.as_str().to_owned())
            .filter(|id| id.as_bytes().starts_with(prefix.as_bytes()))
            .collect();
        equal(
            &format!("the ids that begin with {prefix:?}"),
            &ask(&*store, &beginning_with(&prefix)).await?,
            &expected,
        )?;
    }
    Ok(())
}

pub(crate) async fn unfinished_counts_what_has_not_ended(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    equal("what an empty store has", &store.unfinished().await?, &Unfinished::default())?;
    let epoch = join(&*store).await?;
    let order = id("order")?;
    let ended = Head { created_at: at(0), ..head(&id("ended")?, in_state(InstanceState::Completed)) };
    taken(&*store, &[Write::Create { head: ended, entry: entry(epoch, 1) }, create(&order, epoch)]).await?;
    let mut seq = 1;
    for state in InstanceState::ALL {
        for due in [None, Some(at(9)), Some(Timestamp::NEVER)] {
            for needs_attention in [false, true] {
                seq += 1;
                let progress = Progress { due, needs_attention, ..in_state(state) };
                taken(&*store, &[append_with(&order, epoch, seq, progress)]).await?;
                let one = |of| u64::from(state == of);
                let expected = Unfinished {
                    running: one(InstanceState::Running),
                    compensating: one(InstanceState::Compensating),
                    parked: one(InstanceState::Parked),
                    unreadable: one(InstanceState::Unreadable),
                    needs_attention: u64::from(needs_attention && !state.is_terminal()),
                    oldest: (!state.is_terminal()).then_some(at(1)),
                };
                let what = format!("the counts of one that is {state}, due {due:?}");
                equal(&what, &store.unfinished().await?, &expected)?;
            }
        }
    }
    // What a store keeps of a step and a reason counts for nothing, nor does an entry that says nothing.
    let noted = Progress { step: Some(StepName::new("pay")), reason: Some(ParkReason::Refused), ..running() };
    taken(&*store, &[append_with(&order, epoch, seq + 1, noted), append(&order, epoch, seq + 2)]).await?;
    for (number, (created_at, needs_attention)) in (0..).zip([(5, true), (0, false), (7, true)]) {
        let progress = Progress { needs_attention, ..in_state(InstanceState::Compensating) };
        let head = Head { created_at: at(created_at), ..head(&id(format!("more-{number}"))?, progress) };
        taken(&*store, &[Write::Create { head, entry: entry(epoch, 1) }]).await?;
    }
    let expected = Unfinished {
        running: 1,
        compensating: 3,
        needs_attention: 2,
        oldest: Some(at(0)),
        ..Unfinished::default()
    };
    equal("the counts of four", &store.unfinished().await?, &expected)
}

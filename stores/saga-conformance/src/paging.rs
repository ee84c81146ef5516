//! Laws of pages.

use saga_core::id::{Epoch, InstanceId};
use saga_core::journal::{Head, InstanceState};
use saga_core::store::{Position, Query, Store, Write};

use crate::Fixture;
use crate::asking::{ENOUGH, all, beginning_with};
use crate::law::{Seen, equal};
use crate::sample::{append_with, create_with, id, ids, in_state, join, taken};

pub(crate) async fn pages_show_each_instance_once(fixture: &dyn Fixture) -> Result<(), Seen> {
    const INSTANCES: usize = 300;
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let ids = crowd(&*store, epoch, INSTANCES).await?;
    let parked = Query { states: vec![InstanceState::Parked], ..all() };
    for query in [all(), parked, beginning_with("a-"), beginning_with("")] {
        let expected: Vec<&InstanceId> = match &query {
            Query { id_prefix: Some(prefix), .. } => {
                ids.iter().filter(|id| id.as_str().starts_with(prefix)).collect()
            }
            Query { states, .. } if states.is_empty() => ids.iter().collect(),
            _ => ids.iter().step_by(2).collect(),
        };
        for limit in [1, 7, 50, 99, 100, 101, INSTANCES, ENOUGH, usize::MAX] {
            let found = pages(&*store, &Query { limit, ..query.clone() }).await?;
            let found: Vec<&InstanceId> = found.iter().map(|(_, head)| &head.id).collect();
            equal(&format!("all pages of {limit} instances"), &found, &expected)?;
        }
        let none = Query { limit: 0, ..query.clone() };
        equal("a page of no instances", &store.query(&none).await?, &Vec::new())?;
    }
    let last = Query { after: Some(Position::new(u64::MAX)), ..all() };
    equal("what comes after the last place there is", &store.query(&last).await?, &Vec::new())
}

pub(crate) async fn pages_miss_nothing_while_others_come_and_go(fixture: &dyn Fixture) -> Result<(), Seen> {
    const INSTANCES: usize = 60;
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let ids = crowd(&*store, epoch, INSTANCES).await?;
    let mut query = Query { states: vec![InstanceState::Parked], limit: 5, ..Query::default() };
    let (mut seen, mut seqs) = (Vec::new(), vec![1_u64; INSTANCES]);
    let mut change = async |number: usize, state| {
        let Some((id, seq)) = ids.get(number).zip(seqs.get_mut(number)) else { return Ok(()) };
        *seq += 1;
        taken(&*store, &[append_with(id, epoch, *seq, in_state(state))]).await
    };
    for page in 0.. {
        let found = store.query(&query).await?;
        let Some((last, _)) = found.last() else { break };
        query.after = Some(*last);
        seen.extend(found.into_iter().map(|(_, head)| head.id));
        // What was seen is deleted or seen no more, what was passed over comes too late, and others come last.
        match page {
            0 => {
                change(0, InstanceState::Completed).await?;
                change(2, InstanceState::Compensated).await?;
                equal("how many were deleted", &store.delete(&ids).await?, &2)?;
            }
            1 => change(4, InstanceState::Running).await?,
            2 => change(1, InstanceState::Parked).await?,
            3 => change(59, InstanceState::Parked).await?,
            4 => taken(&*store, &[create_with(&id("new")?, epoch, in_state(InstanceState::Parked))]).await?,
            _ => {}
        }
    }
    let mut expected: Vec<InstanceId> = ids.iter().step_by(2).cloned().collect();
    expected.extend(ids.last().cloned());
    expected.push(id("new")?);
    equal("what all pages show", &seen, &expected)
}

pub(crate) async fn place_is_given_once(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let orders = ids(["a", "b", "c"])?;
    let mut after = None;
    for turn in 0..6 {
        let batch: Vec<Write> =
            orders.iter().map(|id| create_with(id, epoch, in_state(InstanceState::Completed))).collect();
        taken(&*store, &batch).await?;
        let found = pages(&*store, &Query { after, limit: 2, ..Query::default() }).await?;
        let ids: Vec<&InstanceId> = found.iter().map(|(_, head)| &head.id).collect();
        equal(&format!("what came after all places of turn {turn}"), &ids, &orders.iter().collect())?;
        after = found.last().map(|(last, _)| *last);
        // The newest is deleted first, with the others, or last.
        let (one, other) = orders.split_at(turn % 3);
        store.delete(other).await?;
        store.delete(one).await?;
        if turn % 2 == 1 {
            store.reopen().await?;
        }
    }
    Ok(())
}

/// Asks page by page, beginning after `after`.
async fn pages(store: &dyn Store, query: &Query) -> Result<Vec<(Position, Head)>, Seen> {
    let mut query = query.clone();
    let mut found = Vec::new();
    loop {
        let page = store.query(&query).await?;
        if page.len() > query.limit {
            return Err(Seen(format!("a page of {} has {} instances", query.limit, page.len())));
        }
        let Some((last, _)) = page.last() else { return Ok(found) };
        if query.after.is_some_and(|after| *last <= after) {
            return Err(Seen(format!("the page after {:?} ends at {last}", query.after)));
        }
        query.after = Some(*last);
        found.extend(page);
    }
}

/// Creates instances of which each second is parked, and each third begins with another letter.
async fn crowd(store: &dyn Store, epoch: Epoch, instances: usize) -> Result<Vec<InstanceId>, Seen> {
    let mut ids = Vec::new();
    let mut batch = Vec::new();
    for number in 0..instances {
        let letter = if number.is_multiple_of(3) { 'a' } else { 'b' };
        let id = id(format!("{letter}-{}", (number * 7_919) % 10_007))?;
        let state = if number.is_multiple_of(2) { InstanceState::Parked } else { InstanceState::Running };
        batch.push(create_with(&id, epoch, in_state(state)));
        ids.push(id);
    }
    taken(store, &batch).await?;
    Ok(ids)
}

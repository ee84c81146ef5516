//! The law of laws: whatever is asked of a store, it answers as the store in memory does.

use std::collections::HashMap;
use std::sync::Arc;

use saga_core::id::{Epoch, InstanceId, Seq, StepName};
use saga_core::journal::{EncodedEntry, Head, InstanceState, ParkReason, Progress};
use saga_core::store::{Defined, MemoryStore, Position, Query, Store, Stored, Wanted, Write};
use saga_core::time::Timestamp;

use crate::law::{Seen, equal};
use crate::random::Random;
use crate::sample::{SAGA, at, entry, head, id, send, shape, shape_id, signal};
use crate::{Fixture, Stays};

/// How many operations are tried one after the other.
const OPERATIONS: usize = 1_500;

/// The seeds that are tried in turn, on the same data.
const SEEDS: [u64; 2] = [20_260_401, 7];

/// How many ids there are: few, so that writes meet.
const IDS: usize = 12;

pub(crate) async fn answers_are_those_of_the_model(fixture: &dyn Fixture) -> Result<(), Seen> {
    let mut pair = Pair {
        fixture,
        store: fixture.open().await,
        model: MemoryStore::new(),
        stays: Vec::new(),
        owners: HashMap::new(),
        now: 0,
        random: Random::new(0),
        prefix: 0,
        after: None,
    };
    for seed in SEEDS {
        pair.random = Random::new(seed);
        pair.prefix = seed;
        for operation in 0..OPERATIONS {
            let tell = |seen: Seen| Seen(format!("seed {seed}, operation {operation}: {}", seen.0));
            pair.step().await.map_err(tell)?;
        }
    }
    pair.store.close().await?;
    Ok(())
}

/// A store beside its model.
struct Pair<'a> {
    fixture: &'a dyn Fixture,
    store: Arc<dyn Store>,
    model: MemoryStore,
    stays: Vec<Stay>,
    /// The stays that instances belong to, so that most writes are taken.
    owners: HashMap<InstanceId, Stay>,
    now: u64,
    random: Random,
    prefix: u64,
    /// The last place that a page ended at.
    after: Option<Places>,
}

/// One stay, by the epochs that the two have for it.
#[derive(Clone, Copy)]
struct Stay {
    store: Epoch,
    model: Epoch,
}

/// One place, as the two have it.
#[derive(Clone, Copy)]
struct Places {
    store: Position,
    model: Position,
}

impl Pair<'_> {
    async fn step(&mut self) -> Result<(), Seen> {
        self.now += u64::from(self.random.one_in(3));
        match self.random.below(28) {
            0 => self.join().await,
            1 => self.renew().await,
            2 => self.release().await,
            3 => self.define().await,
            4..=11 => self.append().await,
            12 => self.claim().await,
            13 => self.claim_one().await,
            14..=15 => self.due().await,
            16 => self.reopen().await,
            17 => self.left_behind().await,
            18 => self.settle().await,
            19..=21 => self.query().await,
            22..=23 => self.delete().await,
            _ => self.load().await,
        }
    }

    async fn join(&mut self) -> Result<(), Seen> {
        let (now, lease_until) = (self.clock(), self.lease());
        if self.fixture.stays() == Stays::One {
            for stay in &self.stays {
                // The next stay ends it; by a clock that shows so little that nothing else is seen of this.
                self.model.renew(stay.model, at(0), at(0)).await?;
            }
        }
        let store = self.store.join(now, lease_until).await?;
        let model = self.model.join(now, lease_until).await?;
        self.stays.push(Stay { store, model });
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), Seen> {
        let Some(stay) = self.stay() else { return Ok(()) };
        let (now, lease_until) = (self.clock(), self.lease());
        let seen = self.store.renew(stay.store, now, lease_until).await?;
        equal("a renewal", &seen, &self.model.renew(stay.model, now, lease_until).await?)
    }

    async fn release(&mut self) -> Result<(), Seen> {
        let Some(stay) = self.stay() else { return Ok(()) };
        self.store.release(stay.store).await?;
        Ok(self.model.release(stay.model).await?)
    }

    async fn left_behind(&mut self) -> Result<(), Seen> {
        let Some(stay) = self.stay() else { return Ok(()) };
        let mut seen = self.store.left_behind(stay.store).await?;
        for epoch in &mut seen.unclean {
            *epoch = self.epoch_of_model(*epoch);
        }
        equal("what was left behind", &seen, &self.model.left_behind(stay.model).await?)
    }

    async fn settle(&mut self) -> Result<(), Seen> {
        let Some(stay) = self.stay() else { return Ok(()) };
        self.store.settle(stay.store).await?;
        Ok(self.model.settle(stay.model).await?)
    }

    async fn query(&mut self) -> Result<(), Seen> {
        let after = if self.random.one_in(2) { self.after } else { None };
        let mut query = self.question()?;
        query.after = after.map(|places| places.store);
        let seen = self.store.query(&query).await?;
        query.after = after.map(|places| places.model);
        let expected = self.model.query(&query).await?;
        let places = seen.last().zip(expected.last());
        self.after = places.map(|((store, _), (model, _))| Places { store: *store, model: *model });
        let heads =
            |found: Vec<(Position, Head)>| found.into_iter().map(|(_, head)| head).collect::<Vec<_>>();
        equal(&format!("what fits {query:?}"), &heads(seen), &heads(expected))?;
        equal("the unfinished", &self.store.unfinished().await?, &self.model.unfinished().await?)
    }

    async fn delete(&mut self) -> Result<(), Seen> {
        let mut ids = self.ids()?;
        if self.random.one_in(2) {
            let states = vec![InstanceState::Completed, InstanceState::Compensated];
            let ended = Query { states, limit: self.random.below(4), ..Query::default() };
            ids.extend(self.model.query(&ended).await?.into_iter().map(|(_, head)| head.id));
        }
        let seen = self.store.delete(&ids).await?;
        equal(&format!("how many of {ids:?} were deleted"), &seen, &self.model.delete(&ids).await?)
    }

    async fn define(&mut self) -> Result<(), Seen> {
        let definition = Defined { saga: SAGA.to_owned(), version: 1, shape: shape(self.sample()) };
        if self.random.one_in(4) {
            self.store.define(&definition).await?;
            self.model.define(&definition).await?;
        }
        equal("the definitions", &self.store.defined(SAGA, 1).await?, &self.model.defined(SAGA, 1).await?)
    }

    async fn append(&mut self) -> Result<(), Seen> {
        let mut batch = Vec::new();
        for _ in 0..=self.random.below(6) {
            batch.extend(self.write().await?);
        }
        let (for_store, for_model): (Vec<Write>, Vec<Write>) = batch.into_iter().unzip();
        let seen = self.store.append(&for_store).await?;
        equal(&format!("the answers to {for_store:?}"), &seen, &self.model.append(&for_model).await?)?;
        for (write, answer) in for_store.iter().zip(seen) {
            if let (Write::Create { head, entry }, Ok(())) = (write, answer) {
                let stay = self.stays.iter().find(|stay| stay.store == entry.epoch);
                self.owners.extend(stay.map(|stay| (head.id.clone(), *stay)));
            }
        }
        Ok(())
    }

    async fn claim(&mut self) -> Result<(), Seen> {
        let Some(stay) = self.stay() else { return Ok(()) };
        let (now, wanted) = (at(self.now), Wanted::Active { limit: self.random.below(5) });
        let seen = self.store.claim(stay.store, now, wanted).await?;
        equal("a claim", &seen, &self.model.claim(stay.model, now, wanted).await?)?;
        self.own(seen, stay);
        Ok(())
    }

    async fn claim_one(&mut self) -> Result<(), Seen> {
        let Some(stay) = self.stay() else { return Ok(()) };
        let (now, id) = (at(self.now), self.id()?);
        let seen = self.store.claim(stay.store, now, Wanted::One(&id)).await?;
        equal("a claim of one", &seen, &self.model.claim(stay.model, now, Wanted::One(&id)).await?)?;
        self.own(seen, stay);
        Ok(())
    }

    async fn due(&mut self) -> Result<(), Seen> {
        let Some(stay) = self.stay() else { return Ok(()) };
        let (now, limit) = (at(self.now), self.random.below(4));
        let seen = self.store.due(stay.store, now, limit).await?;
        equal("what is due", &seen, &self.model.due(stay.model, now, limit).await?)?;
        self.own(seen.ids, stay);
        Ok(())
    }

    /// Remembers whose instances these are.
    fn own(&mut self, ids: Vec<InstanceId>, stay: Stay) {
        self.owners.extend(ids.into_iter().map(|id| (id, stay)));
    }

    async fn reopen(&mut self) -> Result<(), Seen> {
        if self.random.one_in(2) {
            return Ok(self.store.reopen().await?);
        }
        self.store.close().await?;
        self.store = self.fixture.open().await;
        self.after = None;
        Ok(())
    }

    async fn load(&mut self) -> Result<(), Seen> {
        let ids = self.ids()?;
        let seen = self.store.load(&ids).await?.into_iter().map(|found| self.as_model(found)).collect();
        equal("the instances", &seen, &self.model.load(&ids).await?)?;
        let id = self.id()?;
        equal("a head", &self.store.head(&id).await?, &self.model.head(&id).await?)
    }

    /// One write, with the epochs of the store and of the model; most of the time one that will be taken.
    async fn write(&mut self) -> Result<Option<(Write, Write)>, Seen> {
        let (id, Some(any)) = (self.id()?, self.stay()) else { return Ok(None) };
        let owner = self.owners.get(&id).filter(|_| !self.random.one_in(6));
        let stay = owner.copied().unwrap_or(any);
        let last = self.model.head(&id).await?.map_or(Seq::new(0), |head| head.seq);
        let seq = if self.random.one_in(6) { self.random.below(5) as u64 } else { last.next().get() };
        let progress = self.progress();
        let kind = self.random.below(30);
        let shape = shape_id(self.sample());
        let created_at = self.clock();
        let parent = if self.random.one_in(3) { Some(self.id()?) } else { None };
        let wake = if self.random.one_in(2) { Some(self.id()?) } else { None };
        let signal = signal(&format!("signal-{}", self.random.below(9)), self.soon())?;
        let make = |epoch| match kind {
            0 => Write::MarkUnreadable { id: id.clone(), epoch, at: at(seq) },
            1..=6 => Write::Create {
                head: Head {
                    shape: shape.clone(),
                    parent: parent.clone(),
                    created_at,
                    ..head(&id, progress.clone())
                },
                entry: entry(epoch, if kind == 1 { seq } else { 1 }),
            },
            7..=10 => send(&id, &signal),
            11..=19 => {
                Write::Append { id: id.clone(), entry: entry(epoch, seq), progress: None, wake: wake.clone() }
            }
            _ => Write::Append {
                id: id.clone(),
                entry: entry(epoch, seq),
                progress: Some(progress.clone()),
                wake: wake.clone(),
            },
        };
        Ok(Some((make(stay.store), make(stay.model))))
    }

    fn progress(&mut self) -> Progress {
        let state = self.random.pick(&InstanceState::ALL).copied().unwrap_or(InstanceState::Running);
        let state = if self.random.one_in(2) { InstanceState::Running } else { state };
        Progress {
            state,
            due: match self.random.below(9) {
                0 => Some(Timestamp::NEVER),
                1..=3 => Some(at(self.soon())),
                _ => None,
            },
            needs_attention: self.random.one_in(4),
            step: self.random.one_in(4).then(|| StepName::new("step_0")),
            reason: self.random.one_in(4).then_some(ParkReason::Refused),
            attempts: 3,
            since: at(self.now),
        }
    }

    /// A question of which most parts are left out.
    fn question(&mut self) -> Result<Query, Seen> {
        let mut states = Vec::new();
        for _ in 0..self.random.below(3) {
            states.extend(self.random.pick(&InstanceState::ALL));
        }
        let prefix = match self.random.below(8) {
            0 => Some(self.id()?.as_str().to_owned()),
            1 => Some(format!("order-{}", self.prefix)),
            _ => None,
        };
        let attention = if self.random.one_in(4) { Some(self.random.one_in(2)) } else { None };
        Ok(Query {
            saga: self.random.one_in(8).then(|| SAGA.to_owned()),
            states,
            needs_attention: attention,
            step: self.random.one_in(8).then(|| StepName::new("step_0")),
            reason: self.random.one_in(8).then_some(ParkReason::Refused),
            since_until: self.random.one_in(8).then(|| at(self.now / 2)),
            created_until: self.random.one_in(8).then(|| at(self.now / 2)),
            id_prefix: prefix,
            after: None,
            limit: self.random.below(6),
        })
    }

    fn soon(&mut self) -> u64 {
        self.now + self.random.below(20) as u64
    }

    fn id(&mut self) -> Result<InstanceId, Seen> {
        let number = self.random.below(IDS);
        id(format!("order-{}-{number}", self.prefix))
    }

    fn ids(&mut self) -> Result<Vec<InstanceId>, Seen> {
        (0..self.random.below(4)).map(|_| self.id()).collect()
    }

    /// What a clock shows that is sometimes behind.
    fn clock(&mut self) -> Timestamp {
        let behind = if self.random.one_in(4) { self.random.below(40) as u64 } else { 0 };
        at(self.now.saturating_sub(behind))
    }

    /// Mostly the last stay.
    fn stay(&mut self) -> Option<Stay> {
        if self.random.one_in(4) {
            self.random.pick(&self.stays).copied()
        } else {
            self.stays.last().copied()
        }
    }

    /// Where one process has the store, leases do not pass.
    fn lease(&mut self) -> Timestamp {
        match self.fixture.stays() {
            Stays::Many => at(self.now + self.random.below(60) as u64),
            Stays::One => at(u64::from(u32::MAX)),
        }
    }

    fn sample(&mut self) -> u32 {
        u32::from(self.random.one_in(2)) + u32::from(self.random.one_in(2))
    }

    fn epoch_of_model(&self, epoch: Epoch) -> Epoch {
        self.stays.iter().find(|stay| stay.store == epoch).map_or(epoch, |stay| stay.model)
    }

    /// What was read, with the epochs of the model.
    fn as_model(&self, found: Option<Stored>) -> Option<Stored> {
        let entries = |entry: EncodedEntry| EncodedEntry { epoch: self.epoch_of_model(entry.epoch), ..entry };
        found.map(|found| Stored { entries: found.entries.into_iter().map(entries).collect(), ..found })
    }
}

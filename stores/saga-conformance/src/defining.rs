//! Laws of definitions.

use saga_core::id::Seq;
use saga_core::journal::{Head, InstanceState};
use saga_core::store::{Defined, InUse, Write};

use crate::Fixture;
use crate::law::{Seen, equal};
use crate::sample::{
    SAGA, append_with, entry, head, id, in_state, join, running, shape, shape_id, taken, waiting,
};

pub(crate) async fn definition_is_kept_once(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    equal("what is defined at first", &store.defined(SAGA, 1).await?, &Vec::new())?;
    // Shapes in no order that a store could get from sorting.
    let [second, first, other] = [1, 0, 2].map(|sample| defined(SAGA, 1, sample));
    let elsewhere = [defined(SAGA, 2, 0), defined("other-flow", 1, 0)];
    for definition in [&second, &first, &elsewhere[0], &second, &elsewhere[1], &other, &first] {
        store.define(definition).await?;
    }
    let expected: Vec<_> = [second, first, other].map(|definition| (definition, InUse::No)).into();
    equal("what is defined", &store.defined(SAGA, 1).await?, &expected)?;
    for definition in elsewhere {
        let seen = store.defined(&definition.saga, definition.version).await?;
        equal("what is defined elsewhere", &seen, &vec![(definition, InUse::No)])?;
    }
    Ok(())
}

pub(crate) async fn definition_is_in_use_until_its_instances_end(fixture: &dyn Fixture) -> Result<(), Seen> {
    let store = fixture.open().await;
    let epoch = join(&*store).await?;
    let definition = defined(SAGA, 1, 0);
    store.define(&definition).await?;
    for (name, saga, version, sample) in
        [("version", SAGA, 2, 0), ("shape", SAGA, 1, 1), ("saga", "other-flow", 1, 0)]
    {
        let other =
            Head { saga: saga.into(), version, shape: shape_id(sample), ..head(&id(name)?, running()) };
        taken(&*store, &[Write::Create { head: other, entry: entry(epoch, 1) }]).await?;
    }
    equal("its use by others", &store.defined(SAGA, 1).await?, &vec![(definition.clone(), InUse::No)])?;
    let order = id("order")?;
    taken(&*store, &[Write::Create { head: head(&order, running()), entry: entry(epoch, 1) }]).await?;
    let mut seq = Seq::FIRST;
    let waiting = waiting(500);
    for progress in InstanceState::ALL.map(in_state).into_iter().chain([waiting]) {
        let state = progress.state;
        seq = seq.next();
        taken(&*store, &[append_with(&order, epoch, seq.get(), progress)]).await?;
        let in_use = if state.is_terminal() { InUse::No } else { InUse::Yes };
        let what = format!("its use by an instance that is {state}");
        equal(&what, &store.defined(SAGA, 1).await?, &vec![(definition.clone(), in_use)])?;
    }
    Ok(())
}

fn defined(saga: &str, version: u32, sample: u32) -> Defined {
    Defined { saga: saga.to_owned(), version, shape: shape(sample) }
}

//! Reading where an instance stands, whatever its saga.

use std::sync::Arc;

use crate::definition::{Definition, ShapeId};
use crate::error::{ConflictKind, Error};
use crate::id::InstanceId;
use crate::journal::{Head, InstanceState};
use crate::outcome::{Status, StepState};
use crate::runtime::children::child_id;
use crate::runtime::orchestrator::or_ending;
use crate::runtime::revive::{Replayed, load, replay};
use crate::runtime::shared::Shared;

/// The head of an instance.
pub(crate) async fn head_of(shared: &Shared, id: &InstanceId) -> Result<Head, Error> {
    let head = shared.store.head(id).await;
    let head = head.map_err(|error| or_ending(shared, Error::Store(error)))?;
    head.ok_or_else(|| Error::NotFound { id: id.to_string() })
}

/// Where an instance stands, of the saga that it is taken for.
pub(crate) async fn status(shared: &Shared, id: &InstanceId, saga: Option<&str>) -> Result<Status, Error> {
    let Replayed { head, machine, .. } = replayed(shared, id, saga).await?;
    let mut status = machine.status();
    // That it is late is no event.
    status.needs_attention |= head.progress.needs_attention;
    for (step, ..) in machine.children() {
        let Some(shown) = status.steps.get_mut(step.get()) else { continue };
        let Ok(child) = child_id(id, &shown.step) else { continue };
        let head = shared.store.head(&child).await;
        let head = head.map_err(|error| or_ending(shared, Error::Store(error)))?;
        if head.is_some_and(|head| head.progress.state == InstanceState::Parked) {
            shown.state = StepState::Parked;
            status.needs_attention = true;
        }
    }
    Ok(status)
}

/// The fold of the journal of an instance, of the saga that it is taken for.
pub(crate) async fn replayed(
    shared: &Shared,
    id: &InstanceId,
    saga: Option<&str>,
) -> Result<Replayed, Error> {
    let stored = load(&*shared.store, id).await.map_err(|error| or_ending(shared, error))?;
    check_saga(id, &stored.head.saga, saga)?;
    let definition = definition_of(shared, &stored.head).await?;
    let definition = definition.ok_or_else(|| unreadable(id, "the shape of its saga was not kept"))?;
    replay(&definition, &stored).map_err(|what| unreadable(id, &what))
}

/// The definition that an instance began under: the registered one, or as much of it as its shape tells; `None` if
/// its shape was not kept.
pub(crate) async fn definition_of(shared: &Shared, head: &Head) -> Result<Option<Arc<Definition>>, Error> {
    let Head { saga, version, shape, .. } = head;
    if let Some(registered) = shared.registry.of(head) {
        return Ok(Some(Arc::clone(registered.definition())));
    }
    let defined = shared.store.defined(saga, *version).await;
    let defined = defined.map_err(|error| or_ending(shared, Error::Store(error)))?;
    let is_it = |id: ShapeId| id == *shape;
    let found = defined.into_iter().find(|(defined, _)| is_it(defined.shape_id()));
    Ok(found.map(|(defined, _)| Arc::new(Definition::of_shape(Arc::clone(saga), *version, defined.shape))))
}

/// Refuses an instance of another saga than the one that it is taken for.
pub(crate) fn check_saga(id: &InstanceId, saga: &str, taken_for: Option<&str>) -> Result<(), Error> {
    match taken_for {
        Some(taken_for) if taken_for != saga => {
            Err(Error::Conflict { id: id.clone(), what: ConflictKind::Saga })
        }
        _ => Ok(()),
    }
}

/// The error of an instance whose journal cannot be read.
pub(crate) fn unreadable(id: &InstanceId, what: &str) -> Error {
    Error::Unreadable { id: id.clone(), what: what.to_owned() }
}

/// The error of an instance that is marked so.
pub(crate) fn marked_unreadable(id: &InstanceId) -> Error {
    unreadable(id, "it was marked as unreadable when it was read")
}

//! Reading back what a failed commit has left, and writing what is not there.

use crate::id::InstanceId;
use crate::journal::EncodedEntry;
use crate::runtime::committer::Written;
use crate::store::{Refusal, Store, StoreError, StoreErrorKind, Stored, Write};

/// Reopens the store, settles by reading back which of the writes without a result took effect, and appends
/// the others. New instances are appended only if they are `wanted`: of the rest only what is found counts. Nothing more
/// is written to an instance that cannot be read back.
pub(crate) async fn reappend(
    store: &dyn Store,
    writes: &[Write],
    results: &mut [Option<Written>],
    wanted: &[bool],
) -> Result<(), StoreError> {
    store.reopen().await?;
    let open: Vec<usize> =
        (0..writes.len()).filter(|at| results.get(*at).is_some_and(Option::is_none)).collect();
    let ids: Vec<_> = open.iter().filter_map(|at| writes.get(*at)).map(|write| write.id().clone()).collect();
    let mut again = Vec::new();
    for (at, stored) in open.into_iter().zip(read_back(store, &ids).await?) {
        let (Some(write), Some(result)) = (writes.get(at), results.get_mut(at)) else { continue };
        let stored = match stored {
            Ok(stored) => stored,
            Err(damaged) => {
                *result = Some(Written::Failed(damaged));
                continue;
            }
        };
        match find(write, stored.as_ref()) {
            Found::Written => *result = Some(Written::Durable),
            Found::Missing if is_new(write) && !wanted.get(at).is_some_and(|wanted| *wanted) => {}
            Found::Missing => again.push((at, write.clone())),
            Found::Other(refusal) => *result = Some(Written::Refused(refusal)),
        }
    }
    if again.is_empty() {
        return Ok(());
    }
    let (places, batch): (Vec<_>, Vec<_>) = again.into_iter().unzip();
    for (at, result) in places.into_iter().zip(append_each(store, &batch).await?) {
        if let Some(place) = results.get_mut(at) {
            *place = Some(result);
        }
    }
    Ok(())
}

/// Appends writes, where not as a whole, one by one: one that goes to a damaged page keeps the others from nothing. It
/// is read back when its turn comes, so that what a store has done of it although it failed is found.
///
/// # Errors
/// That of the first one, if none can be appended, and none for a reason of its own: it is likely the store that fails.
async fn append_each(store: &dyn Store, batch: &[Write]) -> Result<Vec<Written>, StoreError> {
    let error = match store.append(batch).await {
        Ok(results) => return Ok(results.into_iter().map(Written::from).collect()),
        Err(error) => error,
    };
    if !can_be_told_apart(batch) && error.kind() != StoreErrorKind::Corrupt {
        return Err(error);
    }
    store.reopen().await?;
    let ids: Vec<_> = batch.iter().map(|write| write.id().clone()).collect();
    let read = read_back(store, &ids).await?;
    let mut results = Vec::with_capacity(batch.len());
    let mut is_of_one = false;
    for (write, stored) in batch.iter().zip(read) {
        let result = match stored {
            Err(damaged) => Written::Failed(damaged),
            Ok(stored) => match find(write, stored.as_ref()) {
                Found::Written => Written::Durable,
                Found::Other(refusal) => Written::Refused(refusal),
                Found::Missing => match store.append(std::slice::from_ref(write)).await {
                    Ok(result) => {
                        result.into_iter().next().map_or(Written::Failed(error.clone()), Written::from)
                    }
                    Err(error) => {
                        is_of_one |= error.kind() == StoreErrorKind::Corrupt;
                        store.reopen().await?;
                        Written::Failed(error)
                    }
                },
            },
        };
        is_of_one |= !matches!(result, Written::Failed(_));
        results.push(result);
    }
    if is_of_one { Ok(results) } else { Err(error) }
}

/// Whether writes are of several instances, of which one may fail while the others do not.
fn can_be_told_apart(batch: &[Write]) -> bool {
    batch.iter().any(|write| batch.first().is_some_and(|first| first.id() != write.id()))
}

/// Reads instances back, where not as a whole, one by one: one that is on a damaged page keeps the others from nothing.
///
/// # Errors
/// That of the first one, if none can be read, and none for a reason of its own: it is likely the store that fails.
async fn read_back(
    store: &dyn Store,
    ids: &[InstanceId],
) -> Result<Vec<Result<Option<Stored>, StoreError>>, StoreError> {
    if let Ok(stored) = store.load(ids).await {
        return Ok(stored.into_iter().map(Ok).collect());
    }
    let mut read = Vec::with_capacity(ids.len());
    for id in ids {
        let loaded = store.load(std::slice::from_ref(id)).await;
        read.push(loaded.map(|stored| stored.into_iter().flatten().next()));
    }
    let is_of_one = |read: &Result<_, StoreError>| match read {
        Ok(_) => true,
        Err(error) => error.kind() == StoreErrorKind::Corrupt,
    };
    match read.iter().find_map(|read| read.as_ref().err()) {
        Some(error) if !read.iter().any(is_of_one) => Err(error.clone()),
        _ => Ok(read),
    }
}

/// Whether somebody waits for the write who can ask again: it is not tried for ever.
pub(crate) fn is_new(write: &Write) -> bool {
    match write {
        Write::Create { .. } | Write::Signal { .. } => true,
        Write::Append { .. } | Write::MarkUnreadable { .. } => false,
    }
}

/// What reading back says of a write.
enum Found {
    /// It is there, under this stay's epoch and to the byte.
    Written,
    /// It is not there, and the journal ends just before it.
    Missing,
    /// Something else is there.
    Other(Refusal),
}

fn find(write: &Write, stored: Option<&Stored>) -> Found {
    match (write, stored) {
        (Write::Create { .. }, None) => Found::Missing,
        (Write::Create { entry, .. }, Some(stored)) => match stored.entries.first() {
            Some(first) if first == entry => Found::Written,
            _ => Found::Other(Refusal::Exists),
        },
        (Write::Append { .. } | Write::Signal { .. } | Write::MarkUnreadable { .. }, None) => {
            Found::Other(Refusal::NotFound)
        }
        (Write::Append { entry, .. }, Some(stored)) => find_entry(entry, stored),
        (Write::Signal { signal, .. }, Some(stored)) => {
            let kept = stored.signals.iter().any(|kept| kept.id == signal.id);
            if kept { Found::Written } else { Found::Missing }
        }
        (Write::MarkUnreadable { .. }, Some(_)) => Found::Missing,
    }
}

fn find_entry(entry: &EncodedEntry, stored: &Stored) -> Found {
    match stored.entries.iter().find(|found| found.seq == entry.seq) {
        Some(found) if found == entry => Found::Written,
        Some(_) => Found::Other(Refusal::Sequence),
        None if stored.entries.last().is_some_and(|last| last.seq.next() == entry.seq) => Found::Missing,
        None => Found::Other(Refusal::Sequence),
    }
}

#[cfg(test)]
mod tests;

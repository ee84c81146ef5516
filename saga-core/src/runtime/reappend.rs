//! Reading back what a failed commit has left, and writing what is not there.

use crate::journal::EncodedEntry;
use crate::runtime::committer::Written;
use crate::store::{Refusal, Store, StoreError, Stored, Write};

/// Reopens the store, settles by reading back which of the writes without a result took effect, and appends
/// the others. New instances are appended only if they are `wanted`: of the rest only what is found counts.
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
    let stored = store.load(&ids).await?;
    let mut again = Vec::new();
    for (at, stored) in open.into_iter().zip(stored) {
        let (Some(write), Some(result)) = (writes.get(at), results.get_mut(at)) else { continue };
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
    for (at, result) in places.into_iter().zip(store.append(&batch).await?) {
        if let Some(place) = results.get_mut(at) {
            *place = Some(result.into());
        }
    }
    Ok(())
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

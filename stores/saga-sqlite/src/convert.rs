//! Values of the journal as values of SQLite, and back.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use saga_core::definition::ShapeId;
use saga_core::id::{Epoch, InstanceId, Seq, StepName};
use saga_core::journal::{EncodedEntry, Head, InstanceState, ParkReason, Progress, codec};
use saga_core::store::Signal;
use saga_core::time::Timestamp;

/// The columns that [`head`] reads, in its order.
macro_rules! head_columns {
    () => {
        "number, (SELECT max(seq) FROM entry WHERE entry.instance = instance.number), \
         saga, version, shape, created_at, state, due, needs_attention, step, reason, attempts, since, parent"
    };
}
pub(crate) use head_columns;

/// The condition of the index of what a person may have to look at, as it stands in the schema: it is how SQLite knows
/// that the index will do.
macro_rules! attention {
    () => {
        "needs_attention OR step IS NOT NULL OR reason IS NOT NULL
         OR (state <> 'running' AND state <> 'compensating' AND state <> 'completed' AND state <> 'compensated')"
    };
}
pub(crate) use attention;

/// The format of an entry whose text is damaged. No version writes it, so none takes the entry for readable.
pub(crate) const DAMAGED: u32 = 0;

/// SQLite's integers have a sign. What is beyond them is never: the year 292 million. The schema knows the number.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number that [`integer`] made this of. No negative one is ever written.
pub(crate) fn number(integer: i64) -> u64 {
    if integer == i64::MAX { u64::MAX } else { u64::try_from(integer).unwrap_or_default() }
}

pub(crate) fn millis(time: Timestamp) -> i64 {
    integer(time.as_millis())
}

pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(number).map(Timestamp::from_millis)
}

pub(crate) fn epoch(row: &Row<'_>, column: usize) -> rusqlite::Result<Epoch> {
    row.get(column).map(number).map(Epoch::new)
}

/// The head of the instance `id`, from [`head_columns`].
pub(crate) fn head(row: &Row<'_>, id: &InstanceId) -> rusqlite::Result<Head> {
    let last: Option<i64> = row.get(1)?;
    Ok(Head {
        id: id.clone(),
        seq: Seq::new(last.map(number).unwrap_or_default()),
        saga: row.get::<_, String>(2)?.into(),
        version: row.get(3)?,
        shape: ShapeId::new(row.get::<_, String>(4)?),
        parent: row.get::<_, Option<String>>(13)?.and_then(|parent| InstanceId::new(parent).ok()),
        created_at: timestamp(row, 5)?,
        progress: progress(row)?,
    })
}

fn progress(row: &Row<'_>) -> rusqlite::Result<Progress> {
    let since = timestamp(row, 12)?;
    let state = state(row.get_ref(6)?);
    let reason = reason(row.get_ref(10)?);
    let (Some(state), Some(reason)) = (state, reason) else {
        // Words that this version does not know: nothing is guessed, and no other instance suffers for it.
        return Ok(Progress::new(InstanceState::Unreadable, since));
    };
    Ok(Progress {
        state,
        due: row.get::<_, Option<i64>>(7)?.map(number).map(Timestamp::from_millis),
        needs_attention: row.get(8)?,
        step: row.get::<_, Option<String>>(9)?.map(StepName::new),
        reason,
        attempts: row.get(11)?,
        since,
    })
}

pub(crate) fn state(word: ValueRef<'_>) -> Option<InstanceState> {
    let word = word.as_str().ok()?;
    InstanceState::ALL.into_iter().find(|state| state.as_str() == word)
}

/// The reason, which may be none; `None` if the word is unknown.
#[expect(clippy::option_option, reason = "unknown is not none")]
fn reason(word: ValueRef<'_>) -> Option<Option<ParkReason>> {
    match word {
        ValueRef::Null => Some(None),
        word => {
            let word = word.as_str().ok()?;
            ParkReason::ALL.into_iter().find(|reason| reason.as_str() == word).map(Some)
        }
    }
}

/// An entry, from the columns seq, epoch, at, format and events.
pub(crate) fn entry(row: &Row<'_>) -> rusqlite::Result<EncodedEntry> {
    let seq = Seq::new(number(row.get(0)?));
    let (epoch, at) = (epoch(row, 1)?, timestamp(row, 2)?);
    let bytes = row.get_ref(4)?.as_bytes().unwrap_or_default();
    let (format, events) = match std::str::from_utf8(bytes) {
        Ok(events) => (row.get::<_, i64>(3)?, events.to_owned()),
        Err(_) => (i64::from(DAMAGED), String::from_utf8_lossy(bytes).into_owned()),
    };
    Ok(EncodedEntry { seq, epoch, at, format: u32::try_from(format).unwrap_or(DAMAGED), events })
}

/// A signal, from the columns id, step, at and payload; `None` if it is damaged.
pub(crate) fn signal(row: &Row<'_>) -> rusqlite::Result<Option<Signal>> {
    let text = |column| row.get_ref(column).map(|text| text.as_str().ok());
    let (Some(id), Some(step), Some(payload)) = (text(0)?, text(1)?, text(3)?) else { return Ok(None) };
    let Ok(payload) = codec::decode_payload(payload) else { return Ok(None) };
    Ok(Some(Signal { id: id.to_owned(), step: StepName::new(step), payload, at: timestamp(row, 2)? }))
}

//! How a query is answered: where the instances come from, and which of them may fit.

use rusqlite::Connection;
use rusqlite::types::Value;
use saga_core::journal::{InstanceState, ParkReason};
use saga_core::store::Query;

use crate::convert::{attention, head_columns, integer, millis};

/// The column of the id, after those of a head.
pub(super) const ID: usize = 14;

/// The most ids that are taken from their index: for every page they are put into the order of creation. Where more
/// begin alike it is better to walk in that order, and to look at each.
const IDS_MAX: i64 = 5_000;

/// A statement that finds the instances which may fit, in the order of creation. It leaves out none that does, but
/// may find a damaged one that does not.
#[derive(Debug)]
pub(super) struct Plan {
    source: Source,
    /// The condition on how far an instance is.
    progress: String,
    values: [Value; 9],
}

/// Where the instances come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The index of ids.
    Ids,
    /// The index of what a person may have to look at.
    Attention,
    /// The table, one after the other.
    All,
}

impl Plan {
    pub(super) fn of(query: &Query, connection: &Connection) -> rusqlite::Result<Self> {
        let ids = query.id_prefix.as_deref().and_then(beginning_with);
        let source = match &ids {
            Some(ids) if are_few(ids, connection)? => Source::Ids,
            _ if asks_for_attention(query) => Source::Attention,
            _ => Source::All,
        };
        let [first, end] = ids.unwrap_or([Value::Null, Value::Null]);
        let values = [
            query.after.map_or(0, |after| integer(after.get())).into(),
            query.saga.clone().into(),
            query.created_until.map(millis).into(),
            query.since_until.map(millis).into(),
            query.needs_attention.map(i64::from).into(),
            query.step.as_ref().map(|step| step.as_str().to_owned()).into(),
            query.reason.map(|reason| reason.as_str().to_owned()).into(),
            first,
            end,
        ];
        Ok(Self { source, progress: progress(query), values })
    }

    pub(super) fn text(&self) -> String {
        let source = match self.source {
            Source::Ids => {
                "NOT INDEXED WHERE number IN (
                     SELECT number FROM instance
                     WHERE id >= CAST(?8 AS TEXT) AND id < CAST(?9 AS TEXT) AND number > ?1)"
            }
            Source::Attention => {
                concat!("INDEXED BY instance_attention WHERE (", attention!(), ")")
            }
            Source::All => "NOT INDEXED WHERE TRUE",
        };
        format!(
            "SELECT {}, id FROM instance {source}
                 AND number > ?1
                 AND (?2 IS NULL OR saga = ?2)
                 AND (?3 IS NULL OR created_at <= ?3)
                 AND (?4 IS NULL OR since <= ?4)
                 AND ({})
                 AND (?8 IS NULL OR id >= CAST(?8 AS TEXT) AND id < CAST(?9 AS TEXT))
             ORDER BY number",
            head_columns!(),
            self.progress,
        )
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }
}

/// Whether all that fits is in the index of what a person may have to look at.
fn asks_for_attention(query: &Query) -> bool {
    let looked_at = [InstanceState::Parked, InstanceState::Unreadable];
    query.needs_attention == Some(true)
        || query.step.is_some()
        || query.reason.is_some()
        || (!query.states.is_empty() && query.states.iter().all(|state| looked_at.contains(state)))
}

/// The condition on how far an instance is. One with a word that this version does not know counts as unreadable,
/// whatever else stands there, so that it is not left out here.
fn progress(query: &Query) -> String {
    let known = words(InstanceState::ALL.map(InstanceState::as_str));
    let reasons = words(ParkReason::ALL.map(ParkReason::as_str));
    let states = if query.states.is_empty() {
        known.clone()
    } else {
        words(query.states.iter().copied().map(InstanceState::as_str))
    };
    format!(
        "state IN ({states})
             AND (?5 IS NULL OR needs_attention = ?5)
             AND (?6 IS NULL OR step = ?6)
             AND (?7 IS NULL OR reason = ?7)
         OR state NOT IN ({known})
         OR reason NOT IN ({reasons})"
    )
}

/// Words of the library as a list of SQL.
fn words(words: impl IntoIterator<Item = &'static str>) -> String {
    words.into_iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

/// The first text that begins with `prefix`, and the one that follows all of these, as bytes: SQLite compares bytes,
/// and the end is no character where the last byte of the prefix is the last of its kind. None if all texts do.
fn beginning_with(prefix: &str) -> Option<[Value; 2]> {
    let first = prefix.as_bytes().to_vec();
    let mut end = first.clone();
    // No byte of a text is 255.
    *end.last_mut()? += 1;
    Some([first.into(), end.into()])
}

/// Whether there are so few ids in this range that they can be put into the order of creation.
fn are_few(range: &[Value; 2], connection: &Connection) -> rusqlite::Result<bool> {
    let [first, end] = range;
    let ids: i64 = connection.query_row(
        "SELECT count(*) FROM (
             SELECT 1 FROM instance WHERE id >= CAST(?1 AS TEXT) AND id < CAST(?2 AS TEXT) LIMIT ?3)",
        (first, end, IDS_MAX + 1),
        |row| row.get(0),
    )?;
    Ok(ids <= IDS_MAX)
}

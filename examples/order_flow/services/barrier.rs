//! What makes a service a good participant of a saga: it remembers its calls by key.
//!
//! - A call that comes twice has one effect, and both are given the same answer, a refusal included.
//! - A compensation may come twice, or for a call that never came.
//! - A call that comes after its compensation is refused: its request was delayed, and nobody waits for it.
//!
//! All of it stands in the service's own transaction, beside what the call changes.

use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A call was refused because its compensation came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the call came after its compensation")]
pub(crate) struct Late;

/// What is remembered of a call.
enum Remembered {
    Done(String),
    Refused(String),
    Compensated,
}

/// Makes the table of calls.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE calls (
            key TEXT PRIMARY KEY,
            state TEXT NOT NULL CHECK (state IN ('done', 'refused', 'compensated')),
            answer TEXT
        ) WITHOUT ROWID, STRICT;",
    )
}

/// Has the `effect` of the call `key` once. `effect` returns the call's output or a refusal; refusing, it
/// changes nothing.
pub(super) fn once<T, E>(
    connection: &Connection,
    key: &str,
    effect: impl FnOnce() -> rusqlite::Result<Result<T, E>>,
) -> rusqlite::Result<Result<T, E>>
where
    T: Serialize + DeserializeOwned,
    E: Serialize + DeserializeOwned + From<Late>,
{
    match find(connection, key)? {
        Some(Remembered::Done(output)) => Ok(Ok(decode(&output)?)),
        Some(Remembered::Refused(refusal)) => Ok(Err(decode(&refusal)?)),
        Some(Remembered::Compensated) => Ok(Err(Late.into())),
        None => {
            let result = effect()?;
            let (state, answer) = match &result {
                Ok(output) => ("done", encode(output)?),
                Err(refusal) => ("refused", encode(refusal)?),
            };
            let insert = "INSERT INTO calls (key, state, answer) VALUES (?1, ?2, ?3)";
            connection.execute(insert, params![key, state, answer])?;
            Ok(result)
        }
    }
}

/// Takes the effect of the call `key` back, if it had one, and refuses the call from now on.
pub(super) fn compensate(
    connection: &Connection,
    key: &str,
    take_back: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    if let Some(Remembered::Done(_)) = find(connection, key)? {
        take_back()?;
    }
    connection.execute(
        "INSERT INTO calls (key, state) VALUES (?1, 'compensated')
         ON CONFLICT (key) DO UPDATE SET state = 'compensated', answer = NULL",
        [key],
    )?;
    Ok(())
}

/// The output of the call `key`, if it was done. If not it is refused from now on, so that the answer stays
/// true whatever is still on its way.
pub(super) fn check<T: DeserializeOwned>(connection: &Connection, key: &str) -> rusqlite::Result<Option<T>> {
    match find(connection, key)? {
        Some(Remembered::Done(output)) => Ok(Some(decode(&output)?)),
        Some(Remembered::Refused(_) | Remembered::Compensated) => Ok(None),
        None => {
            compensate(connection, key, || Ok(()))?;
            Ok(None)
        }
    }
}

fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Remembered>> {
    let found =
        connection.query_row("SELECT state, answer FROM calls WHERE key = ?1", [key], |row| {
            match row.get::<_, String>(0)?.as_str() {
                "done" => row.get(1).map(Remembered::Done),
                "refused" => row.get(1).map(Remembered::Refused),
                _ => Ok(Remembered::Compensated),
            }
        });
    found.optional()
}

fn encode(answer: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(answer).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn decode<T: DeserializeOwned>(answer: &str) -> rusqlite::Result<T> {
    let text = rusqlite::types::Type::Text;
    serde_json::from_str(answer)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, text, error.into()))
}

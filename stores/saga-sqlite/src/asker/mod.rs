//! Asking about many instances, on a connection of its own: a walk over all of them keeps nobody else waiting.

mod plan;
#[cfg(test)]
mod tests;

use rusqlite::{Connection, Row, Statement, params_from_iter};
use saga_core::id::InstanceId;
use saga_core::journal::{Head, InstanceState};
use saga_core::store::{Position, Query, StoreError, Unfinished};

use self::plan::Plan;
use crate::connection::{self, Access};
use crate::convert::{self, attention, number, timestamp};
use crate::files::Files;
use crate::worker::Role;

/// The role of the thread that asks.
pub(crate) enum Asking {}

impl Role for Asking {
    type Session<'c> = Asker<'c>;

    const NAME: &'static str = "sagas-ask";

    fn connect(files: &Files) -> Result<Connection, StoreError> {
        connection::open(&files.database, Access::Read)
    }

    fn begin(connection: &Connection) -> rusqlite::Result<Asker<'_>> {
        Asker::new(connection)
    }
}

/// A connection for asking, with its statements.
pub(crate) struct Asker<'c> {
    connection: &'c Connection,
    unfinished: Statement<'c>,
}

/// The instances that have not ended, by state. Each is in one part: the active ones wait for nothing, a time, or
/// something that is no time.
const UNFINISHED: &str = concat!(
    "
    SELECT state, count(*), sum(needs_attention), min(created_at) FROM (
        SELECT state, needs_attention, created_at FROM instance INDEXED BY instance_ready
        WHERE due IS NULL AND state IN ('running', 'compensating')
        UNION ALL
        SELECT state, needs_attention, created_at FROM instance INDEXED BY instance_due
        WHERE due <> 9223372036854775807 AND state NOT IN ('completed', 'compensated', 'unreadable')
            AND state IN ('running', 'compensating')
        UNION ALL
        SELECT state, needs_attention, created_at FROM instance INDEXED BY instance_stuck
        WHERE (state IN ('parked', 'unreadable') OR due = 9223372036854775807)
            AND state IN ('running', 'compensating')
        UNION ALL
        SELECT state, needs_attention, created_at FROM instance INDEXED BY instance_attention
        WHERE (",
    attention!(),
    ") AND state NOT IN ('running', 'compensating', 'completed', 'compensated'))
    GROUP BY state"
);

impl<'c> Asker<'c> {
    fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self { connection, unfinished: connection.prepare(UNFINISHED)? })
    }

    pub(crate) fn query(&mut self, query: &Query) -> rusqlite::Result<Vec<(Position, Head)>> {
        let plan = Plan::of(query, self.connection)?;
        let mut statement = self.connection.prepare(&plan.text())?;
        let mut rows = statement.query(params_from_iter(plan.values()))?;
        let mut found = Vec::new();
        while found.len() < query.limit
            && let Some(row) = rows.next()?
        {
            // Who wrote an id that is none was not us, and of a damaged row only this can tell whether it fits.
            found.extend(placed(row)?.filter(|(_, head)| query.fits(head)));
        }
        Ok(found)
    }

    pub(crate) fn unfinished(&mut self) -> rusqlite::Result<Unfinished> {
        let mut unfinished = Unfinished::default();
        let mut rows = self.unfinished.query([])?;
        while let Some(row) = rows.next()? {
            let instances = number(row.get(1)?);
            match convert::state(row.get_ref(0)?) {
                Some(InstanceState::Running) => unfinished.running += instances,
                Some(InstanceState::Compensating) => unfinished.compensating += instances,
                Some(InstanceState::Parked) => unfinished.parked += instances,
                Some(_) | None => unfinished.unreadable += instances,
            }
            unfinished.needs_attention += number(row.get(2)?);
            let oldest = timestamp(row, 3)?;
            unfinished.oldest = Some(unfinished.oldest.map_or(oldest, |before| before.min(oldest)));
        }
        Ok(unfinished)
    }
}

/// An instance with its place, from the columns of [`Plan`]; `None` if what stands there cannot be an id.
fn placed(row: &Row<'_>) -> rusqlite::Result<Option<(Position, Head)>> {
    let Ok(id) = InstanceId::new(row.get::<_, String>(plan::ID)?) else { return Ok(None) };
    Ok(Some((Position::new(number(row.get(0)?)), convert::head(row, &id)?)))
}

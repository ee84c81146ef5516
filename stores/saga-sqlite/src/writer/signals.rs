//! Putting signals into inboxes.

use rusqlite::{Connection, OptionalExtension, Statement};
use saga_core::id::InstanceId;
use saga_core::journal::InstanceState;
use saga_core::store::{Refusal, SIGNALS_MAX, Signal};

use super::{Writer, Written};
use crate::convert::{self, millis};

/// The statements for signals.
pub(super) struct Signals<'c> {
    inbox: Statement<'c>,
    keep: Statement<'c>,
}

impl<'c> Signals<'c> {
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            // Nothing leaves an inbox, so that the last number is how many it holds.
            inbox: connection.prepare(
                "SELECT state, EXISTS (SELECT 1 FROM signal WHERE instance = ?1 AND id = ?2),
                     coalesce((SELECT max(number) FROM signal WHERE instance = ?1), 0)
                 FROM instance WHERE number = ?1",
            )?,
            keep: connection.prepare(
                "INSERT INTO signal (instance, number, id, step, at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
        })
    }
}

/// What there is to know of an inbox before a signal is put into it.
struct Inbox {
    /// The state of the instance; `None` if this version does not know the word for it.
    state: Option<InstanceState>,
    has_signal: bool,
    signals: i64,
}

impl Writer<'_> {
    pub(super) fn signal(&mut self, id: &InstanceId, signal: &Signal) -> Written {
        let Some(number) = self.number(id)? else { return Ok(Err(Refusal::NotFound)) };
        let Some(inbox) = self.inbox(number, &signal.id)? else { return Ok(Err(Refusal::NotFound)) };
        match inbox.state {
            None | Some(InstanceState::Unreadable) => return Ok(Err(Refusal::Unreadable)),
            Some(state) if state.is_terminal() => return Ok(Err(Refusal::Finished)),
            Some(_) if inbox.has_signal => return Ok(Ok(())),
            Some(_) if inbox.is_full() => return Ok(Err(Refusal::Full)),
            Some(_) => {}
        }
        self.signals.keep.execute((
            number,
            inbox.signals + 1,
            &signal.id,
            signal.step.as_str(),
            millis(signal.at),
            signal.payload.as_str(),
        ))?;
        self.wake(id, signal.at)?;
        Ok(Ok(()))
    }

    /// The inbox of an instance, if that is there, and whether the signal `id` is in it.
    fn inbox(&mut self, number: i64, id: &str) -> rusqlite::Result<Option<Inbox>> {
        let inbox = self.signals.inbox.query_row((number, id), |row| {
            let state = convert::state(row.get_ref(0)?);
            Ok(Inbox { state, has_signal: row.get(1)?, signals: row.get(2)? })
        });
        inbox.optional()
    }
}

impl Inbox {
    fn is_full(&self) -> bool {
        usize::try_from(self.signals).is_ok_and(|signals| signals >= SIGNALS_MAX)
    }
}

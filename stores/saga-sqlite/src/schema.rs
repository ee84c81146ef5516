//! The tables, as they stand in the file.
//!
//! - `saga`: the shapes of the sagas that were run, as JSON.
//! - `instance`: a row for each instance, with its head. `number` is its place in the order of creation, and what
//!   the other tables know it by. `epoch` is the stay it belongs to. `called` is when the first signal or end of a child
//!   came since it was handed out: when it waits, it is due then.
//! - `deleted`: one row with the highest number of an instance that was deleted, for a number is given once.
//! - `entry`: the journals. The primary key is the compare-and-set of an append, and keeps the entries of an
//!   instance side by side, so that a journal is read from one or two pages.
//! - `signal`: the inboxes. `number` is a signal's place in the order of arrival at its instance.
//! - `stay`: the last stays of workers. `state` is `live`, for one at most, since one process has the file for itself;
//!   `ended`, or `unclean` if that was not by a release and is not settled. `seen` is the latest time it was begun or
//!   prolonged at, and in the first row also what stays before it had seen.
//! - `instances`, `journal`, `signals` and `stays`: views for people.
//!
//! Times are milliseconds since the Unix epoch; a `due` of 9223372036854775807 is never. States and reasons are the
//! words of the library. A head is written only when it changes, so most appends touch `entry` alone; the number of
//! the last entry is not in the head, for it changes with every append.
//!
//! The indexes hold unfinished instances only, so that they stay small: `instance_ready` what a worker can go on
//! with, `instance_due` what waits for a time, `instance_stuck` what waits for a person, a signal or a child, and so
//! costs nothing when it is asked what is due. `instance_attention` holds what a person may have to look at, in the
//! order of creation, and words that no version writes, which nobody can go on with either. Its condition compares word
//! by word, since for a list of more than two SQLite builds a table at every write: a fifth of what a saga costs.

use rusqlite::Connection;

/// Marks a file as ours: "SAGA" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x5341_4741;

/// The version of the tables, kept as `user_version`.
pub(crate) const FORMAT: i32 = 1;

/// The size of a page. In pages of 4 KiB, which SQLite takes by itself, the same batches of some hundred entries cost
/// a tenth more time; larger ones write more where batches are small.
const PAGE_BYTES: u32 = 8 * 1024;

/// How many stays are kept for people to look at: a process that dies at every start should not fill the file.
pub(crate) const STAYS_KEPT: i64 = 1_000;

const TABLES: &str = "
CREATE TABLE saga (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    shape TEXT NOT NULL,
    steps TEXT NOT NULL,
    UNIQUE (name, version, steps)
) STRICT;

CREATE TABLE instance (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    saga TEXT NOT NULL,
    version INTEGER NOT NULL,
    shape TEXT NOT NULL,
    parent TEXT,
    created_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL,
    due INTEGER,
    called INTEGER,
    needs_attention INTEGER NOT NULL,
    step TEXT,
    reason TEXT,
    attempts INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE deleted (
    last INTEGER NOT NULL
) STRICT;
INSERT INTO deleted VALUES (0);

CREATE INDEX instance_ready ON instance (epoch)
    WHERE due IS NULL AND state IN ('running', 'compensating');
CREATE INDEX instance_due ON instance (due)
    WHERE due <> 9223372036854775807 AND state NOT IN ('completed', 'compensated', 'unreadable');
CREATE INDEX instance_stuck ON instance (state)
    WHERE state IN ('parked', 'unreadable') OR due = 9223372036854775807;
CREATE INDEX instance_attention ON instance (number)
    WHERE needs_attention OR step IS NOT NULL OR reason IS NOT NULL
        OR (state <> 'running' AND state <> 'compensating' AND state <> 'completed' AND state <> 'compensated');

CREATE TABLE entry (
    instance INTEGER NOT NULL REFERENCES instance (number),
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    format INTEGER NOT NULL,
    events TEXT NOT NULL,
    PRIMARY KEY (instance, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE signal (
    instance INTEGER NOT NULL REFERENCES instance (number),
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    step TEXT NOT NULL,
    at INTEGER NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (instance, number),
    UNIQUE (instance, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE stay (
    epoch INTEGER PRIMARY KEY,
    joined_at INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
";

const VIEWS: &str = "
CREATE VIEW instances AS SELECT
    id, saga, version, parent, state,
    CASE needs_attention WHEN 0 THEN 'no' ELSE 'yes' END AS needs_attention,
    step, reason, attempts,
    (SELECT max(seq) FROM entry WHERE entry.instance = instance.number) AS entries,
    strftime('%Y-%m-%d %H:%M:%f', created_at / 1000.0, 'unixepoch') AS created_at,
    strftime('%Y-%m-%d %H:%M:%f', since / 1000.0, 'unixepoch') AS since,
    CASE due WHEN 9223372036854775807 THEN 'never'
        ELSE strftime('%Y-%m-%d %H:%M:%f', due / 1000.0, 'unixepoch') END AS due
FROM instance;

CREATE VIEW journal AS SELECT
    instance.id, seq,
    strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at,
    entry.epoch, format, events
FROM entry JOIN instance ON instance.number = entry.instance;

CREATE VIEW signals AS SELECT
    instance.id, signal.number, signal.id AS signal, signal.step,
    strftime('%Y-%m-%d %H:%M:%f', signal.at / 1000.0, 'unixepoch') AS at,
    payload
FROM signal JOIN instance ON instance.number = signal.instance;

CREATE VIEW stays AS SELECT
    epoch,
    strftime('%Y-%m-%d %H:%M:%f', joined_at / 1000.0, 'unixepoch') AS joined_at,
    strftime('%Y-%m-%d %H:%M:%f', seen / 1000.0, 'unixepoch') AS seen,
    state
FROM stay;
";

/// Makes an empty database ours, in one transaction.
pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         BEGIN IMMEDIATE;
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {FORMAT};
         {TABLES}
         {VIEWS}
         COMMIT;"
    ))
}

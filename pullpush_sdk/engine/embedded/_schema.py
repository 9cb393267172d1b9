"""The tables of the embedded store, and how an older file becomes a current one.

A delivery's row is its log entry and its state. `state`: 0 waits, 1 ended, 2 is a dead letter. A batch on its way is
one row of `flight`, so that beginning it costs one row however large it is; flights found at start-up are pushes that
a dead process left, and may have happened.

`inbox` holds raw webhook requests, `look_up` the failed tries to turn one into events, `envelope` what a dead letter of
a raw request needs beside its body to be received again.

A stream is one flow, type and mode: what a flow sees in shadow never touches what the active flow knows.
"""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import suppress

from pullpush_sdk.errors import StoreError

__all__ = ["DEAD", "ENDED", "LAST_PART", "RESTORED", "WAITING", "prepare"]

WAITING, ENDED, DEAD = 0, 1, 2

RESTORED = "\0restored"
"""The transport id of a delivery that settles a conflict of two flows; no webhook has such a one."""

_APPLICATION_ID = 0x50755075  # "PuPu"

_FIRST = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    flow TEXT NOT NULL,
    type TEXT NOT NULL,
    shadow INTEGER NOT NULL,
    UNIQUE (flow, type, shadow)
);
CREATE TABLE checkpoint (
    flow TEXT NOT NULL,
    type TEXT NOT NULL,
    cursor TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (flow, type)
) WITHOUT ROWID;
CREATE TABLE delivery (
    pos INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER NOT NULL,
    key TEXT NOT NULL,
    identity TEXT NOT NULL,
    verb TEXT NOT NULL,
    version INTEGER NOT NULL,
    fields TEXT,
    payload BLOB NOT NULL,
    digest BLOB NOT NULL,
    logged_at INTEGER NOT NULL,
    transport_id TEXT,
    native_id TEXT,
    state INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    maybe_applied INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    ended_at INTEGER,
    reason TEXT,
    answer TEXT,
    cause TEXT,
    leader INTEGER
);
CREATE INDEX delivery_waiting ON delivery (stream, key, pos, due) WHERE state = 0;
CREATE INDEX delivery_dead ON delivery (stream, identity, pos) WHERE state = 2;
CREATE INDEX delivery_unnamed ON delivery (stream, digest) WHERE state = 2 AND identity = '';
CREATE TABLE attempt (
    pos INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX attempt_of ON attempt (pos);
CREATE TABLE flight (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, at INTEGER NOT NULL, positions TEXT NOT NULL);
CREATE TABLE identity (
    stream INTEGER NOT NULL,
    identity TEXT NOT NULL,
    logged_version INTEGER,
    logged_digest BLOB,
    logged_pos INTEGER NOT NULL DEFAULT 0,
    applied_version INTEGER NOT NULL DEFAULT -9223372036854775808,
    applied_pos INTEGER NOT NULL DEFAULT 0,
    known BLOB,
    fields TEXT,
    written_id TEXT,
    PRIMARY KEY (stream, identity)
) WITHOUT ROWID;
CREATE TABLE member (
    stream INTEGER NOT NULL,
    key TEXT NOT NULL,
    location TEXT NOT NULL,
    version INTEGER NOT NULL,
    quantity TEXT NOT NULL,
    PRIMARY KEY (stream, key, location)
) WITHOUT ROWID;
CREATE TABLE own_write (
    id INTEGER PRIMARY KEY,
    reader TEXT NOT NULL,
    type TEXT NOT NULL,
    identity TEXT NOT NULL,
    pos INTEGER NOT NULL,
    content TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX own_write_of ON own_write (reader, type, identity);
CREATE INDEX own_write_by ON own_write (pos);
CREATE TABLE link (writer TEXT NOT NULL, reader TEXT NOT NULL, PRIMARY KEY (writer, reader)) WITHOUT ROWID;
CREATE TABLE transport (
    stream INTEGER NOT NULL,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (stream, scope, id)
) WITHOUT ROWID;
CREATE TABLE counter (
    stream INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (stream, outcome)
) WITHOUT ROWID;
CREATE TABLE command (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,
    at INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    value TEXT,
    error TEXT
);
CREATE INDEX command_open ON command (id) WHERE done = 0;
"""

# A first import is no news: its deliveries are told to nobody.
_BASELINE = "ALTER TABLE delivery ADD COLUMN baseline INTEGER NOT NULL DEFAULT 0"

_UPKEEP = """
CREATE INDEX delivery_of_key ON delivery (stream, key, pos);
CREATE INDEX delivery_retrying ON delivery (stream) WHERE state = 0 AND attempts > 0;
CREATE INDEX delivery_dead_since ON delivery (ended_at) WHERE state = 2;
CREATE INDEX transport_at ON transport (at);
ALTER TABLE counter ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
CREATE TABLE minute (
    minute INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (minute, stream, outcome)
) WITHOUT ROWID
"""
"""What retention, `status` and the life of a key look up."""

# What the source of one flow of a two-way pair said last, whether it was logged or not.
_TOLD = "ALTER TABLE identity ADD COLUMN told BLOB"

# What was received and is not in the logs yet, and the requests of dead letters that never became events.
_INBOX = """
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT NOT NULL,
    event TEXT NOT NULL,
    headers TEXT NOT NULL,
    query TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    flow TEXT
);
CREATE INDEX inbox_of ON inbox (connection);
CREATE TABLE look_up (
    row INTEGER NOT NULL,
    item INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    due INTEGER NOT NULL,
    reason TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (row, item, number)
) WITHOUT ROWID;
CREATE TABLE envelope (
    pos INTEGER PRIMARY KEY,
    connection TEXT NOT NULL,
    event TEXT NOT NULL,
    headers TEXT NOT NULL,
    query TEXT NOT NULL,
    received_at INTEGER NOT NULL
)
"""

LAST_PART = "replace(written_id, rtrim(written_id, replace(written_id, '/', '')), '')"
"""The last part of the id that a destination gave: SQL, in the very words of the index."""

_MADE = f"CREATE INDEX identity_made ON identity (stream, {LAST_PART}) WHERE written_id NOT NULL"

# Which record of the platform carries a key that people give, keys whose record let go of them, and the dead letters of
# records that carry a key which another one holds.
_CLAIMS = """
CREATE TABLE claim (
    stream INTEGER NOT NULL,
    native_id TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    holds INTEGER NOT NULL,
    asked INTEGER,
    title TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (stream, native_id)
) WITHOUT ROWID;
CREATE INDEX claim_of_key ON claim (stream, key);
CREATE TABLE vacated (stream INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (stream, key)) WITHOUT ROWID;
ALTER TABLE delivery ADD COLUMN clash INTEGER;
CREATE INDEX delivery_clash ON delivery (stream, key, pos) WHERE clash NOT NULL AND state = 2
"""

_MIGRATIONS: tuple[str, ...] = (_FIRST, _BASELINE, _UPKEEP, _TOLD, _INBOX, _MADE, _CLAIMS)
"""Step n turns a file of version n into one of version n + 1."""


def prepare(db: sqlite3.Connection, name: str) -> None:
    """Bring a store to the current version; `name` is its path for messages.

    Raises:
        StoreError: the file belongs to another program, or a newer pullpush-sdk wrote it.
    """
    if _version(db, name) == len(_MIGRATIONS):
        return
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # takes effect while there is no table yet
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _version(db, name)  # another process may have done it while we waited for the lock
        for step in _MIGRATIONS[version:]:
            for statement in step.split(";"):
                db.execute(statement)
        if version == 0:
            db.execute("INSERT INTO meta VALUES ('store_id', ?)", (uuid.uuid4().hex,))
            db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    if not db.execute("PRAGMA auto_vacuum").fetchone()[0]:
        # A file from before: rewritten once so that it can shrink. Where that cannot be, its free pages are used again.
        with suppress(sqlite3.OperationalError):
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            db.execute("VACUUM")


def _version(db: sqlite3.Connection, name: str) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    owner = db.execute("PRAGMA application_id").fetchone()[0]
    empty = not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if not empty and owner != _APPLICATION_ID:
        raise StoreError(f"{name} is a database of another program", hint="name another file in [engine] url")
    if version > len(_MIGRATIONS):
        raise StoreError(
            f"{name} has store version {version}, this pullpush-sdk knows {len(_MIGRATIONS)}",
            hint="update pullpush-sdk, or name another file in [engine] url",
        )
    return version

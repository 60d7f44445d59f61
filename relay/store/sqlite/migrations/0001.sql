-- The store of relay, version 1. Times are microseconds: `received`, `at` … since 1970, an event's id (its
-- tick) since 2020. A delivery's id is its event's * 4096 + its number in the event (1 …), so that an event
-- and all that belongs to it lie together and no index has to say so.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Counted in the transactions that make or remove rows: what `audit` compares the rows with.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter VALUES
    ('events.accepted', 0), ('events.pruned', 0), ('deliveries.planned', 0), ('deliveries.pruned', 0), ('beats', 0);

-- state: 0 pending, 1 delivered, 2 skipped, 3 dead, 4 unrouted. planned: how many deliveries it must have.
CREATE TABLE event (
    id       INTEGER PRIMARY KEY,
    source   TEXT NOT NULL,
    key      TEXT,
    type     TEXT NOT NULL,
    via      INTEGER NOT NULL,
    received INTEGER NOT NULL,
    occurred INTEGER,
    size     INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    planned  INTEGER NOT NULL
) STRICT;

CREATE INDEX event_dead ON event (id) WHERE state = 3;

-- Apart from `event`, so that listing reads no bodies.
CREATE TABLE body (
    event   INTEGER PRIMARY KEY,
    headers BLOB NOT NULL,
    query   TEXT NOT NULL,
    body    BLOB NOT NULL
) STRICT;

-- Names of events, as 16 bytes of keyed BLAKE2b over source and name: what is here is known. heard: the tick of
-- the duplicate that brought a further name; NULL: the event brought it.
CREATE TABLE seen (
    name  BLOB PRIMARY KEY,
    event INTEGER NOT NULL,
    heard INTEGER
) STRICT, WITHOUT ROWID;

-- replays: how many times it was replayed; fresh: how many of them were under a new idempotency key. settled: when it left `pending`.
CREATE TABLE delivery (
    id       INTEGER PRIMARY KEY,
    route    TEXT NOT NULL,
    target   TEXT NOT NULL,
    state    INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    step     INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    born     INTEGER NOT NULL,
    fresh    INTEGER NOT NULL,
    settled  INTEGER,
    status   INTEGER,
    error    TEXT,
    replays  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX delivery_due ON delivery (target, due) WHERE state = 0;
CREATE INDEX delivery_dead ON delivery (target, settled) WHERE state = 3;

CREATE TABLE attempt (
    delivery INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    seconds  REAL NOT NULL,
    status   INTEGER,
    error    TEXT,
    probe    INTEGER NOT NULL,
    PRIMARY KEY (delivery, n)
) STRICT, WITHOUT ROWID;

-- What is known of targets, as JSON.
CREATE TABLE target (
    name  TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

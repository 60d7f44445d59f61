-- The store of relay, version 2: polls and watches.

-- What is known of a poll's parts (the combinations of `each`; '' where it has none), as JSON.
CREATE TABLE poll (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    part  TEXT NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (name, part)
) STRICT;

-- What their lists held: of part `list` (a poll's id) the thing `name`, 16 bytes of keyed BLAKE2b over its id.
-- at: when it was last listed, about; digest: of its `change` value; n: how often that changed.
CREATE TABLE item (
    list   INTEGER NOT NULL,
    name   BLOB NOT NULL,
    at     INTEGER NOT NULL,
    digest BLOB,
    n      INTEGER NOT NULL,
    PRIMARY KEY (list, name)
) STRICT, WITHOUT ROWID;

-- What is watched: until when, when it is asked for next; about, state: JSON.
CREATE TABLE watch (
    name    TEXT NOT NULL,
    key     TEXT NOT NULL,
    started INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    due     INTEGER NOT NULL,
    about   TEXT NOT NULL,
    state   TEXT NOT NULL,
    PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX watch_due ON watch (name, due);

-- Of the events that were let go: when the newest of a source was received, and the newest that no poll brought.
CREATE TABLE source (
    name    TEXT PRIMARY KEY,
    event   INTEGER NOT NULL,
    webhook INTEGER
) STRICT, WITHOUT ROWID;

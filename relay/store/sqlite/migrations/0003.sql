-- The store of relay, version 3: order, shape and batch of deliveries; what enrichments answered.

-- chain: 16 bytes of keyed BLAKE2b over target and key of order; NULL: no order. held: it is pending, and waits for
-- the one before it of its chain. shaped: what its route made of it when it was planned, 0 nothing, 1 another
-- request, 2 nothing though the route would. batch: the one it was tried in last.
ALTER TABLE delivery ADD COLUMN chain BLOB;
ALTER TABLE delivery ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN shaped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN batch INTEGER;

-- Of all that is pending; what is due is its part with held = 0.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (target, held, due) WHERE state = 0;

-- Where the first one of a chain is found, however many wait behind it.
CREATE INDEX delivery_chain ON delivery (chain, held) WHERE state = 0 AND chain IS NOT NULL;

-- What enrichments answered for an event, as JSON.
CREATE TABLE answer (
    id    INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    name  TEXT NOT NULL,
    json  TEXT NOT NULL,
    UNIQUE (event, name)
) STRICT;

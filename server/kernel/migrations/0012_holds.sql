-- The lanes and pools that start nothing until a moment. A row stays when its hold has ended: how often
-- in a row is counted by it.
CREATE TABLE lane_holds (
    -- A pool, or a lane that is in none.
    name     TEXT NOT NULL,
    -- 1 for one that a person wants, which stands beside one that a worker met.
    by_hand  INTEGER NOT NULL DEFAULT 0,
    cause    TEXT NOT NULL,
    reason   TEXT,
    by       TEXT,
    -- The task whose run met it.
    task_id  TEXT REFERENCES tasks (id) ON DELETE SET NULL,
    since    INTEGER NOT NULL,
    -- NULL: until a person releases it.
    until    INTEGER,
    -- 1 where nobody named that moment: it follows the clock, as back-offs do.
    grows    INTEGER NOT NULL DEFAULT 0,
    times    INTEGER NOT NULL DEFAULT 1,
    -- The run that goes first once the moment has come.
    probe    INTEGER,
    ended_at INTEGER,
    -- The task whose run has shown that it is over.
    ended_by TEXT,
    PRIMARY KEY (name, by_hand)
) STRICT;

-- The pool of its lane, when the run began.
ALTER TABLE runs ADD COLUMN pool TEXT;

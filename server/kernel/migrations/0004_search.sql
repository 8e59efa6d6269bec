-- Full-text search, and who started what.

-- The texts of the tasks as they were when the index was last brought up to date: not by triggers,
-- because another program that writes to the file may have an SQLite without FTS5.
CREATE VIRTUAL TABLE search USING fts5 (
    title, body, result, comments,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);

-- Which row of `search` is which task.
CREATE TABLE search_rows (
    -- Never used again, because `search` does not lose the row of a task that is deleted.
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL UNIQUE REFERENCES tasks (id) ON DELETE CASCADE
) STRICT;

-- How far the index has come: first through the tasks that were there before it, then along the
-- events.
CREATE TABLE search_progress (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    task  INTEGER NOT NULL,
    event INTEGER NOT NULL
) STRICT;
INSERT INTO search_progress (id, task, event)
SELECT 1, 0, coalesce((SELECT max(id) FROM task_events), 0);

-- Every act that may start a program or that changes settings.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    -- The address that it came from; NULL for the command line.
    origin     TEXT,
    action     TEXT NOT NULL,
    task_id    TEXT,
    detail     TEXT
) STRICT;

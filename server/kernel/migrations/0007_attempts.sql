-- The attempts as hermes-agent keeps them since 0.13: the same rows as in `runs`, under the same ids.
-- Our verbs keep them in step (`runs::mirror`), and where hermes writes the triggers of
-- `0007_peers.sql` do. The columns that go with it are added right after this, by
-- `open::peers::complete`: a file of hermes has some of them.

CREATE TABLE IF NOT EXISTS task_runs (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id             TEXT NOT NULL,
    profile             TEXT,
    step_key            TEXT,
    status              TEXT NOT NULL,
    claim_lock          TEXT,
    claim_expires       INTEGER,
    worker_pid          INTEGER,
    max_runtime_seconds INTEGER,
    last_heartbeat_at   INTEGER,
    started_at          INTEGER NOT NULL,
    ended_at            INTEGER,
    outcome             TEXT,
    summary             TEXT,
    metadata            TEXT,
    error               TEXT
);
CREATE INDEX IF NOT EXISTS idx_runs_task ON task_runs (task_id, started_at);
-- Under the names that hermes gives them, so that it does not make them over every row.
CREATE INDEX IF NOT EXISTS idx_runs_status ON task_runs (status) WHERE status = 'running';

-- Where the last move of another program to `ready` took a task from.
CREATE TABLE foreign_moves (
    task_id      TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    status       TEXT NOT NULL,
    waiting      INTEGER NOT NULL,
    status_since INTEGER NOT NULL,
    not_before   INTEGER,
    block_reason TEXT
) STRICT, WITHOUT ROWID;

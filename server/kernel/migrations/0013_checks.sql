-- What the board itself runs before a task counts as done, and the receipts of that.

-- A script, as it was written; NULL for none.
ALTER TABLE tasks ADD COLUMN check_script TEXT;
-- How many of its checks in a row did not pass.
ALTER TABLE tasks ADD COLUMN rework INTEGER NOT NULL DEFAULT 0;
-- The verdict of its last receipt since its last claim.
ALTER TABLE tasks ADD COLUMN checked TEXT;

-- Without the list of outcomes, which a new one would make wrong. Nothing refers to its rows but by
-- number, and the triggers that name it are those of other tables.
CREATE TABLE old_runs AS SELECT * FROM runs;
CREATE TABLE old_sequence AS SELECT seq FROM sqlite_sequence WHERE name = 'runs';
DROP TABLE runs;
CREATE TABLE runs (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id          TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    -- NULL: a person claimed the task by hand.
    lane             TEXT,
    -- What the worker shows to be this run; nothing else may change the task in its name.
    token            TEXT NOT NULL UNIQUE,
    lease_expires    INTEGER NOT NULL,
    heartbeat_at     INTEGER,
    -- The supervisor, named so that no later process can be taken for it.
    boot_id          TEXT,
    pid              INTEGER,
    pid_started      INTEGER,
    worker_pid       INTEGER,
    workspace        TEXT,
    started_at       INTEGER NOT NULL,
    spawned_at       INTEGER,
    ended_at         INTEGER,
    outcome          TEXT,
    exit_code        INTEGER,
    error            TEXT,
    summary          TEXT,
    metadata         TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    log_start        INTEGER,
    log_end          INTEGER,
    -- The pool of its lane, when the run began.
    pool             TEXT,
    -- 1 where a check decides whether the task is done.
    has_check        INTEGER NOT NULL DEFAULT 0,
    -- When its worker reported that it has finished, and with what result.
    reported_at      INTEGER,
    reported_result  TEXT,
    checking_since   INTEGER,
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK ((boot_id IS NULL) = (pid IS NULL) AND (pid IS NULL) = (pid_started IS NULL))
) STRICT;
INSERT INTO runs (id, task_id, lane, token, lease_expires, heartbeat_at, boot_id, pid, pid_started,
    worker_pid, workspace, started_at, spawned_at, ended_at, outcome, exit_code, error, summary,
    metadata, log_start, log_end, pool)
SELECT id, task_id, lane, token, lease_expires, heartbeat_at, boot_id, pid, pid_started,
    worker_pid, workspace, started_at, spawned_at, ended_at, outcome, exit_code, error, summary,
    metadata, log_start, log_end, pool
FROM old_runs
-- Another program may have deleted the task of one; nobody can see it any more.
WHERE task_id IN (SELECT id FROM tasks);
-- No number is used twice, also where the last runs are gone.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'runs', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'runs');
UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM old_sequence), 0))
WHERE name = 'runs';
DROP TABLE old_runs;
DROP TABLE old_sequence;

-- A task has one open run at most.
CREATE UNIQUE INDEX idx_runs_open ON runs (task_id) WHERE ended_at IS NULL;
CREATE INDEX idx_runs_task_id ON runs (task_id, id);

-- A row is written once and never changed.
CREATE TABLE receipts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id    TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    run_id     INTEGER,
    -- Who finished the task without its check.
    by         TEXT,
    command    TEXT NOT NULL,
    verdict    TEXT NOT NULL,
    began_at   INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    exit_code  INTEGER,
    output     TEXT NOT NULL,
    log_start  INTEGER,
    log_end    INTEGER,
    commit_id  TEXT,
    is_clean   INTEGER
) STRICT;
CREATE INDEX idx_receipts_task_id ON receipts (task_id, id);

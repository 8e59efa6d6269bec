-- The indexes of the original.

CREATE INDEX IF NOT EXISTS idx_tasks_assignee_status ON tasks (assignee, status);
CREATE INDEX IF NOT EXISTS idx_tasks_status ON tasks (status);
CREATE INDEX IF NOT EXISTS idx_tasks_tenant ON tasks (tenant);
CREATE INDEX IF NOT EXISTS idx_tasks_idempotency ON tasks (idempotency_key);
CREATE INDEX IF NOT EXISTS idx_links_child ON task_links (child_id);
CREATE INDEX IF NOT EXISTS idx_links_parent ON task_links (parent_id);
CREATE INDEX IF NOT EXISTS idx_comments_task ON task_comments (task_id, created_at);
CREATE INDEX IF NOT EXISTS idx_events_task ON task_events (task_id, created_at);
CREATE INDEX IF NOT EXISTS idx_notify_task ON kanban_notify_subs (task_id);

-- What the original has not: attempts as rows of their own, idempotency that holds under
-- concurrency, and a task that knows why it is where it is.

-- Whether a task in `todo` becomes ready by itself once its parents are finished.
ALTER TABLE tasks ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
-- Since when the task has its status. (The original can only say since when it exists.)
ALTER TABLE tasks ADD COLUMN status_since INTEGER NOT NULL DEFAULT 0;
-- Until when the task rests after a failed attempt. Kept here so that a restart does not forget it.
ALTER TABLE tasks ADD COLUMN not_before INTEGER;
-- After how many failures in a row the task is blocked, where that is not the default.
ALTER TABLE tasks ADD COLUMN failure_limit INTEGER;

UPDATE tasks SET status_since = coalesce(
    CASE WHEN status = 'done' THEN completed_at WHEN status = 'running' THEN started_at END,
    created_at
);

-- In a file of the original every task in `todo` is promoted by itself. Those without a parent were
-- put there by a person; they stay.
UPDATE tasks SET waiting = 1
WHERE status = 'todo' AND EXISTS (SELECT 1 FROM task_links WHERE child_id = tasks.id);

-- The original lets a task be ready before its parents are finished. Here it waits for them.
UPDATE tasks SET status = 'todo', waiting = 1
WHERE status = 'ready' AND EXISTS (
    SELECT 1 FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id
    WHERE link.child_id = tasks.id AND parent.status NOT IN ('done', 'archived')
);

-- The dispatcher asks for the best few ready tasks of an assignee, and for the end of the next rest;
-- without these it would look at all of them.
CREATE INDEX idx_tasks_startable ON tasks (assignee, priority DESC, created_at)
WHERE status = 'ready';
CREATE INDEX idx_tasks_resting ON tasks (not_before)
WHERE status = 'ready' AND not_before IS NOT NULL;
-- Promotion of everything that waits looks at these only.
CREATE INDEX idx_tasks_waiting ON tasks (waiting) WHERE waiting = 1;

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
    outcome          TEXT CHECK (outcome IN (
        'completed', 'blocked', 'spawn_failed', 'exit', 'signal', 'oom', 'timed_out',
        'heartbeat_lost', 'protocol', 'crashed', 'deferred', 'interrupted', 'cancelled', 'reclaimed'
    )),
    exit_code        INTEGER,
    error            TEXT,
    summary          TEXT,
    metadata         TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    log_start        INTEGER,
    log_end          INTEGER,
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK ((boot_id IS NULL) = (pid IS NULL) AND (pid IS NULL) = (pid_started IS NULL))
) STRICT;

-- A task has one open run at most.
CREATE UNIQUE INDEX idx_runs_open ON runs (task_id) WHERE ended_at IS NULL;
CREATE INDEX idx_runs_task_id ON runs (task_id, id);

-- The column `tasks.idempotency_key` is not unique in files of the original, so the rule lives here.
CREATE TABLE idempotency_keys (
    key     TEXT PRIMARY KEY,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE
) STRICT;

-- The newest live task of a key owns it.
INSERT INTO idempotency_keys (key, task_id)
SELECT idempotency_key, id FROM tasks AS newest
WHERE idempotency_key IS NOT NULL AND status <> 'archived' AND NOT EXISTS (
    SELECT 1 FROM tasks AS later
    WHERE later.idempotency_key = newest.idempotency_key AND later.status <> 'archived'
      AND (later.created_at, later.id) > (newest.created_at, newest.id)
);

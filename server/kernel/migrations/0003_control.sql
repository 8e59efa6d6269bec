-- Taking back what was done, the question of a blocked task, deferrals, and what the dispatcher
-- needs to explain itself and to clean up behind itself.

-- The question, or what is missing, while a task is blocked by somebody; empty when they said
-- nothing. NULL while it is not blocked, or blocked because it gave up.
ALTER TABLE tasks ADD COLUMN block_reason TEXT;
-- How often in a row, and for how many seconds in all, the task was put off for something that was
-- not to be had.
ALTER TABLE tasks ADD COLUMN deferrals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN deferred_for INTEGER NOT NULL DEFAULT 0;

-- A task that gave up has its last error instead of a question.
UPDATE tasks SET block_reason = (
    SELECT CASE WHEN kind = 'blocked' THEN coalesce(
        CASE WHEN json_valid(payload) THEN json_extract(payload, '$.reason') END, ''
    ) END
    FROM task_events
    WHERE task_id = tasks.id AND kind IN ('blocked', 'gave_up', 'spawn_auto_blocked')
    ORDER BY id DESC LIMIT 1
)
WHERE status = 'blocked';

-- What a person did in one request, and how to take it back.
CREATE TABLE acts (
    first_event INTEGER PRIMARY KEY REFERENCES task_events (id) ON DELETE CASCADE,
    last_event  INTEGER NOT NULL,
    -- A JSON array of `verbs::undo::Step`, in the order in which they were done.
    steps       TEXT NOT NULL CHECK (json_valid(steps)),
    CHECK (last_event >= first_event)
) STRICT;

-- What starts nothing for now. The empty name is the whole dispatcher.
CREATE TABLE pauses (
    lane  TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    by    TEXT NOT NULL
) STRICT;

-- What the dispatcher last said of itself: `domain::dispatch::Report` as JSON.
CREATE TABLE dispatcher (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    report      TEXT NOT NULL CHECK (json_valid(report)),
    reported_at INTEGER NOT NULL
) STRICT;

-- The folders that the dispatcher made. Nothing else is ever removed.
CREATE TABLE workspaces (
    path       TEXT PRIMARY KEY,
    task_id    TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('scratch', 'dir', 'worktree')),
    repository TEXT,
    branch     TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_workspaces_task_id ON workspaces (task_id);

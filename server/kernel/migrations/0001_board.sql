-- The tables of the original, with its names, types and meanings, so that its readers can open our
-- files and we theirs: hence IF NOT EXISTS. All times are whole seconds since 1970.
-- Columns that an older file lacks are added right after this, by `open::foreign::complete`.

CREATE TABLE IF NOT EXISTS tasks (
    id               TEXT PRIMARY KEY,
    title            TEXT NOT NULL,
    body             TEXT,
    assignee         TEXT,
    status           TEXT NOT NULL,
    priority         INTEGER DEFAULT 0,
    created_by       TEXT,
    created_at       INTEGER NOT NULL,
    started_at       INTEGER,
    completed_at     INTEGER,
    workspace_kind   TEXT NOT NULL DEFAULT 'scratch',
    workspace_path   TEXT,
    claim_lock       TEXT,
    claim_expires    INTEGER,
    tenant           TEXT,
    result           TEXT,
    idempotency_key  TEXT,
    spawn_failures   INTEGER NOT NULL DEFAULT 0,
    worker_pid       INTEGER,
    last_spawn_error TEXT
);

CREATE TABLE IF NOT EXISTS task_links (
    parent_id TEXT NOT NULL,
    child_id  TEXT NOT NULL,
    PRIMARY KEY (parent_id, child_id)
);

CREATE TABLE IF NOT EXISTS task_comments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id    TEXT NOT NULL,
    author     TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS task_events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    payload    TEXT,
    created_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS kanban_notify_subs (
    task_id       TEXT NOT NULL,
    platform      TEXT NOT NULL,
    chat_id       TEXT NOT NULL,
    thread_id     TEXT NOT NULL DEFAULT '',
    user_id       TEXT,
    created_at    INTEGER NOT NULL,
    last_event_id INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (task_id, platform, chat_id, thread_id)
);

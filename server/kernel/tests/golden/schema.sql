PRAGMA application_id = 1802396270;
PRAGMA user_version = 18;

CREATE TABLE acts (
    first_event INTEGER PRIMARY KEY REFERENCES task_events (id) ON DELETE CASCADE,
    last_event  INTEGER NOT NULL,
    -- A JSON array of `verbs::undo::Step`, in the order in which they were done.
    steps       TEXT NOT NULL CHECK (json_valid(steps)),
    CHECK (last_event >= first_event)
) STRICT;

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

CREATE TABLE board_subscriptions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    platform   TEXT NOT NULL,
    chat_id    TEXT NOT NULL,
    thread_id  TEXT NOT NULL,
    user_id    TEXT,
    tenant     TEXT,
    assignee   TEXT,
    -- Each kind between two commas, so that one is found without taking the list apart.
    kinds      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE branches (
    task_id     TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    repository  TEXT NOT NULL,
    name        TEXT NOT NULL,
    -- The commit at which the work began; NULL where an earlier version made the branch.
    base        TEXT,
    -- The branch on which the repository stood then; NULL where it stood on none.
    onto        TEXT,
    -- The commit at which the branch was last seen.
    tip         TEXT
, landed_onto TEXT, landed_commit TEXT, sent_back INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE chat_messages (
    platform    TEXT NOT NULL,
    message     TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (platform, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What the receiver knows it by. No number: a restored board must not use one again.
    key             TEXT NOT NULL,
    place_id        INTEGER NOT NULL REFERENCES places (id),
    task_id         TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    event_id        INTEGER NOT NULL,
    -- `domain::notify::notice::Notice` as JSON: the event may be forgotten before it is told.
    notice          TEXT NOT NULL CHECK (json_valid(notice)),
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    error           TEXT,
    -- The number that the receiver gave to the message.
    receipt         TEXT,
    created_at      INTEGER NOT NULL,
    settled_at      INTEGER,
    -- A place that subscribed twice is told once.
    UNIQUE (event_id, place_id),
    CHECK ((settled_at IS NULL) = (state = 'pending'))
) STRICT;

CREATE TABLE dispatcher (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    report      TEXT NOT NULL CHECK (json_valid(report)),
    reported_at INTEGER NOT NULL
) STRICT;

CREATE TABLE foreign_moves (
    task_id      TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    status       TEXT NOT NULL,
    waiting      INTEGER NOT NULL,
    status_since INTEGER NOT NULL,
    not_before   INTEGER,
    block_reason TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE home (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    path    TEXT NOT NULL,
    inode   INTEGER NOT NULL,
    machine TEXT
, born INTEGER, device INTEGER) STRICT;

CREATE TABLE idempotency_keys (
    key     TEXT PRIMARY KEY,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE kanban_notify_subs (
    task_id       TEXT NOT NULL,
    platform      TEXT NOT NULL,
    chat_id       TEXT NOT NULL,
    thread_id     TEXT NOT NULL DEFAULT '',
    user_id       TEXT,
    created_at    INTEGER NOT NULL,
    last_event_id INTEGER NOT NULL DEFAULT 0, notifier_profile TEXT,
    PRIMARY KEY (task_id, platform, chat_id, thread_id)
);

CREATE TABLE landings (
    task_id        TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    -- NULL where somebody has to name a branch first.
    onto           TEXT,
    -- NULL leaves that to the lane.
    method         TEXT CHECK (method IN ('merge', 'rebase')),
    delete_branch  INTEGER NOT NULL DEFAULT 0,
    by             TEXT NOT NULL,
    asked_at       INTEGER NOT NULL,
    -- Why it waits, and until when it is not tried again.
    problem        TEXT,
    not_before     INTEGER,
    -- The event that asks for it.
    request        INTEGER NOT NULL,
    -- The commit that is about to become the target's, that of the task's branch in it, and its check as
    -- JSON.
    result         TEXT,
    commit_id      TEXT,
    check_end      TEXT
) STRICT;

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

CREATE TABLE pauses (
    lane  TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    by    TEXT NOT NULL
, is_copy INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE places (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    platform        TEXT NOT NULL,
    chat_id         TEXT NOT NULL,
    thread_id       TEXT NOT NULL,
    -- When it wants to be left alone: `domain::notify::quiet::QuietHours` as text.
    quiet_hours     TEXT,
    -- Until when nothing is sent: it failed, it asked us to wait, or it was told enough for now.
    not_before      INTEGER NOT NULL DEFAULT 0,
    -- `domain::notify::pace::Pace`.
    minute_since    INTEGER NOT NULL DEFAULT 0,
    minute_messages INTEGER NOT NULL DEFAULT 0,
    UNIQUE (platform, chat_id, thread_id)
) STRICT;

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
, commit_after TEXT, base TEXT, files TEXT, more_files INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE requests (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Whose key it is: two callers may use the same.
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    -- Which change of a bulk request; 0 is the request as a whole.
    part        INTEGER NOT NULL,
    -- A hash of what was asked, so that no other request gets the answer.
    fingerprint TEXT NOT NULL,
    -- What was answered, as JSON; NULL until that is known, and where it is too long to be kept.
    answer      TEXT,
    created_at  INTEGER NOT NULL,
    UNIQUE (caller, key, part)
) STRICT;

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
    checking_since   INTEGER, reported_outcome TEXT, review TEXT, is_review INTEGER NOT NULL DEFAULT 0, claimed_by TEXT, lands INTEGER NOT NULL DEFAULT 0,
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK ((boot_id IS NULL) = (pid IS NULL) AND (pid IS NULL) = (pid_started IS NULL))
) STRICT;

CREATE VIRTUAL TABLE search USING fts5 (
    title, body, result, comments,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);

CREATE TABLE search_progress (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    task  INTEGER NOT NULL,
    event INTEGER NOT NULL
) STRICT;

CREATE TABLE search_rows (
    -- Never used again, because `search` does not lose the row of a task that is deleted.
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL UNIQUE REFERENCES tasks (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE task_comments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id    TEXT NOT NULL,
    author     TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TRIGGER foreign_heartbeat_event AFTER INSERT ON task_events WHEN NEW.kind = 'heartbeat' BEGIN
    UPDATE tasks SET last_heartbeat_at = CAST(NEW.created_at AS INTEGER)
    WHERE id = NEW.task_id AND status = 'running'
      AND (NEW.run_id IS NULL OR NEW.run_id = current_run_id);
END;

CREATE TRIGGER foreign_promotion BEFORE INSERT ON task_events
WHEN NEW.kind IN ('promoted', 'ready') AND EXISTS (
    SELECT 1 FROM foreign_moves AS move JOIN tasks ON tasks.id = move.task_id
    WHERE move.task_id = NEW.task_id AND tasks.status = 'ready'
      AND (move.status = 'blocked' OR move.status = 'todo' AND (move.waiting = 0 OR EXISTS (
          SELECT 1 FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id
          WHERE link.child_id = NEW.task_id AND parent.status IN ('done', 'archived')
            AND link.start_on NOT IN ('always', coalesce(parent.outcome, 'success'))))))
BEGIN
    UPDATE tasks SET status = (SELECT status FROM foreign_moves WHERE task_id = NEW.task_id)
    WHERE id = NEW.task_id;
    UPDATE tasks
    SET waiting = (SELECT waiting FROM foreign_moves WHERE task_id = NEW.task_id),
        status_since = (SELECT status_since FROM foreign_moves WHERE task_id = NEW.task_id),
        not_before = (SELECT not_before FROM foreign_moves WHERE task_id = NEW.task_id),
        block_reason = (SELECT block_reason FROM foreign_moves WHERE task_id = NEW.task_id)
    WHERE id = NEW.task_id;
    DELETE FROM foreign_moves WHERE task_id = NEW.task_id;
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER foreign_renaming BEFORE UPDATE OF kind ON task_events
WHEN OLD.kind IN ('ready', 'priority', 'spawn_auto_blocked') BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER foreign_specification AFTER INSERT ON task_events WHEN NEW.kind = 'specified' BEGIN
    UPDATE tasks SET waiting = 1 WHERE id = NEW.task_id AND status = 'todo';
END;

CREATE TRIGGER foreign_unblocking AFTER INSERT ON task_events WHEN NEW.kind = 'unblocked' BEGIN
    UPDATE tasks
    SET consecutive_failures = 0, last_failure_error = NULL, deferrals = 0, deferred_for = 0,
        rework = 0
    WHERE id = NEW.task_id;
END;

CREATE TABLE task_events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    payload    TEXT,
    created_at INTEGER NOT NULL
, run_id INTEGER);

CREATE TRIGGER foreign_link AFTER INSERT ON task_links BEGIN
    UPDATE tasks SET waiting = 1 WHERE id = NEW.child_id AND status = 'todo';
END;

CREATE TABLE task_links (
    parent_id TEXT NOT NULL,
    child_id  TEXT NOT NULL, start_on TEXT NOT NULL DEFAULT 'success'
    CHECK (start_on IN ('success', 'failure', 'always')),
    PRIMARY KEY (parent_id, child_id)
);

CREATE TRIGGER foreign_run AFTER INSERT ON task_runs BEGIN
    UPDATE task_runs SET status = 'reclaimed', outcome = 'reclaimed', ended_at = NEW.started_at
    WHERE NEW.ended_at IS NULL AND id IN
        (SELECT id FROM runs WHERE task_id = NEW.task_id AND ended_at IS NULL);
    INSERT OR IGNORE INTO runs (id, task_id, lane, token, lease_expires, worker_pid, started_at,
        ended_at, outcome, error, summary, metadata)
    SELECT NEW.id, id, CASE WHEN NEW.ended_at IS NOT NULL THEN CAST(NEW.profile AS TEXT) END,
        lower(hex(randomblob(16))), CAST(coalesce(NEW.claim_expires, NEW.started_at) AS INTEGER),
        CAST(NEW.worker_pid AS INTEGER), CAST(NEW.started_at AS INTEGER),
        CAST(NEW.ended_at AS INTEGER),
        CASE
            WHEN NEW.ended_at IS NULL THEN NULL
            WHEN NEW.outcome IN ('completed', 'blocked', 'crashed', 'timed_out', 'spawn_failed',
                'reclaimed') THEN NEW.outcome
            WHEN NEW.outcome IN ('scheduled', 'rate_limited') THEN 'deferred'
            WHEN NEW.outcome = 'stale' THEN 'heartbeat_lost'
            WHEN NEW.outcome = 'gave_up' THEN 'spawn_failed'
            ELSE 'exit'
        END,
        CAST(NEW.error AS TEXT), CAST(NEW.summary AS TEXT),
        CASE WHEN json_valid(NEW.metadata) THEN NEW.metadata END
    FROM tasks WHERE id = NEW.task_id;
END;

CREATE TRIGGER foreign_run_change AFTER UPDATE ON task_runs BEGIN
    UPDATE runs
    SET lease_expires = coalesce(CAST(NEW.claim_expires AS INTEGER), lease_expires),
        heartbeat_at = coalesce(CAST(NEW.last_heartbeat_at AS INTEGER), heartbeat_at),
        worker_pid = coalesce(CAST(NEW.worker_pid AS INTEGER), worker_pid),
        error = CAST(NEW.error AS TEXT), summary = CAST(NEW.summary AS TEXT),
        metadata = CASE WHEN json_valid(NEW.metadata) THEN NEW.metadata END,
        outcome = CASE
            WHEN ended_at IS NOT NULL THEN outcome
            WHEN NEW.ended_at IS NULL THEN NULL
            WHEN NEW.outcome IN ('completed', 'blocked', 'crashed', 'timed_out', 'spawn_failed',
                'reclaimed') THEN NEW.outcome
            WHEN NEW.outcome IN ('scheduled', 'rate_limited') THEN 'deferred'
            WHEN NEW.outcome = 'stale' THEN 'heartbeat_lost'
            WHEN NEW.outcome = 'gave_up' THEN 'spawn_failed'
            ELSE 'exit'
        END,
        ended_at = coalesce(ended_at, CAST(NEW.ended_at AS INTEGER))
    WHERE id = NEW.id;
END;

CREATE TABLE task_runs (
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

CREATE TRIGGER foreign_assignment AFTER UPDATE OF assignee ON tasks
WHEN NEW.assignee IS NOT OLD.assignee BEGIN
    UPDATE tasks
    SET consecutive_failures = 0, last_failure_error = NULL, deferrals = 0, deferred_for = 0,
        rework = 0, not_before = NULL
    WHERE id = NEW.id;
END;

CREATE TRIGGER foreign_failures AFTER UPDATE OF consecutive_failures, last_failure_error ON tasks BEGIN
    UPDATE tasks
    SET spawn_failures = NEW.consecutive_failures, last_spawn_error = NEW.last_failure_error
    WHERE id = NEW.id AND (spawn_failures IS NOT NEW.consecutive_failures
        OR last_spawn_error IS NOT NEW.last_failure_error);
END;

CREATE TRIGGER foreign_heartbeat AFTER UPDATE OF last_heartbeat_at ON tasks
WHEN NEW.last_heartbeat_at IS NOT NULL BEGIN
    UPDATE task_runs SET last_heartbeat_at = NEW.last_heartbeat_at
    WHERE id = NEW.current_run_id AND ended_at IS NULL;
END;

CREATE TRIGGER foreign_limit AFTER UPDATE OF max_retries ON tasks BEGIN
    UPDATE tasks SET failure_limit = CASE WHEN NEW.max_retries > 0 THEN NEW.max_retries END
    WHERE id = NEW.id;
END;

CREATE TRIGGER foreign_spawn_failures AFTER UPDATE OF spawn_failures, last_spawn_error ON tasks BEGIN
    UPDATE tasks
    SET consecutive_failures = NEW.spawn_failures, last_failure_error = NEW.last_spawn_error
    WHERE id = NEW.id AND (consecutive_failures IS NOT NEW.spawn_failures
        OR last_failure_error IS NOT NEW.last_spawn_error);
END;

CREATE TRIGGER foreign_status AFTER UPDATE OF status ON tasks WHEN NEW.status IS NOT OLD.status BEGIN
    INSERT OR REPLACE INTO foreign_moves
        (task_id, status, waiting, status_since, not_before, block_reason)
    SELECT OLD.id, OLD.status, OLD.waiting, OLD.status_since, OLD.not_before, OLD.block_reason
    WHERE NEW.status = 'ready';
    UPDATE tasks
    SET status_since = CAST(strftime('%s', 'now') AS INTEGER),
        waiting = NEW.status = 'todo' AND EXISTS (SELECT 1 FROM task_links WHERE child_id = NEW.id),
        not_before = NULL, block_reason = NULL,
        outcome = CASE WHEN NEW.status = 'archived' THEN outcome END,
        reviewer = CASE WHEN NEW.status = 'review' THEN reviewer END
    WHERE id = NEW.id;
    DELETE FROM idempotency_keys WHERE task_id = NEW.id AND NEW.status = 'archived';
END;

CREATE TRIGGER foreign_task AFTER INSERT ON tasks BEGIN
    UPDATE tasks
    SET status_since = CASE status_since WHEN 0 THEN created_at ELSE status_since END,
        waiting = status = 'todo',
        failure_limit = CASE WHEN max_retries > 0 THEN max_retries ELSE failure_limit END
    WHERE id = NEW.id;
    INSERT OR IGNORE INTO idempotency_keys (key, task_id)
    SELECT CAST(NEW.idempotency_key AS TEXT), NEW.id
    WHERE NEW.idempotency_key <> '' AND NEW.status <> 'archived';
END;

CREATE TRIGGER landing_ends AFTER UPDATE OF status ON tasks WHEN NEW.status <> 'done' BEGIN
    DELETE FROM landings WHERE task_id = NEW.id;
END;

CREATE TABLE tasks (
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
, waiting INTEGER NOT NULL DEFAULT 0, status_since INTEGER NOT NULL DEFAULT 0, not_before INTEGER, failure_limit INTEGER, block_reason TEXT, deferrals INTEGER NOT NULL DEFAULT 0, deferred_for INTEGER NOT NULL DEFAULT 0, consecutive_failures INTEGER NOT NULL DEFAULT 0, last_failure_error TEXT, max_runtime_seconds INTEGER, last_heartbeat_at INTEGER, current_run_id INTEGER, workflow_template_id TEXT, current_step_key TEXT, skills TEXT, max_retries INTEGER, branch_name TEXT, project_id TEXT, model_override TEXT, goal_mode INTEGER NOT NULL DEFAULT 0, goal_max_turns INTEGER, session_id TEXT, block_kind TEXT, block_recurrences INTEGER NOT NULL DEFAULT 0, due_at INTEGER, check_script TEXT, rework INTEGER NOT NULL DEFAULT 0, checked TEXT, outcome TEXT CHECK (outcome IN ('success', 'failure')), review TEXT, reviewer TEXT, reviewed_run INTEGER, worked_by TEXT, rounds INTEGER NOT NULL DEFAULT 0, rework_limit INTEGER, land_method TEXT CHECK (land_method IN ('merge', 'rebase')));

CREATE TABLE workspaces (
    path       TEXT PRIMARY KEY,
    task_id    TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('scratch', 'dir', 'worktree')),
    repository TEXT,
    branch     TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX idx_board_subscriptions ON board_subscriptions
    (platform, chat_id, thread_id, ifnull(tenant, ''), ifnull(assignee, ''), kinds);

CREATE INDEX idx_deliveries_dead ON deliveries (id) WHERE state = 'dead';

CREATE INDEX idx_deliveries_pending ON deliveries (place_id, next_attempt_at)
WHERE state = 'pending';

CREATE INDEX idx_deliveries_receipt ON deliveries (receipt) WHERE receipt IS NOT NULL;

CREATE INDEX idx_deliveries_task_id ON deliveries (task_id, id);

CREATE INDEX idx_notify_task ON kanban_notify_subs (task_id);

CREATE INDEX idx_receipts_task_id ON receipts (task_id, id);

CREATE INDEX idx_requests_age ON requests (created_at);

CREATE UNIQUE INDEX idx_runs_open ON runs (task_id) WHERE ended_at IS NULL;

CREATE INDEX idx_runs_task_id ON runs (task_id, id);

CREATE INDEX idx_comments_task ON task_comments (task_id, created_at);

CREATE INDEX idx_events_run ON task_events (run_id, id) WHERE run_id IS NOT NULL;

CREATE INDEX idx_events_task ON task_events (task_id, created_at);

CREATE INDEX idx_links_child ON task_links (child_id);

CREATE INDEX idx_links_on_failure ON task_links (parent_id) WHERE start_on = 'failure';

CREATE INDEX idx_links_parent ON task_links (parent_id);

CREATE INDEX idx_runs_status ON task_runs (status) WHERE status = 'running';

CREATE INDEX idx_runs_task ON task_runs (task_id, started_at);

CREATE INDEX idx_tasks_assignee_status ON tasks (assignee, status);

CREATE INDEX idx_tasks_failed ON tasks (id) WHERE outcome = 'failure';

CREATE INDEX idx_tasks_idempotency ON tasks (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE INDEX idx_tasks_resting ON tasks (not_before)
WHERE status = 'ready' AND not_before IS NOT NULL;

CREATE INDEX idx_tasks_review ON tasks (reviewer, priority DESC, created_at)
    WHERE status = 'review';

CREATE INDEX idx_tasks_sealed ON tasks (status_since)
    WHERE status = 'review' OR status = 'done' AND checked IN ('passed', 'approved', 'landed');

CREATE INDEX idx_tasks_startable ON tasks (assignee, priority DESC, created_at)
WHERE status = 'ready';

CREATE INDEX idx_tasks_status ON tasks (status);

CREATE INDEX idx_tasks_tenant ON tasks (tenant) WHERE tenant IS NOT NULL;

CREATE INDEX idx_tasks_waiting ON tasks (waiting) WHERE waiting = 1;

CREATE INDEX idx_workspaces_task_id ON workspaces (task_id);

-- What follows in our tables from what hermes-agent writes into its own, in its transaction. Our
-- connections switch triggers off; no function here is younger than the STRICT tables but
-- `json_valid`, which `runs` needs to be written at all.

CREATE INDEX IF NOT EXISTS idx_events_run ON task_events (run_id, id) WHERE run_id IS NOT NULL;

DROP TRIGGER foreign_task;
DROP TRIGGER foreign_status;

-- A task that was put on the board has its status since then, and owns its key. One that a program put
-- into `todo` waits to be promoted; a person puts one aside later.
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

-- What the status before has left on a row goes with it. A task in `todo` that has parents waits for
-- them; one without was put aside by a person. Where it came from is kept until it is known who made
-- it ready.
CREATE TRIGGER foreign_status AFTER UPDATE OF status ON tasks WHEN NEW.status IS NOT OLD.status BEGIN
    INSERT OR REPLACE INTO foreign_moves
        (task_id, status, waiting, status_since, not_before, block_reason)
    SELECT OLD.id, OLD.status, OLD.waiting, OLD.status_since, OLD.not_before, OLD.block_reason
    WHERE NEW.status = 'ready';
    UPDATE tasks
    SET status_since = CAST(strftime('%s', 'now') AS INTEGER),
        waiting = NEW.status = 'todo' AND EXISTS (SELECT 1 FROM task_links WHERE child_id = NEW.id),
        not_before = NULL, block_reason = NULL
    WHERE id = NEW.id;
    DELETE FROM idempotency_keys WHERE task_id = NEW.id AND NEW.status = 'archived';
END;

-- The pass over the board that hermes makes each time it lists, completes or dispatches promotes
-- whatever has no unfinished parent, and from 0.19 on what gave up as well. It says `promoted`, at its
-- seed `ready`, which no person's move does. What does not wait to be promoted goes back to where it was.
CREATE TRIGGER foreign_promotion BEFORE INSERT ON task_events
WHEN NEW.kind IN ('promoted', 'ready') AND EXISTS (
    SELECT 1 FROM foreign_moves AS move JOIN tasks ON tasks.id = move.task_id
    WHERE move.task_id = NEW.task_id AND tasks.status = 'ready'
      AND (move.status = 'blocked' OR move.status = 'todo' AND move.waiting = 0))
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

-- A task whose text hermes has worked out goes on as soon as it can.
CREATE TRIGGER foreign_specification AFTER INSERT ON task_events WHEN NEW.kind = 'specified' BEGIN
    UPDATE tasks SET waiting = 1 WHERE id = NEW.task_id AND status = 'todo';
END;

-- Hermes renames three kinds of events each time it opens a file. What is logged stays as it is.
CREATE TRIGGER foreign_renaming BEFORE UPDATE OF kind ON task_events
WHEN OLD.kind IN ('ready', 'priority', 'spawn_auto_blocked') BEGIN
    SELECT RAISE(IGNORE);
END;

-- The seed counts failures under one name, 0.13 and later under another.
CREATE TRIGGER foreign_failures AFTER UPDATE OF consecutive_failures, last_failure_error ON tasks BEGIN
    UPDATE tasks
    SET spawn_failures = NEW.consecutive_failures, last_spawn_error = NEW.last_failure_error
    WHERE id = NEW.id AND (spawn_failures IS NOT NEW.consecutive_failures
        OR last_spawn_error IS NOT NEW.last_failure_error);
END;
CREATE TRIGGER foreign_spawn_failures AFTER UPDATE OF spawn_failures, last_spawn_error ON tasks BEGIN
    UPDATE tasks
    SET consecutive_failures = NEW.spawn_failures, last_failure_error = NEW.last_spawn_error
    WHERE id = NEW.id AND (consecutive_failures IS NOT NEW.spawn_failures
        OR last_failure_error IS NOT NEW.last_spawn_error);
END;
CREATE TRIGGER foreign_limit AFTER UPDATE OF max_retries ON tasks BEGIN
    UPDATE tasks SET failure_limit = CASE WHEN NEW.max_retries > 0 THEN NEW.max_retries END
    WHERE id = NEW.id;
END;

-- An attempt that hermes begins, or notes as begun and ended, is a run.
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

-- How it goes on, how it ends, and what is said of it afterwards. Our outcome says more than theirs,
-- so it stays once there is one.
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

-- Somebody has looked at it, or somebody else has it.
CREATE TRIGGER foreign_unblocking AFTER INSERT ON task_events WHEN NEW.kind = 'unblocked' BEGIN
    UPDATE tasks
    SET consecutive_failures = 0, last_failure_error = NULL, deferrals = 0, deferred_for = 0
    WHERE id = NEW.task_id;
END;
CREATE TRIGGER foreign_assignment AFTER UPDATE OF assignee ON tasks
WHEN NEW.assignee IS NOT OLD.assignee BEGIN
    UPDATE tasks
    SET consecutive_failures = 0, last_failure_error = NULL, deferrals = 0, deferred_for = 0,
        not_before = NULL
    WHERE id = NEW.id;
END;

-- A sign of life, whether it is an event, a time of the task or one of its attempt.
CREATE TRIGGER foreign_heartbeat_event AFTER INSERT ON task_events WHEN NEW.kind = 'heartbeat' BEGIN
    UPDATE tasks SET last_heartbeat_at = CAST(NEW.created_at AS INTEGER)
    WHERE id = NEW.task_id AND status = 'running'
      AND (NEW.run_id IS NULL OR NEW.run_id = current_run_id);
END;
CREATE TRIGGER foreign_heartbeat AFTER UPDATE OF last_heartbeat_at ON tasks
WHEN NEW.last_heartbeat_at IS NOT NULL BEGIN
    UPDATE task_runs SET last_heartbeat_at = NEW.last_heartbeat_at
    WHERE id = NEW.current_run_id AND ended_at IS NULL;
END;

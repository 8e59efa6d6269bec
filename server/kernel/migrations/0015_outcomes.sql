-- What a finished task came to, on what its children start, and who judges its work before that.

-- NULL counts as success: other programs write none.
ALTER TABLE tasks ADD COLUMN outcome TEXT CHECK (outcome IN ('success', 'failure'));
ALTER TABLE task_links ADD COLUMN start_on TEXT NOT NULL DEFAULT 'success'
    CHECK (start_on IN ('success', 'failure', 'always'));
-- What the worker of a run reported before its check.
ALTER TABLE runs ADD COLUMN reported_outcome TEXT;

-- Who has to approve its work: 'person' or a lane; NULL leaves that to the lane.
ALTER TABLE tasks ADD COLUMN review TEXT;
-- While its work waits for a verdict, or is in review: by whom, of which run, and who did it.
ALTER TABLE tasks ADD COLUMN reviewer TEXT;
ALTER TABLE tasks ADD COLUMN reviewed_run INTEGER;
ALTER TABLE tasks ADD COLUMN worked_by TEXT;
-- How many times in a row changes were asked for.
ALTER TABLE tasks ADD COLUMN rounds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN rework_limit INTEGER;
-- The reviewer of what the run does.
ALTER TABLE runs ADD COLUMN review TEXT;
-- 1 for a run that reviews the work of another.
ALTER TABLE runs ADD COLUMN is_review INTEGER NOT NULL DEFAULT 0;
CREATE INDEX idx_tasks_review ON tasks (reviewer, priority DESC, created_at)
    WHERE status = 'review';

-- Who claimed the task of the run by hand.
ALTER TABLE runs ADD COLUMN claimed_by TEXT;
-- The branches of these are looked at.
CREATE INDEX idx_tasks_sealed ON tasks (status_since)
    WHERE status = 'review' OR status = 'done' AND checked IN ('passed', 'approved');

-- The links that can no longer be met are found by these.
CREATE INDEX idx_tasks_failed ON tasks (id) WHERE outcome = 'failure';
CREATE INDEX idx_links_on_failure ON task_links (parent_id) WHERE start_on = 'failure';

DROP TRIGGER IF EXISTS foreign_status;
DROP TRIGGER IF EXISTS foreign_promotion;
DROP TRIGGER IF EXISTS foreign_unblocking;
DROP TRIGGER IF EXISTS foreign_assignment;

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
        not_before = NULL, block_reason = NULL,
        outcome = CASE WHEN NEW.status = 'archived' THEN outcome END,
        reviewer = CASE WHEN NEW.status = 'review' THEN reviewer END
    WHERE id = NEW.id;
    DELETE FROM idempotency_keys WHERE task_id = NEW.id AND NEW.status = 'archived';
END;

-- The pass over the board that hermes makes each time it lists, completes or dispatches promotes
-- whatever has no unfinished parent, and from 0.19 on what gave up as well. It says `promoted`, at its
-- seed `ready`, which no person's move does. What does not wait to be promoted goes back to where it
-- was, and so does what starts on another outcome than that of a parent.
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

-- Somebody has looked at it, or somebody else has it.
CREATE TRIGGER foreign_unblocking AFTER INSERT ON task_events WHEN NEW.kind = 'unblocked' BEGIN
    UPDATE tasks
    SET consecutive_failures = 0, last_failure_error = NULL, deferrals = 0, deferred_for = 0,
        rework = 0
    WHERE id = NEW.task_id;
END;
CREATE TRIGGER foreign_assignment AFTER UPDATE OF assignee ON tasks
WHEN NEW.assignee IS NOT OLD.assignee BEGIN
    UPDATE tasks
    SET consecutive_failures = 0, last_failure_error = NULL, deferrals = 0, deferred_for = 0,
        rework = 0, not_before = NULL
    WHERE id = NEW.id;
END;

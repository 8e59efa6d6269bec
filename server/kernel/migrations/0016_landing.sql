-- Landing: the work of finished tasks goes into the branches that it came from.

-- The landings that have not ended. They are of the machine that makes them, so no export has them.
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

-- Another program has moved the task away from its end: it does not land. Our own writer has no triggers.
CREATE TRIGGER landing_ends AFTER UPDATE OF status ON tasks WHEN NEW.status <> 'done' BEGIN
    DELETE FROM landings WHERE task_id = NEW.id;
END;

-- The branch that the work has landed on last, the commit by which that holds it, and the number of times
-- in a row that it was sent back.
ALTER TABLE branches ADD COLUMN landed_onto TEXT;
ALTER TABLE branches ADD COLUMN landed_commit TEXT;
ALTER TABLE branches ADD COLUMN sent_back INTEGER NOT NULL DEFAULT 0;
-- 1 for a run whose work lands by itself.
ALTER TABLE runs ADD COLUMN lands INTEGER NOT NULL DEFAULT 0;

-- The branches of these are looked at.
DROP INDEX idx_tasks_sealed;
CREATE INDEX idx_tasks_sealed ON tasks (status_since)
    WHERE status = 'review' OR status = 'done' AND checked IN ('passed', 'approved', 'landed');

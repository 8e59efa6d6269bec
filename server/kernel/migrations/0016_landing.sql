-- Landing: the work of finished tasks goes into the branches that it came from.

-- What is to land and has not. A row of the machine that does it, so no export has it.
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
    -- The commit that is about to become the target's, and its check as JSON.
    result         TEXT,
    check_end      TEXT
) STRICT;
CREATE INDEX idx_landings_asked ON landings (asked_at);

-- What another program has moved away from its end does not land.
CREATE TRIGGER landing_ends AFTER UPDATE OF status ON tasks WHEN NEW.status <> 'done' BEGIN
    DELETE FROM landings WHERE task_id = NEW.id;
END;

-- Where the work landed last, as which commit, and how many times in a row it was sent back.
ALTER TABLE branches ADD COLUMN landed_onto TEXT;
ALTER TABLE branches ADD COLUMN landed TEXT;
ALTER TABLE branches ADD COLUMN sent_back INTEGER NOT NULL DEFAULT 0;
-- 1 for a run whose work lands by itself.
ALTER TABLE runs ADD COLUMN lands INTEGER NOT NULL DEFAULT 0;

-- The branches of these are looked at.
DROP INDEX idx_tasks_sealed;
CREATE INDEX idx_tasks_sealed ON tasks (status_since)
    WHERE status = 'review' OR status = 'done' AND checked IN ('passed', 'approved', 'landed');

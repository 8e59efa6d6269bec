-- The branches of tasks, and the facts of git in receipts.

-- A row is there before git makes the branch, and stays when the worktree is removed.
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
) STRICT;
INSERT INTO branches (task_id, repository, name)
SELECT task_id, max(repository), max(branch) FROM workspaces
WHERE repository IS NOT NULL AND branch IS NOT NULL AND task_id IN (SELECT id FROM tasks)
GROUP BY task_id;

-- The commit after the check, where the check itself moved it.
ALTER TABLE receipts ADD COLUMN commit_after TEXT;
ALTER TABLE receipts ADD COLUMN base TEXT;
-- A JSON list of the files that differ from the base, and the number of those that it leaves out.
ALTER TABLE receipts ADD COLUMN files TEXT;
ALTER TABLE receipts ADD COLUMN more_files INTEGER NOT NULL DEFAULT 0;

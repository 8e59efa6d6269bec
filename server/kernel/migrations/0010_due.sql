-- The time by which a task is to be finished.
ALTER TABLE tasks ADD COLUMN due_at INTEGER;

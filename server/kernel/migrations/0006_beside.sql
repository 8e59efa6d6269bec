-- Other programs that write to the file know nothing of our columns, so the file keeps them for them:
-- in their own transaction, whatever they are. Our connections switch triggers off (`open::connect`),
-- because the verbs say more. No function here is younger than SQLite 3.0.

-- A task that was put on the board has its status since then, and owns its key.
CREATE TRIGGER foreign_task AFTER INSERT ON tasks BEGIN
    UPDATE tasks SET status_since = created_at WHERE id = NEW.id AND status_since = 0;
    INSERT OR IGNORE INTO idempotency_keys (key, task_id)
    SELECT CAST(NEW.idempotency_key AS TEXT), NEW.id
    WHERE NEW.idempotency_key <> '' AND NEW.status <> 'archived';
END;

-- What the status before has left on a row goes with it. A task in `todo` that has parents waits for
-- them; one without was put aside by a person.
CREATE TRIGGER foreign_status AFTER UPDATE OF status ON tasks WHEN NEW.status IS NOT OLD.status BEGIN
    UPDATE tasks
    SET status_since = CAST(strftime('%s', 'now') AS INTEGER),
        waiting = NEW.status = 'todo' AND EXISTS (SELECT 1 FROM task_links WHERE child_id = NEW.id),
        not_before = NULL, block_reason = NULL
    WHERE id = NEW.id;
    DELETE FROM idempotency_keys WHERE task_id = NEW.id AND NEW.status = 'archived';
END;

-- A task that gets a parent waits for it.
CREATE TRIGGER foreign_link AFTER INSERT ON task_links BEGIN
    UPDATE tasks SET waiting = 1 WHERE id = NEW.child_id AND status = 'todo';
END;

-- What was written before there were these.
UPDATE tasks SET status_since = created_at WHERE status_since = 0;
UPDATE tasks SET waiting = 1
WHERE status = 'todo' AND waiting = 0 AND EXISTS (
    SELECT 1 FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id
    WHERE link.child_id = tasks.id AND parent.status NOT IN ('done', 'archived')
);
INSERT OR IGNORE INTO idempotency_keys (key, task_id)
SELECT CAST(idempotency_key AS TEXT), id FROM tasks
WHERE idempotency_key <> '' AND status <> 'archived' ORDER BY created_at DESC, id DESC;

-- Most tasks have neither, and an entry for each of those is a page more in every commit.
DROP INDEX IF EXISTS idx_tasks_tenant;
CREATE INDEX idx_tasks_tenant ON tasks (tenant) WHERE tenant IS NOT NULL;
DROP INDEX IF EXISTS idx_tasks_idempotency;
CREATE INDEX idx_tasks_idempotency ON tasks (idempotency_key) WHERE idempotency_key IS NOT NULL;

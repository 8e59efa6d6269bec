//! A board as it is after a while, written past the program: of ten tasks six are done, one is archived,
//! one waits for one that is blocked, and one is ready for nobody; each has had ten events.
//!
//! In the middle of it is a chain in which each task waits for the one before it, and one task that waits
//! for all of the chain.

use crate::harness::Board;

/// Returns a board without a server, with so many tasks. The chain and the task at its end are tenths of
/// it.
pub(crate) async fn of(size: u32) -> anyhow::Result<Board> {
    let mut board = Board::shown().await?;
    board.stop().await?;
    let chain = size / 10;
    board.write_past_us(&format!(
        "WITH RECURSIVE task (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM task WHERE n + 1 < {size}) \
         INSERT INTO tasks (id, title, body, status, waiting, priority, created_by, created_at, status_since, tenant, assignee, block_reason) \
         SELECT printf('t_%08x', n * 2654435761 % 4294967296), 'Oil hinge ' || n || ' of the ' || iif(n % 97 = 0, 'north', 'south') || ' door', \
             'It squeaks, most of all in the morning, and it has to be quiet by the end of the week.', \
             CASE WHEN n < {chain} THEN 'todo' WHEN n % 10 = 1 THEN 'archived' WHEN n % 10 = 6 THEN 'blocked' WHEN n % 10 = 7 THEN 'todo' \
                 WHEN n % 10 = 8 THEN 'triage' WHEN n % 10 = 9 THEN 'ready' ELSE 'done' END, \
             n < {chain} OR n % 10 = 7, n % 5, 'ada', 1790000000 + n, 1790000000 + n, iif(n % 3 = 0, 'garden', NULL), \
             iif(n % 10 = 9, NULL, 'oiler-' || (n % 8)), iif(n % 10 = 6, 'Which oil?', NULL) FROM task; \
         INSERT INTO task_links (parent_id, child_id) SELECT parent.id, child.id FROM tasks AS child \
             JOIN tasks AS parent ON parent.rowid = child.rowid - 1 \
             WHERE child.status = 'todo' AND child.rowid > 1; \
         WITH RECURSIVE round (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM round WHERE n < 10) \
         INSERT INTO task_events (task_id, kind, payload, created_at) \
             SELECT id, iif(n = 1, 'created', 'edited'), '{{\"fields\":[\"title\"]}}', created_at + n FROM tasks, round; \
         INSERT INTO task_comments (task_id, author, body, created_at) \
             SELECT id, 'ada', 'Which oil?', created_at FROM tasks WHERE rowid % 4 = 0; \
         UPDATE search_progress SET task = 0, event = (SELECT max(id) FROM task_events); \
         INSERT INTO tasks (id, title, status, waiting, created_by, created_at, status_since) \
             VALUES ('t_fa0', 'Look at all hinges', 'todo', 1, 'ada', 1790000000, 1790000000); \
         INSERT INTO task_links (parent_id, child_id) SELECT id, 't_fa0' FROM tasks WHERE rowid <= {chain};"
    ))?;
    Ok(board)
}

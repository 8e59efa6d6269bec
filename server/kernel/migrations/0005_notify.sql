-- Telling people and programs what happens: who wants to know of more than one task, and what is
-- still to be said to whom.

-- A place where somebody is told, and how it is treated.
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

-- Subscriptions to single tasks are in `kanban_notify_subs`, the original's table.
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
CREATE UNIQUE INDEX idx_board_subscriptions ON board_subscriptions
    (platform, chat_id, thread_id, ifnull(tenant, ''), ifnull(assignee, ''), kinds);

-- The outbox. A row is written in the transaction of the event that it tells of.
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
CREATE INDEX idx_deliveries_pending ON deliveries (place_id, next_attempt_at)
WHERE state = 'pending';
CREATE INDEX idx_deliveries_dead ON deliveries (id) WHERE state = 'dead';
CREATE INDEX idx_deliveries_task_id ON deliveries (task_id, id);
CREATE INDEX idx_deliveries_receipt ON deliveries (receipt) WHERE receipt IS NOT NULL;

-- The messages that came in from chats lately.
CREATE TABLE chat_messages (
    platform    TEXT NOT NULL,
    message     TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (platform, message)
) STRICT, WITHOUT ROWID;

//! The subscriptions and the quiet hours.

use domain::id::{EventId, SubscriptionId, TaskId};
use domain::notify::quiet::QuietHours;
use domain::notify::{Address, BoardSubscription, Filter, Subscription};
use domain::time::Timestamp;
use rusqlite::Row;

use crate::error::Error;
use crate::{Kernel, row};

impl Kernel {
    /// The subscriptions of one task, or all of them, oldest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn subscriptions(&self, task: Option<TaskId>) -> Result<Vec<Subscription>, Error> {
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT task_id, platform, chat_id, thread_id, user_id, created_at, \
                         last_event_id \
                     FROM kanban_notify_subs WHERE ?1 IS NULL OR task_id = ?1 \
                     ORDER BY created_at, task_id, platform, chat_id, thread_id",
                )?;
                let rows = statement.query_map([task.as_ref().map(TaskId::as_str)], from_row)?;
                Ok(row::known(rows)?)
            })
            .await
    }

    /// The subscriptions to more than one task, oldest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn board_subscriptions(&self) -> Result<Vec<BoardSubscription>, Error> {
        self.readers
            .read(|conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT id, platform, chat_id, thread_id, user_id, tenant, assignee, kinds, \
                         created_at \
                     FROM board_subscriptions ORDER BY id",
                )?;
                let rows = statement.query_map((), board_subscription)?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Returns the addresses with quiet hours.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn quiet_hours(&self) -> Result<Vec<(Address, QuietHours)>, Error> {
        self.readers
            .read(|conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT platform, chat_id, thread_id, quiet_hours FROM places \
                     WHERE quiet_hours IS NOT NULL ORDER BY id",
                )?;
                let mut rows = statement.query(())?;
                let mut places = Vec::new();
                while let Some(row) = rows.next()? {
                    let to = Address {
                        platform: row.get(0)?,
                        chat_id: row.get(1)?,
                        thread_id: row.get(2)?,
                        user_id: None,
                    };
                    if let Ok(hours) = row.get::<_, String>(3)?.parse() {
                        places.push((to, hours));
                    }
                }
                Ok(places)
            })
            .await
    }
}

fn board_subscription(row: &Row<'_>) -> rusqlite::Result<BoardSubscription> {
    let kinds: String = row.get(7)?;
    let kinds = kinds.split(',').filter(|kind| !kind.is_empty());
    Ok(BoardSubscription {
        id: SubscriptionId(row.get(0)?),
        to: Address {
            platform: row.get(1)?,
            chat_id: row.get(2)?,
            thread_id: row.get(3)?,
            user_id: row.get(4)?,
        },
        filter: Filter {
            tenant: row.get(5)?,
            assignee: row.get(6)?,
            kinds: kinds.map(str::to_owned).collect(),
        },
        created_at: Timestamp(row.get(8)?),
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    Ok(Subscription {
        task_id: row::task_id(row, 0)?,
        to: Address {
            platform: row::text(row, 1)?.unwrap_or_default(),
            chat_id: row::text(row, 2)?.unwrap_or_default(),
            thread_id: row::text(row, 3)?.unwrap_or_default(),
            user_id: row::text(row, 4)?,
        },
        created_at: row::moment(row, 5)?.unwrap_or_default(),
        last_event_id: EventId(row::number(row, 6)?.unwrap_or_default()),
    })
}

//! The subscriptions and the quiet hours.

use domain::id::TaskId;
use domain::notify::quiet::QuietHours;
use domain::notify::{Address, BoardSubscription, Filter, Subscription};

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, PLACE, columns};

columns! {
    Address { platform, chat_id, thread_id, user_id }
}

columns! {
    Subscription { task_id, to: &Address::columns(), created_at, last_event_id }
}

columns! {
    BoardSubscription { id, to: &Address::columns(), filter: &Filter::columns(), created_at }
}

columns! {
    Filter {
        tenant, assignee,
        kinds => |kinds: String| {
            kinds.split(',').filter(|kind| !kind.is_empty()).map(str::to_owned).collect()
        },
    }
}

impl Kernel {
    /// The subscriptions of one task, or all of them, oldest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn subscriptions(&self, task: Option<TaskId>) -> Result<Vec<Subscription>, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {} FROM kanban_notify_subs WHERE ?1 IS NULL OR task_id = ?1 \
                     ORDER BY created_at, task_id, platform, chat_id, thread_id",
                    Subscription::columns()
                );
                row::all(conn, &sql, [task.as_ref().map(TaskId::as_str)])
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
                let columns = BoardSubscription::columns();
                let sql = format!("SELECT {columns} FROM board_subscriptions ORDER BY id");
                row::all(conn, &sql, ())
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
                let sql = format!(
                    "SELECT {PLACE}, quiet_hours FROM places \
                     WHERE quiet_hours IS NOT NULL ORDER BY id"
                );
                let places: Vec<(Address, String)> = row::all(conn, &sql, ())?;
                let quiet = places.into_iter();
                Ok(quiet
                    .filter_map(|(to, hours)| Some((to, hours.parse().ok()?)))
                    .collect())
            })
            .await
    }
}

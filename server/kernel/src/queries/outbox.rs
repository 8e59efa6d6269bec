//! The outbox: the deliveries, and the addresses that can be sent something now.

use std::collections::BTreeMap;

use domain::id::{DeliveryId, TaskId};
use domain::notify::Address;
use domain::notify::delivery::{Delivery, DeliveryState};
use domain::notify::notice::Notice;
use domain::notify::pace::Pace;
use domain::notify::quiet::QuietHours;
use domain::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::Connection;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Cells, Columns, PLACE, Read, columns};
use crate::verbs::home::awaits_word;

/// The maximum number of dead letters that are read. More of them are one problem, not many.
const DEAD_LETTERS: u32 = 1_000;

/// The addresses that can be sent something now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// The addresses that are due.
    pub due: Vec<Due>,
    /// The time at which the next one is due, if something waits.
    pub next: Option<Timestamp>,
    /// True while nothing is due because the board may be a copy of one that tells the same.
    pub may_be_copy: bool,
}

/// An address for which a delivery waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its row id.
    pub place: i64,
    /// The address.
    pub to: Address,
    /// The messages that it was sent in the current minute.
    pub pace: Pace,
}

columns! {
    Due { place: "id", to: PLACE, pace: &Pace::columns() }
}

columns! {
    Pace { since: "minute_since", messages: "minute_messages" }
}

// The table holds no other state.
columns! {
    Delivery {
        id: "deliveries.id", key, to: PLACE, notice,
        state => |state: Option<_>| state.unwrap_or(DeliveryState::Pending),
        attempts, next_attempt_at, error, created_at, settled_at,
    }
}

/// A delivery with a notice that cannot be read is an error: nobody else would notice it.
impl Read for Notice {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        row::parsed(cells, |json| serde_json::from_str(&json))
    }
}

/// The filter of a query for deliveries.
#[derive(Clone, Debug, Default)]
pub struct DeliveryQuery {
    /// Deliveries about this task only.
    pub task: Option<TaskId>,
    /// Deliveries in this state only.
    pub state: Option<DeliveryState>,
    /// The maximum number of deliveries, newest first.
    pub limit: u32,
}

/// The numbers of deliveries that are pending and that were given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// The number of pending deliveries.
    pub pending: u32,
    /// The number of those that have failed before.
    pub failing: u32,
    /// The number of deliveries that were given up.
    pub dead: u32,
    /// The last of those.
    pub last_dead: Option<Delivery>,
}

columns! {
    DeliveryCounts {
        pending: "(SELECT count(*) FROM deliveries WHERE state = 'pending')",
        failing: "(SELECT count(*) FROM deliveries WHERE state = 'pending' AND attempts > 0)",
        dead: "(SELECT count(*) FROM deliveries WHERE state = 'dead')";
        last_dead: None
    }
}

impl Kernel {
    /// Returns the numbers of deliveries that are pending and that were given up.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn delivery_counts(&self) -> Result<DeliveryCounts, Error> {
        self.readers
            .read(|conn| {
                let last = DeliveryQuery {
                    task: None,
                    state: Some(DeliveryState::Dead),
                    limit: 1,
                };
                let sql = format!("SELECT {}", DeliveryCounts::columns());
                Ok(DeliveryCounts {
                    last_dead: deliveries(conn, &last)?.pop(),
                    ..row::one(conn, &sql, ())?
                })
            })
            .await
    }

    /// Returns the addresses that can be sent something now, and the time at which to ask again.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn outbox(&self) -> Result<Outbox, Error> {
        let now = self.now();
        self.readers.read(move |conn| outbox(conn, now)).await
    }

    /// Returns the oldest `limit` deliveries of an address that are due.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn due_deliveries(&self, place: i64, limit: u32) -> Result<Vec<Delivery>, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let sql = delivery_sql(
                    "WHERE place_id = ?1 AND state = 'pending' AND next_attempt_at <= ?2 \
                     ORDER BY deliveries.id LIMIT ?3",
                );
                row::all(conn, &sql, (place, now.0, limit))
            })
            .await
    }

    /// Returns the deliveries in the message that the address knows by this id.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn told_by(&self, to: Address, receipt: String) -> Result<Vec<Delivery>, Error> {
        self.readers
            .read(move |conn| {
                let sql = delivery_sql(
                    "WHERE receipt = ?1 AND platform = ?2 AND chat_id = ?3 ORDER BY deliveries.id",
                );
                row::all(conn, &sql, (receipt, to.platform, to.chat_id))
            })
            .await
    }

    /// Returns the deliveries that were given up, and the task of each: the newest thousand.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn undelivered(&self) -> Result<BTreeMap<DeliveryId, TaskId>, Error> {
        self.readers
            .read(|conn| {
                let sql = "SELECT id, task_id FROM deliveries WHERE state = 'dead' \
                           ORDER BY id DESC LIMIT ?1";
                Ok(row::all(conn, sql, [DEAD_LETTERS])?.into_iter().collect())
            })
            .await
    }

    /// Returns deliveries, newest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>, Error> {
        self.readers
            .read(move |conn| deliveries(conn, &query))
            .await
    }
}

fn deliveries(conn: &Connection, query: &DeliveryQuery) -> Result<Vec<Delivery>, Error> {
    let sql = delivery_sql(
        "WHERE (?1 IS NULL OR task_id = ?1) AND (?2 IS NULL OR state = ?2) \
         ORDER BY deliveries.id DESC LIMIT ?3",
    );
    let task = query.task.as_ref().map(TaskId::as_str);
    let state = query.state.map(DeliveryState::as_str);
    row::all(conn, &sql, (task, state, query.limit))
}

fn outbox(conn: &Connection, now: Timestamp) -> Result<Outbox, Error> {
    let mut outbox = Outbox {
        may_be_copy: awaits_word(conn)?,
        ..Outbox::default()
    };
    if outbox.may_be_copy {
        return Ok(outbox);
    }
    let sql = format!(
        "SELECT {}, quiet_hours, max(not_before, first) FROM ( \
             SELECT *, ( \
                 SELECT min(next_attempt_at) FROM deliveries \
                 WHERE place_id = places.id AND state = 'pending' \
             ) AS first FROM places \
         ) WHERE first IS NOT NULL",
        Due::columns()
    );
    for (due, quiet, first) in row::all::<(Due, Option<String>, Timestamp)>(conn, &sql, ())? {
        let earliest = first.max(now);
        // A text that is no span of hours means no quiet hours.
        let at = match quiet.and_then(|text| text.parse().ok()) {
            Some(hours) => end_of_quiet(&hours, earliest).unwrap_or(earliest),
            None => earliest,
        };
        if at <= now {
            outbox.due.push(due);
        } else {
            outbox.next = Some(outbox.next.map_or(at, |next| next.min(at)));
        }
    }
    Ok(outbox)
}

/// Returns the end of the quiet hours that contain this moment; `None` if there are none. Beginning
/// and end are moments: in the night in which an hour comes twice, quiet hours that have ended do
/// not begin again.
fn end_of_quiet(hours: &QuietHours, at: Timestamp) -> Option<Timestamp> {
    let zone = match hours.zone() {
        Some(name) => TimeZone::get(name).ok()?,
        None => TimeZone::system(),
    };
    let now = jiff::Timestamp::from_second(at.0).ok()?;
    let moment = |day: Date, minute: u16| {
        let (hour, minute) = (minute / 60, minute % 60);
        let time = day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
        Some(time.to_zoned(zone.clone()).ok()?.timestamp())
    };
    let today = now.to_zoned(zone.clone()).date();
    let begun_on = [today.yesterday().ok()?, today];
    let ends = begun_on.into_iter().filter_map(|day| {
        let last_day = if hours.last_past_midnight() {
            day.tomorrow().ok()?
        } else {
            day
        };
        let (begin, end) = (moment(day, hours.from())?, moment(last_day, hours.until())?);
        (begin <= now && now < end).then_some(end)
    });
    let end = ends.max()?;
    Some(Timestamp(end.as_second()))
}

/// Builds the query for the deliveries that this names.
pub(super) fn delivery_sql(which: &str) -> String {
    let columns = Delivery::columns();
    format!("SELECT {columns} FROM deliveries JOIN places ON places.id = place_id {which}")
}

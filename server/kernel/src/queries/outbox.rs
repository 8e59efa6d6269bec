//! The outbox: the deliveries, and the addresses that can be sent something now.

use std::collections::BTreeMap;

use domain::id::{DeliveryId, TaskId};
use domain::notify::Address;
use domain::notify::delivery::{Delivery, DeliveryState};
use domain::notify::pace::Pace;
use domain::notify::quiet::QuietHours;
use domain::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use crate::error::Error;
use crate::{Kernel, row};

/// The maximum number of dead letters that are read. More of them are one problem, not many.
const DEAD_LETTERS: u32 = 1_000;

/// The addresses that can be sent something now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// The addresses that are due.
    pub due: Vec<Due>,
    /// The time at which the next one is due, if something waits.
    pub next: Option<Timestamp>,
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
                let mut statement = conn.prepare_cached(
                    "SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending'), \
                         (SELECT count(*) FROM deliveries \
                          WHERE state = 'pending' AND attempts > 0), \
                         (SELECT count(*) FROM deliveries WHERE state = 'dead')",
                )?;
                let counts = statement.query_one((), |row| {
                    Ok(DeliveryCounts {
                        pending: row::count(row, 0)?,
                        failing: row::count(row, 1)?,
                        dead: row::count(row, 2)?,
                        last_dead: None,
                    })
                })?;
                Ok(DeliveryCounts {
                    last_dead: deliveries(conn, &last)?.pop(),
                    ..counts
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
                let mut statement = conn.prepare_cached(&format!(
                    "{DELIVERIES} WHERE place_id = ?1 AND state = 'pending' \
                       AND next_attempt_at <= ?2 \
                     ORDER BY deliveries.id LIMIT ?3"
                ))?;
                let due = statement.query_map((place, now.0, limit), delivery)?;
                Ok(due.collect::<Result<_, _>>()?)
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
                let mut statement = conn.prepare_cached(&format!(
                    "{DELIVERIES} WHERE receipt = ?1 AND platform = ?2 AND chat_id = ?3 \
                     ORDER BY deliveries.id"
                ))?;
                let told = statement.query_map((receipt, to.platform, to.chat_id), delivery)?;
                Ok(told.collect::<Result<_, _>>()?)
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
                let mut statement = conn.prepare_cached(
                    "SELECT id, task_id FROM deliveries WHERE state = 'dead' \
                     ORDER BY id DESC LIMIT ?1",
                )?;
                let dead = statement.query_map([DEAD_LETTERS], |row| {
                    Ok((DeliveryId(row.get(0)?), row::task_id(row, 1)?))
                })?;
                Ok(dead.collect::<Result<_, _>>()?)
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
    let mut statement = conn.prepare_cached(&format!(
        "{DELIVERIES} WHERE (?1 IS NULL OR task_id = ?1) AND (?2 IS NULL OR state = ?2) \
         ORDER BY deliveries.id DESC LIMIT ?3"
    ))?;
    let task = query.task.as_ref().map(TaskId::as_str);
    let state = query.state.map(DeliveryState::as_str);
    let found = statement.query_map((task, state, query.limit), delivery)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn outbox(conn: &Connection, now: Timestamp) -> Result<Outbox, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT id, platform, chat_id, thread_id, minute_since, minute_messages, quiet_hours, \
             max(not_before, first) \
         FROM ( \
             SELECT *, ( \
                 SELECT min(next_attempt_at) FROM deliveries \
                 WHERE place_id = places.id AND state = 'pending' \
             ) AS first FROM places \
         ) WHERE first IS NOT NULL",
    )?;
    let mut rows = statement.query(())?;
    let mut outbox = Outbox::default();
    while let Some(row) = rows.next()? {
        let quiet: Option<String> = row.get(6)?;
        let earliest = Timestamp(row.get(7)?).max(now);
        // A text that is no span of hours means no quiet hours.
        let at = match quiet.and_then(|text| text.parse().ok()) {
            Some(hours) => end_of_quiet(&hours, earliest).unwrap_or(earliest),
            None => earliest,
        };
        if at <= now {
            outbox.due.push(due(row)?);
        } else {
            outbox.next = Some(outbox.next.map_or(at, |next| next.min(at)));
        }
    }
    Ok(outbox)
}

fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        place: row.get(0)?,
        to: Address {
            platform: row.get(1)?,
            chat_id: row.get(2)?,
            thread_id: row.get(3)?,
            user_id: None,
        },
        pace: Pace {
            since: Timestamp(row.get(4)?),
            messages: row::count(row, 5)?,
        },
    })
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

/// The columns that [`delivery`] reads.
pub(super) const DELIVERIES: &str = "SELECT deliveries.id, key, platform, chat_id, thread_id, notice, state, \
         attempts, next_attempt_at, error, created_at, settled_at \
     FROM deliveries JOIN places ON places.id = place_id";

/// The number of columns in [`DELIVERIES`].
pub(super) const DELIVERY_COLUMNS: usize = 12;

pub(super) fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let notice: String = row.get(5)?;
    let state: String = row.get(6)?;
    Ok(Delivery {
        id: DeliveryId(row.get(0)?),
        key: row.get(1)?,
        to: Address {
            platform: row.get(2)?,
            chat_id: row.get(3)?,
            thread_id: row.get(4)?,
            user_id: None,
        },
        notice: serde_json::from_str(&notice).map_err(|cause| {
            rusqlite::Error::FromSqlConversionFailure(5, Type::Text, Box::new(cause))
        })?,
        // The table holds no other.
        state: DeliveryState::from_name(&state).unwrap_or(DeliveryState::Pending),
        attempts: row::count(row, 7)?,
        next_attempt_at: Timestamp(row.get(8)?),
        error: row.get(9)?,
        created_at: Timestamp(row.get(10)?),
        settled_at: row::moment(row, 11)?,
    })
}

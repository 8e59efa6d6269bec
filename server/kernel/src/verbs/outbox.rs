//! The outbox: deliveries are written in the transaction of the event that they tell of, and so are
//! their outcomes.

use domain::actor::Actor;
use domain::backoff::{DELIVERY_ATTEMPTS, PLACE_REST, redelivery};
use domain::command::{
    Change, DropDelivery, RecordDelivered, RecordUndelivered, RetryDelivery, TakeMessage,
};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{DeliveryId, EventId, TaskId};
use domain::news::TOLD;
use domain::notify::Address;
use domain::notify::delivery::Retry;
use domain::notify::notice::{self, Notice};
use domain::notify::pace::Pace;
use domain::time::{Seconds, Timestamp};
use rand::RngExt;
use rusqlite::Connection;

use super::{CarryOut, Work};
use crate::error::Error;
use crate::row::{self, Columns, PLACE, columns};

/// Writes the deliveries of an event. Costs one look-up if nobody is subscribed.
pub(super) fn post(
    work: &mut Work<'_>,
    task: &TaskId,
    event: EventId,
    body: &EventBody,
) -> Result<(), Error> {
    let receivers = receivers(work.conn, task, notice::kind(body))?;
    if receivers.is_empty() {
        return Ok(());
    }
    let notice = Notice::new(event, work.now, work.task(task)?, body);
    let notice = serde_json::to_string(&notice).map_err(|_| Error::Internal)?;
    for to in receivers {
        let place = place(work.conn, &to)?;
        let key = format!("msg_{:032x}", work.rng.random::<u128>());
        work.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO deliveries \
                     (key, place_id, task_id, event_id, notice, next_attempt_at, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            )?
            .execute((key, place, task.as_str(), event.0, &notice, work.now.0))?;
    }
    Ok(())
}

fn receivers(conn: &Connection, task: &TaskId, kind: &str) -> Result<Vec<Address>, Error> {
    let sql = format!(
        "SELECT {PLACE} FROM kanban_notify_subs WHERE task_id = ?1 AND ?3 \
         UNION ALL \
         SELECT {PLACE} FROM board_subscriptions AS subscription CROSS JOIN tasks AS task \
         WHERE instr(kinds, ?2) AND task.id = ?1 \
           AND (subscription.tenant IS NULL OR subscription.tenant = task.tenant) \
           AND (subscription.assignee IS NULL OR subscription.assignee = task.assignee)",
    );
    let told = (task.as_str(), format!(",{kind},"), TOLD.contains(&kind));
    row::all(conn, &sql, told)
}

/// Returns the row id of an address, which is inserted when it is first needed.
pub(super) fn place(conn: &Connection, to: &Address) -> Result<i64, Error> {
    let address = (&to.platform, &to.chat_id, &to.thread_id);
    conn.prepare_cached(
        "INSERT OR IGNORE INTO places (platform, chat_id, thread_id) VALUES (?1, ?2, ?3)",
    )?
    .execute(address)?;
    let sql = "SELECT id FROM places WHERE platform = ?1 AND chat_id = ?2 AND thread_id = ?3";
    row::one(conn, sql, address)
}

impl CarryOut for RecordDelivered {
    /// Records that these were delivered, in one message.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let mut places = Vec::new();
        for id in &self.deliveries {
            let Some(pending) = pending(work.conn, *id)? else {
                continue;
            };
            work.conn
                .prepare_cached(
                    "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, \
                         error = NULL, receipt = ?2, settled_at = ?3 \
                     WHERE id = ?1",
                )?
                .execute((id.0, &self.receipt, work.now.0))?;
            tell_subscription(work.conn, *id)?;
            places.push(pending.place);
        }
        let Some(place) = places.first() else {
            return Ok(Change::Unchanged);
        };
        if self.is_chat {
            keep_pace(work, *place, places.len())?;
        }
        Ok(Change::Done)
    }
}

/// Moves the cursor of the subscription of a delivery, and ends it when the task is over and no
/// delivery is left.
fn tell_subscription(conn: &Connection, id: DeliveryId) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE kanban_notify_subs SET last_event_id = max(last_event_id, told.event_id) \
         FROM deliveries AS told JOIN places ON places.id = told.place_id \
         WHERE told.id = ?1 AND kanban_notify_subs.task_id = told.task_id \
           AND kanban_notify_subs.platform = places.platform \
           AND kanban_notify_subs.chat_id = places.chat_id \
           AND kanban_notify_subs.thread_id = places.thread_id",
    )?
    .execute([id.0])?;
    conn.prepare_cached(
        "DELETE FROM kanban_notify_subs WHERE (task_id, platform, chat_id, thread_id) IN ( \
             SELECT told.task_id, platform, chat_id, thread_id \
             FROM deliveries AS told \
             JOIN places ON places.id = told.place_id \
             JOIN tasks ON tasks.id = told.task_id \
             WHERE told.id = ?1 AND tasks.status IN ('done', 'archived') AND NOT EXISTS ( \
                 SELECT 1 FROM deliveries AS other \
                 WHERE other.task_id = told.task_id AND other.place_id = told.place_id \
                   AND other.state <> 'delivered'))",
    )?
    .execute([id.0])?;
    Ok(())
}

fn keep_pace(work: &Work<'_>, place: i64, told: usize) -> Result<(), Error> {
    let sql = format!("SELECT {} FROM places WHERE id = ?1", Pace::columns());
    let before: Pace = row::one(work.conn, &sql, [place])?;
    let pace = before.after(work.now, told);
    work.conn
        .prepare_cached(
            "UPDATE places SET minute_since = ?2, minute_messages = ?3, \
                 not_before = max(not_before, ?4) \
             WHERE id = ?1",
        )?
        .execute((
            place,
            pace.since.0,
            pace.messages,
            pace.rest().unwrap_or_default().0,
        ))?;
    Ok(())
}

impl CarryOut for RecordUndelivered {
    /// Records that these could not be delivered: they back off, and so does their address, or they are
    /// given up.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self {
            deliveries,
            error,
            retry,
        } = self;
        let mut answer = Change::Unchanged;
        for id in deliveries {
            let Some(pending) = pending(work.conn, *id)? else {
                continue;
            };
            answer = Change::Done;
            let attempts = pending.attempts + 1;
            match *retry {
                Retry::Later { after } if attempts < DELIVERY_ATTEMPTS => {
                    let asked = after.unwrap_or_default();
                    let rest = redelivery(attempts, work.rng.random()).max(asked);
                    let place_rest = rest.min(PLACE_REST).max(asked);
                    put_off(work, *id, &pending, rest, place_rest, error)?;
                }
                Retry::Later { .. } | Retry::Never => give_up(work, *id, error)?,
            }
        }
        Ok(answer)
    }
}

fn put_off(
    work: &Work<'_>,
    id: DeliveryId,
    pending: &Pending,
    rest: Seconds,
    place_rest: Seconds,
    error: &str,
) -> Result<(), Error> {
    work.conn
        .prepare_cached(
            "UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = ?2, error = ?3 \
             WHERE id = ?1",
        )?
        .execute((id.0, (work.now + rest).0, error))?;
    work.conn
        .prepare_cached("UPDATE places SET not_before = max(not_before, ?2) WHERE id = ?1")?
        .execute((pending.place, (work.now + place_rest).0))?;
    Ok(())
}

fn give_up(work: &Work<'_>, id: DeliveryId, error: &str) -> Result<(), Error> {
    work.conn
        .prepare_cached(
            "UPDATE deliveries SET state = 'dead', attempts = attempts + 1, error = ?2, \
                 settled_at = ?3 \
             WHERE id = ?1",
        )?
        .execute((id.0, error, work.now.0))?;
    Ok(())
}

impl CarryOut for RetryDelivery {
    /// Retries at once all deliveries that were given up for the address of this one.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let place = place_of_dead(work, self.delivery)?;
        work.conn
            .prepare_cached(
                "UPDATE deliveries SET state = 'pending', attempts = 0, next_attempt_at = ?2, \
                     settled_at = NULL \
                 WHERE place_id = ?1 AND state = 'dead'",
            )?
            .execute((place, work.now.0))?;
        work.conn
            .prepare_cached("UPDATE places SET not_before = min(not_before, ?2) WHERE id = ?1")?
            .execute((place, work.now.0))?;
        Ok(Change::Done)
    }
}

impl CarryOut for DropDelivery {
    /// Deletes all deliveries that were given up for the address of this one.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let place = place_of_dead(work, self.delivery)?;
        work.conn
            .prepare_cached("DELETE FROM deliveries WHERE place_id = ?1 AND state = 'dead'")?
            .execute([place])?;
        Ok(Change::Done)
    }
}

/// Returns the address of a delivery that was given up. An address that fails fails for all of its
/// deliveries.
fn place_of_dead(work: &Work<'_>, id: DeliveryId) -> Result<i64, Error> {
    let sql = "SELECT place_id FROM deliveries WHERE id = ?1 AND state = 'dead'";
    let place = row::find(work.conn, sql, [id.0])?;
    Ok(place.ok_or(Refusal::UnknownDelivery(id))?)
}

/// The retention time of incoming messages: no platform sends one again after a day.
const REMEMBERED: Seconds = Seconds(7 * 86_400);

impl CarryOut for TakeMessage {
    /// Records an incoming message; answers [`Change::Unchanged`] if it is known already.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let inserted = work
            .conn
            .prepare_cached(
                "INSERT OR IGNORE INTO chat_messages (platform, message, received_at) \
                 VALUES (?1, ?2, ?3)",
            )?
            .execute((&self.platform, &self.message, work.now.0))?;
        Ok(match inserted {
            0 => Change::Unchanged,
            _ => Change::Done,
        })
    }
}

/// Deletes deliveries that were made before this, and incoming messages past their retention time.
pub(super) fn forget(work: &Work<'_>, before: Timestamp) -> Result<(), Error> {
    work.conn
        .prepare_cached("DELETE FROM chat_messages WHERE received_at < ?1")?
        .execute([(work.now - REMEMBERED).0])?;
    work.conn
        .prepare_cached("DELETE FROM deliveries WHERE state = 'delivered' AND settled_at < ?1")?
        .execute([before.0])?;
    Ok(())
}

/// The row of a delivery that has not been settled.
struct Pending {
    place: i64,
    attempts: u32,
}

columns! {
    Pending { place: "place_id", attempts }
}

fn pending(conn: &Connection, id: DeliveryId) -> Result<Option<Pending>, Error> {
    let columns = Pending::columns();
    let sql = format!("SELECT {columns} FROM deliveries WHERE id = ?1 AND state = 'pending'");
    row::find(conn, &sql, [id.0])
}

//! Subscribing to one task, or to many.

use domain::actor::Actor;
use domain::command::{
    Change, SetQuietHours, Subscribe, SubscribeBoard, Unsubscribe, UnsubscribeBoard,
};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::notify::Address;
use jiff::tz::TimeZone;

use super::undo::Inverse;
use super::{CarryOut, Work, outbox};
use crate::error::Error;
use crate::events;
use crate::row::{self, Columns as _};

impl CarryOut for Subscribe {
    /// Subscribes from the newest event on: earlier events are not sent.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let (task, to) = (&self.task, checked(&self.to)?);
        work.task(task)?;
        let newest = events::newest(work.conn)?;
        let inserted = work
            .conn
            .prepare_cached(
                "INSERT OR IGNORE INTO kanban_notify_subs \
                     (task_id, platform, chat_id, thread_id, user_id, created_at, last_event_id) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((
                task.as_str(),
                &to.platform,
                &to.chat_id,
                &to.thread_id,
                &to.user_id,
                work.now.0,
                newest.0,
            ))?;
        Ok(done_if(inserted))
    }
}

impl CarryOut for Unsubscribe {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { task, to } = self;
        let deleted = work
            .conn
            .prepare_cached(
                "DELETE FROM kanban_notify_subs \
                 WHERE task_id = ?1 AND platform = ?2 AND chat_id = ?3 AND thread_id = ?4",
            )?
            .execute((
                task.as_str(),
                to.platform.trim(),
                to.chat_id.trim(),
                &to.thread_id,
            ))?;
        Ok(done_if(deleted))
    }
}

impl CarryOut for SubscribeBoard {
    /// Subscribes to the tasks and news that the filter lets through, from now on.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let filter = &self.filter;
        let to = checked(&self.to)?;
        let kinds = format!(",{},", filter.kinds()?.join(","));
        let inserted = work
            .conn
            .prepare_cached(
                "INSERT OR IGNORE INTO board_subscriptions \
                     (platform, chat_id, thread_id, user_id, tenant, assignee, kinds, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                &to.platform,
                &to.chat_id,
                &to.thread_id,
                &to.user_id,
                &filter.tenant,
                &filter.assignee,
                kinds,
                work.now.0,
            ))?;
        Ok(done_if(inserted))
    }
}

impl CarryOut for UnsubscribeBoard {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let subscription = self.subscription;
        let deleted = work
            .conn
            .prepare_cached("DELETE FROM board_subscriptions WHERE id = ?1")?
            .execute([subscription.0])?;
        match deleted {
            0 => Err(Refusal::UnknownSubscription(subscription).into()),
            _ => Ok(Change::Done),
        }
    }
}

impl CarryOut for SetQuietHours {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let (to, hours) = (checked(&self.to)?, self.hours.as_ref());
        if let Some(hours) = hours
            && hours
                .zone()
                .is_some_and(|zone| TimeZone::get(zone).is_err())
        {
            return Err(Refusal::BadQuietHours(hours.to_string()).into());
        }
        let place = outbox::place(work.conn, &to)?;
        let changed = work
            .conn
            .prepare_cached(
                "UPDATE places SET quiet_hours = ?2 WHERE id = ?1 AND quiet_hours IS NOT ?2",
            )?
            .execute((place, hours.map(ToString::to_string)))?;
        Ok(done_if(changed))
    }
}

/// Ends the subscriptions to an archived task that have no delivery left.
pub(super) fn end_all_of(work: &mut Work<'_>, task: &TaskId) -> Result<(), Error> {
    let sql = format!(
        "DELETE FROM kanban_notify_subs AS subscription \
         WHERE task_id = ?1 AND NOT EXISTS ( \
             SELECT 1 FROM deliveries JOIN places ON places.id = place_id \
             WHERE deliveries.task_id = subscription.task_id AND state <> 'delivered' \
               AND places.platform = subscription.platform \
               AND places.chat_id = subscription.chat_id \
               AND places.thread_id = subscription.thread_id) \
         RETURNING {}",
        Address::columns()
    );
    for to in row::all::<Address>(work.conn, &sql, [task.as_str()])? {
        work.note(task, || Inverse::Subscribed(to));
    }
    Ok(())
}

/// Returns the address without blanks around it, or refuses one without a platform or a chat.
fn checked(to: &Address) -> Result<Address, Error> {
    let (platform, chat_id) = (to.platform.trim(), to.chat_id.trim());
    if platform.is_empty() || chat_id.is_empty() {
        return Err(Refusal::BlankAddress.into());
    }
    Ok(Address {
        platform: platform.to_owned(),
        chat_id: chat_id.to_owned(),
        ..to.clone()
    })
}

fn done_if(changed: usize) -> Change {
    match changed {
        0 => Change::Unchanged,
        _ => Change::Done,
    }
}

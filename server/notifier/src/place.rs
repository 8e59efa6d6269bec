//! Telling one place what waits for it, in order, and recording what became of it.

use std::sync::Arc;

use domain::command::{RecordDelivered, RecordUndelivered, Verb};
use domain::id::DeliveryId;
use domain::notify::delivery::{Delivery, Retry};
use kernel::Due;

use super::channel::{Channel, Failure};
use super::message::Message;
use super::{Work, notifier};

/// The number of deliveries read at once: more than fit into one message, and little to hold in
/// memory.
const AT_ONCE: u32 = 200;

/// Sends a place the deliveries that are due. It stops early when the place fails or has had
/// enough; the rest is left to the next look.
pub(super) async fn tell(work: Work, due: Due) {
    if let Err(error) = tell_all(&work, due).await {
        tracing::error!(%error, "what is to be told cannot be read");
        work.rest().await;
    }
}

async fn tell_all(work: &Work, due: Due) -> Result<(), kernel::Error> {
    let waiting = work.kernel.due_deliveries(due.place, AT_ONCE).await?;
    let channels = work.setup.borrow().channels.clone();
    if channels.is_left_out(&due.to) {
        let error = "kanban.toml makes no sense where its channel is set up; see `kanban doctor`";
        record_failure(work, &waiting, Failure::for_now(error)).await;
        return Ok(());
    }
    let Some(channel) = channels.of(&due.to.platform) else {
        let error = format!("kanban.toml sets up no channel {}", due.to.platform);
        record_failure(work, &waiting, Failure::for_good(error)).await;
        return Ok(());
    };
    if channel.is_chat() {
        let folded = due.pace.fold(work.kernel.now(), waiting.len());
        let told = waiting.get(..folded).unwrap_or_default();
        send(work, channel, told).await;
        return Ok(());
    }
    for one in waiting.chunks(1) {
        let is_in_trouble = !send(work, channel, one).await;
        if is_in_trouble || work.is_stopping() {
            break;
        }
    }
    Ok(())
}

/// Sends one message; returns true when the next may follow.
async fn send(work: &Work, channel: &Arc<dyn Channel>, told: &[Delivery]) -> bool {
    let url = work.url().await;
    let (Some(message), Some(first)) = (Message::of(told, url.as_deref()), told.first()) else {
        return false;
    };
    match channel.deliver(&first.to, &message).await {
        Ok(receipt) => {
            let command = RecordDelivered {
                deliveries: ids(told),
                receipt,
                is_chat: channel.is_chat(),
            };
            record(work, command).await;
            true
        }
        Err(failure) => {
            let goes_on = failure.retry == Retry::Never;
            record_failure(work, told, failure).await;
            goes_on
        }
    }
}

async fn record_failure(work: &Work, told: &[Delivery], failure: Failure) {
    let Failure { error, retry } = failure;
    if let Some(first) = told.first() {
        let platform = &first.to.platform;
        tracing::warn!(
            error,
            platform,
            count = told.len(),
            "news could not be delivered"
        );
    }
    let command = RecordUndelivered {
        deliveries: ids(told),
        error,
        retry,
    };
    record(work, command).await;
}

/// Records what became of a delivery. A board that cannot be written, on a full disk for example, is
/// waited for: to deliver again what cannot be recorded would never end.
async fn record(work: &Work, verb: impl Verb + Clone) {
    while let Err(error) = work.kernel.execute(&notifier(), verb.clone()).await {
        tracing::error!(%error, "a delivery could not be recorded");
        if work.is_stopping() {
            return;
        }
        work.rest().await;
    }
}

fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

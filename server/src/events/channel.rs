//! Something that is watched by many and made by one job, which works only while somebody watches.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The place where the job leaves what it made.
#[derive(Debug)]
pub(super) struct Channel<T> {
    publish: watch::Sender<T>,
    /// Held only to look and to say whether there is a job, never across an await.
    has_job: Mutex<bool>,
}

impl<T> Channel<T> {
    pub(super) fn new(first: T) -> Self {
        Self {
            publish: watch::Sender::new(first),
            has_job: Mutex::new(false),
        }
    }

    /// Watches. Runs `start` where there is no job yet.
    pub(super) fn subscribe(&self, start: impl FnOnce()) -> watch::Receiver<T> {
        let mut has_job = self.has_job.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.publish.subscribe();
        if !*has_job {
            *has_job = true;
            start();
        }
        receiver
    }

    /// The sender for the job's result.
    pub(super) fn sender(&self) -> &watch::Sender<T> {
        &self.publish
    }

    /// Returns true when the job may end, because nobody watches. If so it must: the next one who
    /// watches starts another.
    pub(super) fn may_end(&self) -> bool {
        let mut has_job = self.has_job.lock().unwrap_or_else(PoisonError::into_inner);
        *has_job = self.publish.receiver_count() > 0;
        !*has_job
    }
}

//! Tells people and programs what happens on the board: takes what waits in the kernel's outbox
//! there, and records what became of it. It decides nothing: what is told to whom, when it is tried
//! again and when it is given up is the kernel's to say.
//!
//! Everything is delivered at least once. A process that is killed between a delivery and its record
//! delivers that one again, under the same key.

mod channel;
mod command;
mod config;
mod gateway;
mod lock;
mod message;
mod place;
#[cfg(test)]
mod receiver;
mod secret;
mod slack;
mod telegram;
#[cfg(test)]
mod tests;
mod web;
mod webhook;

pub(crate) use self::slack::gate::Gate;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use dispatcher::{FindServer, Home};
use domain::actor::Actor;
use domain::id::EventId;
use domain::time::Timestamp;
use kernel::Kernel;
use tokio::sync::watch;
use tokio::task::{Id, JoinHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;

use self::channel::Channels;
use self::config::Setup;
use self::lock::Lock;
use self::telegram::updates::Updates;
use crate::AppState;

/// How many places are told something at once: a few slow ones do not hold up the rest, and a
/// thousand of them do not use up the machine.
const PLACES_AT_ONCE: usize = 16;

/// How long is waited after an event for those that come with it.
const GATHERING: Duration = Duration::from_millis(10);

/// How often a process asks for the lock that another one has.
const LOCK_INTERVAL: Duration = Duration::from_secs(5);

/// How long is waited after the board could not be read.
const TROUBLE: Duration = Duration::from_secs(5);

/// How long deliveries that are under way are waited for in the end.
const GRACE: Duration = Duration::from_secs(2);

/// The task that delivers. It has to be stopped.
pub(crate) struct Notifier {
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    slack: Option<Arc<Gate>>,
}

impl Notifier {
    /// Reads `kanban.toml` and begins to deliver, once no other process of this board does. Links in
    /// messages lead to the server as it is found when they are sent.
    ///
    /// # Errors
    /// When `kanban.toml` makes no sense, or a secret that it names is not there.
    pub(crate) async fn start(
        kernel: Kernel,
        home: Home,
        server: FindServer,
    ) -> anyhow::Result<Self> {
        let (board, folder) = (kernel.clone(), home.clone());
        let read = spawn_blocking(move || config::read(&board, &folder));
        let Setup {
            channels,
            updates,
            gate,
        } = read.await??;
        let (stop, stopping) = watch::channel(false);
        let work = Work {
            kernel,
            home: home.clone(),
            channels,
            server,
            stopping,
        };
        let running = tokio::spawn(work.run(Lock::of(&home), updates));
        let slack = gate.map(Arc::new);
        Ok(Self {
            stop,
            running,
            slack,
        })
    }

    /// Lets Slack in, where `kanban.toml` does.
    pub(crate) fn slack(&self) -> Option<Arc<Gate>> {
        self.slack.clone()
    }

    /// Ends it. What is not delivered yet stays in the outbox.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the notifier ended badly");
        }
    }
}

/// Where chats come in that cannot be asked. They check a signature instead of a token.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/chat/slack/command", post(slack::gate::command))
        .route("/chat/slack/events", post(slack::gate::events))
}

/// Who records what became of a delivery.
fn notifier() -> Actor {
    Actor::full("notifier")
}

/// What the notifier works with.
#[derive(Clone)]
struct Work {
    kernel: Kernel,
    home: Home,
    channels: Channels,
    server: FindServer,
    stopping: watch::Receiver<bool>,
}

/// What the notifier waits for.
enum Wake {
    Stop,
    /// Something happened, or it is time.
    Look,
    /// A place was told by this job.
    Told(Id),
}

impl Work {
    /// Where browsers find the board now, for links.
    async fn url(&self) -> Option<String> {
        let (server, home) = (self.server.clone(), self.home.clone());
        let found = spawn_blocking(move || server.now(&home)).await;
        found.ok().flatten().map(|server| server.url)
    }

    async fn run(mut self, mut lock: Lock, updates: Option<Updates>) {
        while !lock.take() {
            if self.is_stopped_within(LOCK_INTERVAL).await {
                return;
            }
        }
        let stopping = self.stopping.clone();
        let listening = updates.map(|updates| tokio::spawn(updates.listen(stopping)));
        let mut newest = self.kernel.newest_event();
        let mut jobs = JoinSet::new();
        // Which place each job tells.
        let mut busy = HashMap::new();
        loop {
            // Whatever is committed from here on is seen by the next look.
            newest.mark_unchanged();
            let next = self.look(&mut jobs, &mut busy).await;
            match self.wake(&mut newest, &mut jobs, next).await {
                Wake::Stop => break,
                Wake::Look => {}
                Wake::Told(job) => {
                    busy.remove(&job);
                }
            }
        }
        let finished = async { while jobs.join_next().await.is_some() {} };
        if timeout(GRACE, finished).await.is_err() {
            tracing::warn!("some deliveries did not end in time and are made again later");
        }
        if let Some(mut listening) = listening
            && timeout(GRACE, &mut listening).await.is_err()
        {
            listening.abort();
        }
    }

    /// Starts to tell every place that can be told something, and says when to look again.
    async fn look(&self, jobs: &mut JoinSet<()>, busy: &mut HashMap<Id, i64>) -> Option<Timestamp> {
        let outbox = match self.kernel.outbox().await {
            Ok(outbox) => outbox,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                return Some(self.kernel.now() + seconds(TROUBLE));
            }
        };
        for due in outbox.due {
            if busy.len() >= PLACES_AT_ONCE {
                break;
            }
            if busy.values().all(|place| *place != due.place) {
                let place = due.place;
                let job = jobs.spawn(place::tell(self.clone(), due));
                busy.insert(job.id(), place);
            }
        }
        outbox.next
    }

    async fn wake(
        &mut self,
        newest: &mut watch::Receiver<EventId>,
        jobs: &mut JoinSet<()>,
        next: Option<Timestamp>,
    ) -> Wake {
        let now = self.kernel.now();
        let pause = next.map(|at| Duration::from_secs(at.seconds_since(now).unsigned_abs()));
        tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => Wake::Stop,
            Some(told) = jobs.join_next_with_id() => match told {
                Ok((job, ())) => Wake::Told(job),
                Err(error) => {
                    tracing::error!(%error, "a delivery ended badly");
                    Wake::Told(error.id())
                }
            },
            changed = newest.changed() => match changed {
                Ok(()) => {
                    pass(GATHERING).await;
                    Wake::Look
                }
                Err(_) => Wake::Stop,
            },
            () = pass_or_wait(pause) => Wake::Look,
        }
    }

    async fn is_stopped_within(&mut self, time: Duration) -> bool {
        timeout(time, stopped(&mut self.stopping)).await.is_ok()
    }

    /// Whether nothing more is to be begun.
    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error says that nobody is left who could ask, which is the same news.
    stopping.wait_for(|stopping| *stopping).await.ok();
}

fn seconds(span: Duration) -> domain::time::Seconds {
    domain::time::Seconds(i64::try_from(span.as_secs()).unwrap_or(i64::MAX))
}

async fn pass_or_wait(span: Option<Duration>) {
    match span {
        Some(span) => pass(span).await,
        None => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the timer of a loop")]
async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

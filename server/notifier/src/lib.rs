//! The notifier: delivers what waits in the kernel's outbox to people and programs, and records the
//! result. It decides nothing: recipients, retries and giving up are the kernel's to say.
//!
//! Everything is delivered at least once. A process that is killed between a delivery and its record
//! delivers that one again, under the same key.

mod channel;
mod command;
mod config;
mod gateway;
mod guests;
mod lock;
mod message;
mod place;
#[cfg(test)]
mod receiver;
mod secret;
mod slack;
mod source;
mod telegram;
#[cfg(test)]
mod tests;
mod web;
mod webhook;

use std::collections::HashMap;
use std::mem::replace;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use dispatcher::{Document, FindServers, Home, Mistake};
use domain::actor::Actor;
use domain::error::Error as Refusal;
use domain::id::EventId;
use domain::news::PLATFORMS;
use domain::notify::Address;
use domain::time::Timestamp;
use kernel::{Due, Kernel};
use tokio::sync::watch;
use tokio::task::{Id, JoinHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;

use self::config::Setup;
pub use self::gateway::{Answer, Host, RunLine};
use self::lock::Lock;
use self::slack::gate::Gate;
use self::source::Source;

/// The most places that are notified at once: a few slow ones do not hold up the rest, and a
/// thousand of them do not use up the machine.
const PLACES_AT_ONCE: usize = 16;

/// The time after an event in which others are gathered with it.
const GATHERING: Duration = Duration::from_millis(10);

/// The interval at which a process tries for the lock that another one has.
const LOCK_INTERVAL: Duration = Duration::from_secs(5);

/// The pause after the board could not be read or written.
const TROUBLE: Duration = Duration::from_secs(5);

/// The time limit at the end for deliveries that are under way.
const GRACE: Duration = Duration::from_secs(2);

/// The task that delivers. It has to be stopped.
pub struct Notifier {
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    setup: watch::Receiver<Arc<Setup>>,
}

/// Refuses an address on a platform that nothing is sent to. In a home of hermes-agent, whose gateway
/// tells news too, any platform may be one of its own.
///
/// # Errors
/// Fails when there is no such platform.
pub fn check_platform(to: &Address, home: &Home) -> Result<(), Refusal> {
    let platform = to.platform.trim();
    let is_known = platform.is_empty() || PLATFORMS.contains(&platform);
    if is_known || home.root().join("config.yaml").exists() {
        Ok(())
    } else {
        Err(Refusal::UnknownPlatform(platform.to_owned()))
    }
}

/// The gate for Slack, as `kanban.toml` has it now.
#[derive(Clone)]
struct Gates(watch::Receiver<Arc<Setup>>);

impl Gates {
    /// Returns the gate, where there is one.
    fn now(&self) -> Option<Arc<Gate>> {
        self.0.borrow().gate.clone()
    }
}

/// Returns the mistakes in `[channels]` of `kanban.toml`. It blocks.
///
/// # Errors
/// Fails when the system's certificates cannot be read.
pub fn mistakes(host: &Host) -> anyhow::Result<Vec<Mistake>> {
    let client = Arc::new(web::client().map_err(anyhow::Error::msg)?);
    Ok(config::read(&Document::read(&host.home), &client, host).1)
}

impl Notifier {
    /// Reads `kanban.toml`, from now on whenever it changes, and begins to deliver, once no other
    /// process of this board does. Links in messages lead to the server as it is found when they are
    /// sent.
    ///
    /// # Errors
    /// Fails when the system's certificates cannot be read.
    pub async fn start(host: Host, servers: FindServers) -> anyhow::Result<Self> {
        let (kernel, home) = (host.kernel.clone(), host.home.clone());
        let opening = spawn_blocking(move || {
            let client = web::client().map_err(anyhow::Error::msg)?;
            anyhow::Ok(Source::open(host, Arc::new(client)))
        });
        let (source, first) = opening.await??;
        let (sender, setup) = watch::channel(Arc::new(first));
        let (stop, stopping) = watch::channel(false);
        let lock = Lock::of(&home);
        let work = Work {
            kernel,
            home,
            setup: setup.clone(),
            servers,
            stopping: stopping.clone(),
        };
        let running = tokio::spawn(async move {
            tokio::join!(work.run(lock), source.follow(sender, stopping));
        });
        Ok(Self {
            stop,
            running,
            setup,
        })
    }

    /// Returns the routes of chats that cannot be polled, under `/chat`. They check a signature
    /// instead of a token.
    pub fn routes<S>(&self) -> Router<S> {
        Router::new()
            .route("/chat/slack/command", post(slack::gate::command))
            .route("/chat/slack/events", post(slack::gate::events))
            .route("/chat/slack/interaction", post(slack::gate::interaction))
            .with_state(Gates(self.setup.clone()))
    }

    /// Ends it, once the deliveries under way have ended or a few seconds have passed. What is not
    /// delivered yet stays in the outbox.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the notifier ended badly");
        }
    }
}

/// The actor that records deliveries.
fn notifier() -> Actor {
    Actor::full("notifier")
}

/// The state of the notifier.
#[derive(Clone)]
struct Work {
    kernel: Kernel,
    home: Home,
    /// The present setup; a delivery under way keeps the one it began with.
    setup: watch::Receiver<Arc<Setup>>,
    servers: FindServers,
    stopping: watch::Receiver<bool>,
}

/// The places that are being told something.
#[derive(Default)]
struct Busy {
    /// The place of each job.
    places: HashMap<Id, i64>,
    /// The one that was begun with last.
    last: i64,
}

impl Busy {
    /// The places in the order in which they come to be told: after the last one, and then from the
    /// first on. Else a few that always have something to tell would keep out the rest.
    fn in_turn(&self, mut due: Vec<Due>) -> Vec<Due> {
        due.sort_by_key(|due| (due.place <= self.last, due.place));
        due
    }
}

/// The events of the notifier's loop.
enum Wake {
    Stop,
    /// Something happened, or it is time.
    Look,
    /// A place was told by this job.
    Told(Id),
}

impl Work {
    /// The board's address for browsers, for links.
    async fn url(&self) -> Option<String> {
        let (servers, home) = (self.servers.clone(), self.home.clone());
        let found = spawn_blocking(move || servers.now(&home)).await;
        found.ok().and_then(|servers| servers.url)
    }

    async fn run(mut self, mut lock: Lock) {
        while !lock.take() {
            if self.is_stopped_within(LOCK_INTERVAL).await {
                return;
            }
        }
        // A copy of a board says nothing that its original may say.
        while let Err(error) = dispatcher::settle_in(&self.kernel, &self.home).await {
            tracing::error!(%error, "it cannot be seen if the board is a copy");
            if self.is_stopped_within(TROUBLE).await {
                return;
            }
        }
        let (silence, silent) = watch::channel(true);
        let listening = listen(self.setup.clone(), silent, self.stopping.clone());
        let mut listening = tokio::spawn(listening);
        let mut newest = self.kernel.newest_event();
        let mut jobs = JoinSet::new();
        let mut busy = Busy::default();
        loop {
            // Whatever is committed from here on is seen by the next look.
            newest.mark_unchanged();
            let next = self.look(&silence, &mut jobs, &mut busy).await;
            match self.wake(&mut newest, &mut jobs, next).await {
                Wake::Stop => break,
                Wake::Look => {}
                Wake::Told(job) => {
                    busy.places.remove(&job);
                }
            }
        }
        let finished = async { while jobs.join_next().await.is_some() {} };
        if timeout(GRACE, finished).await.is_err() {
            tracing::warn!("some deliveries did not end in time and are made again later");
        }
        if timeout(GRACE, &mut listening).await.is_err() {
            listening.abort();
        }
    }

    /// Starts a delivery to every place that can get one, and returns the time of the next look.
    async fn look(
        &self,
        silence: &watch::Sender<bool>,
        jobs: &mut JoinSet<()>,
        busy: &mut Busy,
    ) -> Option<Timestamp> {
        let outbox = match self.kernel.outbox().await {
            Ok(outbox) => outbox,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                return Some(self.kernel.now() + seconds(TROUBLE));
            }
        };
        silence.send_if_modified(|silent| replace(silent, outbox.may_be_copy) != *silent);
        for due in busy.in_turn(outbox.due) {
            if busy.places.len() >= PLACES_AT_ONCE {
                break;
            }
            if busy.places.values().all(|place| *place != due.place) {
                busy.last = due.place;
                let place = due.place;
                let job = jobs.spawn(place::tell(self.clone(), due));
                busy.places.insert(job.id(), place);
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

    /// Waits for a board in trouble, or for the end.
    async fn rest(&self) {
        let mut stopping = self.stopping.clone();
        timeout(TROUBLE, stopped(&mut stopping)).await.ok();
    }

    /// Returns true when nothing more is to be begun.
    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

/// Listens to the chats that have to be asked, as `kanban.toml` has it, until it is told to stop. A
/// board that may be a copy is silent: an answer is for its original.
async fn listen(
    mut setup: watch::Receiver<Arc<Setup>>,
    mut silent: watch::Receiver<bool>,
    mut stopping: watch::Receiver<bool>,
) {
    while !*stopping.borrow() {
        let now = setup.borrow_and_update().clone();
        let is_silent = *silent.borrow_and_update();
        let until = async {
            tokio::select! {
                () = stopped(&mut stopping) => {}
                Ok(()) = setup.changed() => {}
                Ok(()) = silent.changed() => {}
            }
        };
        match &now.updates {
            Some(updates) if !is_silent => updates.listen(until).await,
            _ => until.await,
        }
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

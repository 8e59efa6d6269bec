//! The key `status` of a frame: what is true now and that no event tells of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dispatcher::{Home, logs};
use domain::dispatch::{Dispatch, Facts, why_not};
use domain::id::{EventId, TaskId};
use domain::live::Live;
use domain::text::{json, printed};
use domain::time::Timestamp;
use kernel::Kernel;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::channel::Channel;

/// The polling interval, and so the shortest time between two frames.
const PERIOD: Duration = Duration::from_secs(1);

/// The part of a log's end that is read for its last line, in bytes.
const OUTPUT_BYTES: u64 = 600;

/// The longest part of that line in a frame, in characters: more does not fit on a card.
const OUTPUT_CHARS: usize = 200;

/// The status of one server's board.
#[derive(Debug)]
pub(crate) struct Statuses(Channel<Option<Arc<str>>>);

impl Default for Statuses {
    fn default() -> Self {
        Self(Channel::new(None))
    }
}

impl Statuses {
    /// Watches it, as JSON; `None` until it was read for the first time.
    pub(super) fn watch(
        self: &Arc<Self>,
        kernel: &Kernel,
        home: &Home,
    ) -> watch::Receiver<Option<Arc<str>>> {
        self.0.subscribe(|| {
            tokio::spawn(look(self.clone(), kernel.clone(), home.clone()));
        })
    }
}

/// The frame that tells it to a socket.
pub(super) fn frame(cursor: EventId, status: &str) -> String {
    format!(r#"{{"events":[],"cursor":{cursor},"tasks":[],"status":{status}}}"#)
}

/// Polls for as long as somebody watches.
async fn look(statuses: Arc<Statuses>, kernel: Kernel, home: Home) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last: Option<Live> = None;
    loop {
        ticks.tick().await;
        if statuses.0.may_end() {
            return;
        }
        match read(&kernel, &home).await {
            Ok(live) if last.as_ref().is_some_and(|last| is_the_same(last, &live)) => {}
            Ok(live) => {
                // It is made of texts and numbers, which always have a JSON form.
                let json = json::to_string(&live).unwrap_or_default();
                statuses.0.sender().send_replace(Some(json.into()));
                last = Some(live);
            }
            // The next look may do better; what was true a second ago is as good.
            Err(error) => tracing::warn!(%error, "the status cannot be read"),
        }
    }
}

/// Returns true when nothing differs but the time and its consequences.
fn is_the_same(last: &Live, live: &Live) -> bool {
    let at_no_time = |live: &Live| Live {
        dispatch: Dispatch {
            now: Timestamp::default(),
            ..live.dispatch.clone()
        },
        why: (live.why.iter())
            .map(|(assignee, why)| (assignee.clone(), why.clone().at_no_time()))
            .collect(),
        ..live.clone()
    };
    let lives = |live: &Live| live.dispatch.living().is_some();
    lives(last) == lives(live) && at_no_time(last) == at_no_time(live)
}

async fn read(kernel: &Kernel, home: &Home) -> Result<Live, kernel::Error> {
    let dispatch = kernel.dispatch().await?;
    let mut why = BTreeMap::new();
    for assignee in kernel.ready_assignees().await? {
        if let Some(reason) = why_not(&Facts::of_ready(Some(&assignee)), &dispatch) {
            why.insert(assignee, reason);
        }
    }
    let mut output = BTreeMap::new();
    for run in kernel.open_runs().await? {
        if let Some(line) = last_line(home, &run.task).await {
            output.insert(run.task, line);
        }
    }
    Ok(Live {
        dispatch,
        why,
        output,
        undelivered: kernel.undelivered().await?,
    })
}

async fn last_line(home: &Home, task: &TaskId) -> Option<String> {
    // A log that cannot be read has no last line.
    let log = logs::read(home, task, Some(OUTPUT_BYTES)).await.ok()?;
    let text = printed(&log.text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().take(OUTPUT_CHARS).collect())
}

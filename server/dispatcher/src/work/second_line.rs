//! The second line behind supervisors: what the dispatcher does when one of them does not.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use domain::command::LEASE;
use domain::dispatch::Slot;
use domain::id::RunId;
use domain::run::OpenRun;
use domain::time::Timestamp;

use super::{Work, blocking};
use crate::error::Error;
use crate::process;
use crate::run::fault::Fault;
use crate::run::folder::End;
use crate::run::shim::GRACE;

/// The time for which a supervisor that is not stopped may fail to renew a lease that is over. It
/// tries three times as often.
const UNRENEWED: Duration = Duration::from_secs(LEASE.0.unsigned_abs());

/// The state of a run as seen from outside.
struct Seen {
    is_stopped: bool,
    /// True while its supervisor has no process to watch.
    is_idle: bool,
    max_run_time: Duration,
    heartbeat_timeout: Option<Duration>,
    /// The time of its worker's last output.
    output_at: Option<Timestamp>,
}

impl Work {
    /// Records the start of a run that an earlier dispatcher has started.
    pub(super) fn began(&mut self, run: RunId, at: Timestamp) {
        let ago = self.kernel.now().seconds_since(at);
        if let Some(watched) = self.watched.get_mut(&run) {
            watched.began(Duration::from_secs(u64::try_from(ago).unwrap_or_default()));
        }
    }

    /// Ends the runs whose supervisors do not do their work: one that has not registered, one that is
    /// stopped while a limit of its worker is over, one that renews its lease no more, and one that stays
    /// when it was told to end. On a machine in trouble no supervisor can write, and none is to blame.
    pub(super) async fn relieve_supervisors(&mut self) -> Result<(), Error> {
        if self.watched.is_empty() || self.breaker.fault().is_some() {
            return Ok(());
        }
        for (run, watched) in &mut self.watched {
            if watched.insist(GRACE + self.config.patience) {
                tracing::error!(run.id = %run, "a supervisor stayed when it was told to end, and was killed");
            }
        }
        for run in self.kernel.open_runs().await? {
            let end = match self.overdue(&run).await {
                Ok(Some(end)) => end,
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(run.id = %run.run, %error, "a run cannot be looked at");
                    continue;
                }
            };
            if let Some(watched) = self.watched.get_mut(&run.run) {
                tracing::error!(
                    run.id = %run.run, task.id = %run.task,
                    "the supervisor of a run does not do its work, so the run is ended without it"
                );
                watched.kill(end);
            }
        }
        Ok(())
    }

    /// The end of a run that its supervisor should have ended by now.
    async fn overdue(&mut self, run: &OpenRun) -> Result<Option<End>, Error> {
        let (now, patience) = (self.kernel.now(), self.config.patience);
        let Some(watched) = self.watched.get_mut(&run.run) else {
            return Ok(None);
        };
        if !watched.is_working() {
            return Ok(None);
        }
        let age = watched.age();
        let unrenewed = watched.lease_is_over(run.lease_expires < now);
        let Some(supervisor) = run.supervisor.clone() else {
            let limit = patience * 2;
            let error = format!(
                "its supervisor did not register within {} seconds",
                limit.as_secs()
            );
            let fault = Fault::Unclear;
            return Ok((age > limit).then_some(End::Hindered { error, fault }));
        };
        let (folder, log) = (self.folder(run.run), self.home.log(&run.task));
        let look = move || {
            let Some(spec) = folder.spec()? else {
                return Ok(None);
            };
            let is_stopped = process::is_stopped(&supervisor);
            // The checkout of a worktree may take as long as a worker, before the worker begins.
            let times = if spec.worktree.is_some() { 2 } else { 1 };
            Ok(Some(Seen {
                is_stopped: is_stopped.map_err(Error::system("read /proc"))?,
                is_idle: process::is_childless(supervisor.pid),
                max_run_time: spec
                    .limits
                    .max_run_time
                    .saturating_mul(times)
                    .saturating_add(spec.check.map_or(Duration::ZERO, |check| check.time)),
                heartbeat_timeout: spec.limits.heartbeat_timeout,
                output_at: modified(&log),
            }))
        };
        let Some(seen) = blocking(look).await? else {
            return Ok(None);
        };
        let watched = self.watched.get_mut(&run.run);
        let idle_for = watched.map(|watched| watched.supervises_nothing(seen.is_idle));
        // It waits for the last output of a worker that has ended, but not for so long.
        if idle_for > Some(patience) {
            let unwritten = Error::Unwritten(self.home.run_dir(run.run));
            self.unrecoverable
                .put(run.run, Some(Slot::of(run)), &unwritten);
        }
        if !seen.is_stopped {
            return Ok((unrenewed > UNRENEWED).then_some(End::Stopped));
        }
        if age > seen.max_run_time.saturating_add(patience) {
            return Ok(Some(End::TimedOut(seen.max_run_time.as_secs())));
        }
        if let Some(timeout) = seen.heartbeat_timeout
            && age > timeout.saturating_add(patience)
        {
            let heartbeat = self.kernel.run(run.run).await?.heartbeat_at;
            let last = heartbeat.max(seen.output_at).max(Some(run.started_at));
            let silent_for = last.map_or(0, |last| now.seconds_since(last));
            let limit = timeout.saturating_add(patience).as_secs();
            if u64::try_from(silent_for).is_ok_and(|silent_for| silent_for > limit) {
                return Ok(Some(End::HeartbeatLost(timeout.as_secs())));
            }
        }
        Ok((unrenewed > patience).then_some(End::Stopped))
    }
}

/// The time of a file's last write.
fn modified(path: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    let since_1970 = modified.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_1970.as_secs()).ok().map(Timestamp)
}

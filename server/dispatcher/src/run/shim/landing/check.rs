//! The check of what is about to land, in the worktree of the landing.

use domain::check::CheckEnd;
use domain::landing::Landing;
use tokio::time::Instant;

use super::attempt::Attempt;
use super::{Lander, Stop};
use crate::run::fault::Fault;
use crate::run::folder::{CheckSpec, End};
use crate::run::shim::check::{ended, not_started};
use crate::run::shim::events::Event;
use crate::run::shim::tree::Tree;
use crate::run::shim::{LAST_OUTPUT, worker};

impl Lander<'_> {
    /// Runs the check on what would be on the target. `text` is the result that the worker named.
    pub(super) async fn checked(
        &mut self,
        check: &CheckSpec,
        attempt: Attempt<'_>,
        text: &str,
    ) -> Result<CheckEnd, Stop> {
        let tree = self.folder.tree();
        let heading = format!("check before landing on {}", attempt.onto);
        let log = (&*self.spec.log, &*heading);
        let began_at = self.kernel.now();
        let written = self.folder.write_result(text);
        let start = |()| {
            let result = self.folder.result_file();
            worker::start_check(&self.spec.place(&tree), check, log, &result)
        };
        let started = match written.and_then(start) {
            Ok(started) => started,
            Err(error) if error.fault() == Fault::Machine => {
                return Err(Stop::InTheWay(error.to_string()));
            }
            Err(error) => return Ok(not_started(check, error.to_string(), began_at)),
        };
        let mut processes = Tree::of(started.pid);
        let end = self.end_of(&mut processes, check, attempt).await;
        while !processes.end(&mut self.events.child_ended).await {
            tracing::error!("processes of a check do not end, not even by SIGKILL");
            self.events.next().await;
        }
        let ended_at = self.kernel.now();
        let written = started.output.written(LAST_OUTPUT).await;
        let times = (began_at, ended_at);
        ended(check, &end, times, started.log_start, &written).ok_or(Stop::NotAskedFor)
    }

    /// Waits until the check has ended, or is to be ended.
    async fn end_of(
        &mut self,
        processes: &mut Tree,
        check: &CheckSpec,
        attempt: Attempt<'_>,
    ) -> End {
        let until = Instant::now() + check.time;
        loop {
            match self.events.next().await {
                Event::ChildEnded => {
                    processes.reap();
                    if let Some(end) = processes.worker_end() {
                        return end;
                    }
                }
                Event::TimeToLook => {
                    if Instant::now() >= until {
                        return End::TimedOut(check.time.as_secs());
                    }
                    // A board that cannot be read says nothing against it.
                    let request = attempt.landing.request;
                    let is_other = |(landing, _): &(Landing, _)| landing.request != request;
                    match self.asked_for().await {
                        Ok(found) if found.as_ref().is_none_or(is_other) => return End::Stopped,
                        _ => {}
                    }
                }
                Event::LeaseIsDue => {}
                Event::ToldToStop => return End::Stopped,
            }
        }
    }
}

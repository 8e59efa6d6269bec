//! Git and the workspace of a run: the worktree before its worker, what a check sees, and the commit at
//! which the branch is left.

use std::future::Future;
use std::time::Duration;

use domain::check::GitFacts;
use rustix::fs::Mode;
use tokio::time::timeout;

use super::board::RunState;
use super::events::Event;
use super::{Supervision, not_started};
use crate::error::Error;
use crate::run::folder::{End, Exit};
use crate::workspaces::Worktree;
use crate::workspaces::tracked::submodules;

/// The time limit of a look. A receipt without a commit is better than none.
const PATIENCE: Duration = Duration::from_mins(1);

/// Lets git write files that belong to the person who started the server, as what the worker makes: with
/// their umask, which other tasks of this process do not run beside.
pub(super) async fn with_umask<T>(umask: Option<u32>, job: impl Future<Output = T>) -> T {
    let umask = umask.map(Mode::from_bits_truncate);
    let _ours = umask.map(Umask::set);
    job.await
}

/// The umask before another one, which comes back when this is dropped, also where a job is given up.
struct Umask(Mode);

impl Umask {
    fn set(umask: Mode) -> Self {
        Self(rustix::process::umask(umask))
    }
}

impl Drop for Umask {
    fn drop(&mut self) {
        rustix::process::umask(self.0);
    }
}

impl Supervision<'_> {
    /// Adds the worktree that the worker is to run in. Returns the exit if that ended the run.
    pub(super) async fn add_worktree(&mut self, worktree: &Worktree) -> Option<Exit> {
        let (spec, board) = (self.spec, self.board.clone());
        let add = async {
            let beginning = worktree.begin(&spec.home()?, &spec.token).await?;
            if !board.record_branch(beginning.branch.clone()).await? {
                return Ok(None);
            }
            beginning.add(&spec.workspace, &spec.token).await?;
            Ok::<_, Error>(Some(beginning.branch))
        };
        let added = tokio::select! {
            added = with_umask(spec.umask, add) => added.map_err(|error| not_started(&error)),
            end = self.reason_to_stop() => Err(Exit::without_output(end)),
        };
        match added {
            Ok(Some(branch)) => {
                if let Some(tracked) = &mut self.tracked {
                    tracked.branch = Some(branch);
                }
                None
            }
            Ok(None) => Some(Exit::without_output(End::Stopped)),
            Err(exit) => Some(exit),
        }
    }

    /// The lines about the workspace that stand at the head of the log.
    pub(super) async fn head_of_log(&mut self) -> Result<Vec<String>, End> {
        let Some(tracked) = self.tracked.clone() else {
            return Ok(Vec::new());
        };
        let Some(branch) = &tracked.branch else {
            return Ok(Vec::new());
        };
        let from = branch.begins_at();
        let from = from.map_or_else(String::new, |base| format!(" from {base}"));
        let mut lines = vec![format!("branch {}{from}", branch.name)];
        let place = &self.spec.workspace;
        // To list the index takes as long as there are files.
        if place.join(".gitmodules").is_file() {
            let spec = self.spec;
            let asking = async move {
                let repository = tracked.open(&spec.home()?).await?;
                Ok(submodules(&repository, &spec.workspace).await?)
            };
            lines.extend(self.asked(asking).await?.unwrap_or_default());
        }
        Ok(lines)
    }

    /// The facts of git about the workspace, or the reason for which it cannot be asked.
    pub(super) async fn git_facts(&mut self) -> Result<GitFacts, End> {
        let Some(tracked) = self.tracked.clone() else {
            return Ok(GitFacts::default());
        };
        let spec = self.spec;
        let asking = async move { Ok(tracked.facts(&spec.home()?, &spec.workspace).await?) };
        let facts = self.answer_of(asking).await?;
        Ok(facts.unwrap_or_else(|error| GitFacts::unknown(&error.to_string())))
    }

    /// The place of the work in words, if that is not the branch of the task; `None` where git cannot be asked.
    pub(super) async fn is_elsewhere(&mut self) -> Result<Option<String>, End> {
        let Some(tracked) = self.tracked.clone() else {
            return Ok(None);
        };
        let spec = self.spec;
        let asking = async move { Ok(tracked.is_elsewhere(&spec.home()?, &spec.workspace).await?) };
        Ok(self.asked(asking).await?.flatten())
    }

    /// The commit that is checked out; `None` where git cannot be asked.
    pub(super) async fn checked_out(&mut self) -> Result<Option<String>, End> {
        let Some(tracked) = self.tracked.clone() else {
            return Ok(None);
        };
        let spec = self.spec;
        let asking = async move { Ok(tracked.head(&spec.home()?, &spec.workspace).await?) };
        self.asked(asking).await
    }

    /// A digest of the files where the work of another is judged; `None` for other runs, and where git
    /// cannot be asked.
    pub(super) async fn digest(&mut self) -> Option<u64> {
        let tracked = self.tracked.clone().filter(|it| it.branch.is_some());
        let (tracked, _) = tracked.zip(self.spec.review.as_ref())?;
        let spec = self.spec;
        let asking = async move { Ok(tracked.digest(&spec.home()?, &spec.workspace).await?) };
        self.asked(asking).await.ok().flatten()
    }

    /// Adds the commit at which the branch is left. The worker has ended, so nothing is left to stop.
    pub(super) async fn leave_branch(&mut self, exit: &mut Exit) {
        let tracked = self.tracked.clone();
        if let Some(tracked) = tracked.filter(|tracked| tracked.branch.is_some()) {
            let spec = self.spec;
            let asking = async move { Ok(tracked.tip(&spec.home()?).await?) };
            exit.commit = self.asked(asking).await.ok().flatten().flatten();
        }
    }

    /// The answer of git, unless the run ends meanwhile; `None` where it cannot be asked.
    async fn asked<T>(
        &mut self,
        asking: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, End> {
        Ok(self.answer_of(asking).await?.ok())
    }

    /// The answer of git, unless the run ends meanwhile, or its complaint.
    async fn answer_of<T>(
        &mut self,
        asking: impl Future<Output = Result<T, Error>>,
    ) -> Result<Result<T, Error>, End> {
        let answer = tokio::select! {
            answer = timeout(PATIENCE, asking) => answer,
            () = self.end_of_run() => return Err(End::Stopped),
        };
        let answer = answer.unwrap_or_else(|late| Err(Error::system("ask git")(late)));
        Ok(answer.inspect_err(|error| {
            tracing::warn!(%error, "git says nothing of the workspace");
        }))
    }

    /// Waits until the run is closed, or told to stop, and keeps its claim until then.
    async fn end_of_run(&mut self) {
        loop {
            match self.events.next().await {
                Event::ChildEnded => {}
                Event::LeaseIsDue => self.board.renew_lease().await,
                Event::TimeToLook => {
                    let state = self.board.run_state().await;
                    if matches!(state, Some(RunState::Closed(_))) {
                        return;
                    }
                }
                Event::ToldToStop => return,
            }
        }
    }
}

//! One attempt to land: from the commits as they are found to the step that moves the target.

use std::path::{Path, PathBuf};

use domain::actor::Actor;
use domain::branch::short;
use domain::check::{CheckEnd, GitFacts, Receipt, Verdict};
use domain::command::ForgetWorkspace;
use domain::landing::{BY_LANE, Landing, LandingEnd, Method};
use domain::task::TaskDetail;
use domain::text::one_line;
use domain::time::Timestamp;
use tokio::task::spawn_blocking;

use super::{Lander, Stop};
use crate::run::shim::git::with_umask;
use crate::workspaces::beginning::Ask;
use crate::workspaces::landing::{
    Advanced, DetachedWorktree, Integration, Target, Work, delete_branch, integrate,
};
use crate::workspaces::{Made, Repository, branch_of, lock};

/// The landing that is attempted.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) repository: &'a Repository,
    pub(super) landing: &'a Landing,
    /// The branch that it lands on.
    pub(super) onto: &'a str,
}

impl Lander<'_> {
    pub(super) async fn attempt(&mut self, attempt: Attempt<'_>) -> Result<LandingEnd, Stop> {
        let Attempt {
            repository,
            landing,
            onto,
        } = attempt;
        let ask = Ask::of(repository);
        let task = self.kernel.task(&self.spec.task).await?;
        let branch = branch_of(&task.task.id);
        let target = Target::find(repository, &self.spec.repository, onto).await?;
        if let (Some(result), Some(commit)) = (&landing.result, &landing.commit)
            && is_there(&target, ask, result).await?
        {
            // The lander before this one was killed around the last step.
            let commit = commit.clone();
            let work = Work { branch, commit };
            return self.landed(attempt, &task, work, None, result).await;
        }
        let tip = ask.branch(&branch).await?;
        let commit = tip.ok_or_else(|| in_the_way(format!("the branch {branch} is gone")))?;
        let work = Work { branch, commit };
        target.refuse_symbolic(&work).await?;
        refuse_other_than_approved(&task, &work)?;
        if is_empty(&task, &work) {
            let problem = format!("nothing was committed to {}", work.branch);
            return match landing.by.as_str() {
                BY_LANE => Ok(LandingEnd::Nothing { reason: problem }),
                _ => Err(in_the_way(problem)),
            };
        }
        let place = workspace(&task);
        refuse_uncommitted(repository, place.as_deref()).await?;
        let before = Some(target.commit.clone());
        if ask.is_in(&work.commit, &target.commit).await? {
            return self
                .landed(attempt, &task, work, before, &target.commit)
                .await;
        }
        target.clean_checkout().await?;
        let method = landing.method_for(&task.task, self.spec.method);
        let tree = self.folder.tree();
        let umask = self.spec.umask;
        let integration = with_umask(umask, integrate(&target, &work, method, &tree));
        let result = match integration.await? {
            Integration::Commit(result) => result,
            Integration::Conflict(files) => {
                let check = conflict(&target, &work, method, &files, self.kernel.now());
                return Ok(self.sent_back(check));
            }
        };
        // Before a check that may take long.
        target.free_checkout(&result).await?;
        let check = match &self.spec.check {
            None => None,
            Some(check) => {
                if method == Method::Merge {
                    let add = DetachedWorktree::add(repository, &tree, &result);
                    with_umask(umask, add).await?;
                }
                let text = task.task.result.as_deref().unwrap_or_default();
                let mut end = self.checked(check, attempt, text).await?;
                end.git = GitFacts {
                    commit: Some(result.clone()),
                    base: before.clone(),
                    ..GitFacts::default()
                };
                if end.is_red() {
                    return Ok(self.sent_back(end));
                }
                Some(end)
            }
        };
        self.note(attempt, &result, &work, check).await?;
        match with_umask(umask, target.advance(&result)).await? {
            Advanced::Done => self.landed(attempt, &task, work, before, &result).await,
            Advanced::Moved => Err(Stop::TargetMoved),
        }
    }

    /// The end of a landing whose work is on the target; its branch goes where that is asked for.
    async fn landed(
        &self,
        attempt: Attempt<'_>,
        task: &TaskDetail,
        work: Work,
        before: Option<String>,
        result: &str,
    ) -> Result<LandingEnd, Stop> {
        let kept = if attempt.landing.delete_branch {
            let place = workspace(task);
            let deleted = self.delete(attempt.repository, &work, place.as_deref());
            deleted.await.err()
        } else {
            None
        };
        Ok(LandingEnd::Landed {
            commit: work.commit,
            before,
            result: result.to_owned(),
            kept,
        })
    }

    /// Deletes the branch, and the worktree that the board has made for it.
    async fn delete(
        &self,
        repository: &Repository,
        work: &Work,
        place: Option<&Path>,
    ) -> Result<(), String> {
        let home = self.spec.home().map_err(|error| error.to_string())?;
        let own = home.workspace(&self.spec.task);
        // One that a person named is theirs.
        let place = place.filter(|place| *place == own && Made::find(repository, place).is_ok());
        let held = spawn_blocking(move || lock::to_remove(&home)).await;
        let held = held
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        let deleted = delete_branch(repository, work, place).await;
        drop(held);
        deleted.map_err(|error| error.to_string())?;
        if let Some(place) = place {
            let path = place.display().to_string();
            let forget = ForgetWorkspace { path };
            let forgotten = self.kernel.execute(&Actor::dispatcher(), forget).await;
            forgotten.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn sent_back(&self, check: CheckEnd) -> LandingEnd {
        let limit = self.spec.check.as_ref();
        LandingEnd::SentBack {
            check: Box::new(check),
            limit: limit.and_then(|check| check.rework_limit),
        }
    }
}

fn in_the_way(problem: String) -> Stop {
    Stop::InTheWay(problem)
}

/// The folder in which the task was worked on.
fn workspace(task: &TaskDetail) -> Option<PathBuf> {
    task.task.workspace_path.as_ref().map(PathBuf::from)
}

/// Returns true where the target holds a result, or holds it once a step is done that was begun.
async fn is_there(target: &Target<'_>, ask: Ask<'_>, result: &str) -> Result<bool, Stop> {
    if !ask.has(result).await? {
        return Ok(false);
    }
    let is_in = ask.is_in(result, &target.commit).await?;
    Ok(is_in || ask.is_in(&target.commit, result).await? && target.finish(result).await?)
}

/// Refuses to land another commit than the one that somebody approved. What a landing has checked says
/// nothing of that.
fn refuse_other_than_approved(task: &TaskDetail, work: &Work) -> Result<(), Stop> {
    let of_work = |receipt: &&Receipt| match receipt.check.verdict {
        Verdict::Approved | Verdict::Unchecked | Verdict::Unreviewed => true,
        Verdict::Passed => receipt.run.is_some(),
        _ => false,
    };
    let last = task.receipts.iter().rfind(of_work);
    let approved = last.filter(|last| last.check.verdict == Verdict::Approved);
    let approved = approved.and_then(|last| last.check.git.commit.as_deref());
    match approved {
        Some(approved) if approved != work.commit => Err(in_the_way(format!(
            "{} was approved at {} and is at {} now; move the task back and let that be reviewed, or \
             put the branch back",
            work.branch,
            short(approved),
            short(&work.commit)
        ))),
        _ => Ok(()),
    }
}

/// Returns true for a branch on which nothing was committed.
fn is_empty(task: &TaskDetail, work: &Work) -> bool {
    let base = task.branch.as_ref().and_then(|branch| branch.base.as_ref());
    base == Some(&work.commit)
}

/// Refuses to leave behind what is not committed in the worktree of the task.
async fn refuse_uncommitted(repository: &Repository, place: Option<&Path>) -> Result<(), Stop> {
    let Some(place) = place else { return Ok(()) };
    let Ok(made) = Made::find(repository, place) else {
        return Ok(());
    };
    if made.has_changes().await? {
        let place = place.display();
        return Err(in_the_way(format!(
            "{place} has changes that are not committed; commit them to the task's branch, or put them \
             aside"
        )));
    }
    Ok(())
}

/// The evidence of work that cannot be merged, with what is to be done about it.
fn conflict(
    target: &Target<'_>,
    work: &Work,
    method: Method,
    files: &[String],
    now: Timestamp,
) -> CheckEnd {
    let (branch, onto) = (&work.branch, &target.branch);
    let verb = match method {
        Method::Merge => "merged into",
        Method::Rebase => "rebased on",
    };
    let output = format!(
        "{branch} cannot be {verb} {onto} at {}: both change {}; run `git {method} {onto}` in the \
         workspace, resolve that, and commit it",
        short(&target.commit),
        files
            .iter()
            .map(|file| one_line(file))
            .collect::<Vec<_>>()
            .join(", ")
    );
    CheckEnd {
        command: format!("land on {onto}"),
        verdict: Verdict::Conflict,
        began_at: now,
        ended_at: now,
        exit_code: None,
        output,
        log_start: None,
        log_end: None,
        git: GitFacts {
            commit: Some(work.commit.clone()),
            base: Some(target.commit.clone()),
            ..GitFacts::default()
        },
    }
}

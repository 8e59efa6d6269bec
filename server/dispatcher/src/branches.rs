//! Looks at the branches of tasks whose work was checked, or waits for a verdict: a later commit is not
//! what was looked at.
//!
//! Git is not asked. A commit writes the reference as a small file of its own; where there is none, the
//! branch is as it was when git packed it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use domain::actor::{Actor, Authority};
use domain::branch::Branch;
use domain::command::NoteTip;
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::status::Status;
use domain::task::TaskDetail;
use domain::time::Seconds;
use kernel::Kernel;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::config::{Config, Settings};
use crate::error::Error;
use crate::home::Home;
use crate::run::folder::RunFolder;
use crate::run::launch::in_time;
use crate::workspaces::{Repositories, plain_tip};

/// The time after which a finished task is looked at only when somebody reads it.
const LATELY: Seconds = Seconds(7 * 24 * 60 * 60);

/// The time limit of a look: it reads small files.
const PATIENCE: Duration = Duration::from_secs(1);

/// The time limit of a look at all files, which git compares.
const FOR_GIT: Duration = Duration::from_secs(30);

/// The turns of looks.
static TURNS: Semaphore = Semaphore::const_new(4);

/// The name of a look, in words.
const LOOK: &str = "look at branches";

/// Notes the branches that were changed since their check, of the tasks that were finished lately.
///
/// # Errors
/// Fails when the board cannot be read or written, or the files take too long.
pub(crate) async fn look(kernel: &Kernel, repositories: &Repositories) -> Result<(), Error> {
    let branches = kernel.checked_branches(kernel.now() - LATELY).await?;
    if branches.is_empty() {
        return Ok(());
    }
    note(kernel, repositories, branches).await.map(drop)
}

/// Returns a task that was just read as it is after a look at its branch, where its check has passed. A
/// look that fails is no reason to withhold the task.
///
/// # Errors
/// Fails when the board cannot be read again.
pub async fn look_at(
    kernel: &Kernel,
    home: &Home,
    config: &Config,
    detail: TaskDetail,
) -> Result<TaskDetail, kernel::Error> {
    let last = detail.receipts.last();
    let is_sealed = last.is_some_and(|last| last.check.verdict.is_seal());
    let is_done = is_sealed && detail.task.status.is_finished();
    let branch = detail.branch.clone();
    let Some(branch) = branch.filter(|_| is_done || detail.task.status == Status::Review) else {
        return Ok(detail);
    };
    let task = detail.task.id.clone();
    let look = async {
        let (home, config) = (home.clone(), config.clone());
        let settings = in_time(LOOK, move || Settings::read(&home, &config)).await??;
        note(
            kernel,
            &settings.repositories,
            [(task.clone(), branch)].into(),
        )
        .await
    };
    match look.await {
        Ok(true) => kernel.task(&task).await,
        Ok(false) => Ok(detail),
        Err(error) => {
            tracing::warn!(task.id = %task, %error, "nobody can say whether its branch has changed");
            Ok(detail)
        }
    }
}

/// Looks at the branch of a task before a verdict on its work, so that none is on another commit than the
/// one that is there. Of a task that is not there the verdict itself says so.
///
/// # Errors
/// Fails when the board cannot be read, and for a reviewer in a run that has changed the work.
pub async fn look_before(
    kernel: &Kernel,
    home: &Home,
    config: &Config,
    (task, by): (&TaskId, &Authority),
) -> Result<(), kernel::Error> {
    if let Authority::Run(token) = by
        && let Some(run) = kernel.run_of(token.clone()).await?
        && has_changed(&RunFolder::at(home.run_dir(run.open()?.run)), home).await
    {
        return Err(Refusal::ReviewerChanged(task.clone()).into());
    }
    match kernel.task(task).await {
        Ok(detail) => look_at(kernel, home, config, detail).await.map(drop),
        Err(kernel::Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns true where the work that a run judges is another by now, as far as git can tell.
async fn has_changed(folder: &RunFolder, home: &Home) -> bool {
    let look = async {
        let folder = folder.clone();
        let read = in_time(LOOK, move || {
            Ok::<_, Error>((folder.spec()?, folder.judged()?))
        });
        let (Some(spec), Some(judged)) = read.await?? else {
            return Ok(false);
        };
        let Some(tracked) = spec.tracked else {
            return Ok(false);
        };
        let now = tracked.digest(home, &spec.workspace).await?;
        Ok::<_, Error>(now != judged)
    };
    let looked = timeout(FOR_GIT, look).await;
    let looked = looked.unwrap_or_else(|late| Err(Error::system(LOOK)(late)));
    looked.unwrap_or_else(|error| {
        tracing::warn!(%error, "nobody can say whether a reviewer has changed the work");
        false
    })
}

async fn note(
    kernel: &Kernel,
    repositories: &Repositories,
    branches: BTreeMap<TaskId, Branch>,
) -> Result<bool, Error> {
    let repositories = repositories.clone();
    let look = move || {
        let moved = branches.into_iter().filter_map(|(task, branch)| {
            let repository = Path::new(&branch.repository);
            repositories.trust(repository).ok()?;
            let tip = plain_tip(repository, &task)?;
            (branch.tip.as_deref() != Some(&*tip)).then_some((task, tip))
        });
        moved.collect::<Vec<_>>()
    };
    // A disk that does not answer keeps its threads, and is waited for by nobody once all are taken.
    let Ok(turn) = TURNS.try_acquire() else {
        return Ok(false);
    };
    let looking = spawn_blocking(move || {
        let moved = look();
        drop(turn);
        moved
    });
    let moved = timeout(PATIENCE, looking).await;
    let moved = moved
        .map_err(Error::system(LOOK))?
        .map_err(Error::system(LOOK))?;
    let is_news = !moved.is_empty();
    for (task, commit) in moved {
        let note = NoteTip { task, commit };
        kernel.execute(&Actor::dispatcher(), note).await?;
    }
    Ok(is_news)
}

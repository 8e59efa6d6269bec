//! The changes of a task, as git tells them when somebody asks: of its worktree, or of its branch alone
//! once that is gone. Nothing is kept.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::branch::Branch;
use domain::changes::{ChangedFile, Changes, FileChange};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::text::one_line;
use kernel::Kernel;
use tokio::time::timeout;

use crate::home::Home;
use crate::workspaces::beginning::Ask;
use crate::workspaces::diff::Side;
use crate::workspaces::tracked::{Uncommitted, head, uncommitted, with_new};
use crate::workspaces::{Error, Made, Repositories, Repository, branch_of};

/// The time limit of all questions to git together.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns what the task has changed since its work began. It blocks for moments, between questions to
/// git.
///
/// # Errors
/// Fails when there is no such task, when it has had no worktree of a repository that `kanban.toml`
/// names, or when git cannot tell.
pub async fn of(
    kernel: &Kernel,
    home: &Home,
    repositories: &Repositories,
    task: &TaskId,
) -> Result<Changes, kernel::Error> {
    let place = kernel.task_alone(task).await?.workspace_path;
    let branch = kernel.branch(task).await?;
    // An import may name anything.
    let branch = branch.filter(|branch| branch.name == branch_of(task));
    let branch = branch.ok_or_else(|| Refusal::NoBranch(task.clone()))?;
    let place = PathBuf::from(place.unwrap_or_default());
    let changes = timeout(PATIENCE, read(home, repositories, &branch, &place)).await;
    let reason = match changes {
        Ok(Ok(changes)) => return Ok(changes),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("git took longer than {} seconds", PATIENCE.as_secs()),
    };
    let task = task.clone();
    Err(Refusal::NoChanges { task, reason }.into())
}

/// Asks git for the changes on a branch, and in its worktree at `place` where that is still there.
pub(crate) async fn read(
    home: &Home,
    repositories: &Repositories,
    branch: &Branch,
    place: &Path,
) -> Result<Changes, Error> {
    let path = Path::new(&branch.repository);
    let trust = repositories.trust(path)?;
    let repository = Repository::open(home, path, trust).await?;
    let ask = Ask::of(&repository);
    // One whose `.git` is another by now is not looked into.
    let listed = Made::find(&repository, place).map(Made::into_listed).ok();
    let (commit, uncommitted) = match &listed {
        Some(listed) => (Some(head(listed).await?), uncommitted(listed).await?),
        None => (ask.branch(&branch.name).await?, Vec::new()),
    };
    let gone = || Error::BranchGone(branch.name.clone());
    let commit = commit.ok_or_else(gone)?;
    let base = match &branch.base {
        Some(base) if ask.has(base).await? => base.clone(),
        _ => ask.common_ancestor(&commit).await?,
    };
    let side = match &listed {
        Some(listed) if !uncommitted.is_empty() => Side::Files(listed),
        _ => Side::Commit(&repository, &commit),
    };
    let commits = side.commits(&base, &commit).await?;
    let changed = side.changed_files(&base).await?;
    let (mut patches, is_cut) = side.patches(&base, &changed.listed).await?;
    let files = with_new(changed.listed, &uncommitted);
    let is_uncommitted = is_among(&uncommitted);
    let changes = files.into_iter().map(|file| FileChange {
        is_uncommitted: is_uncommitted(&file),
        patch: patches.remove(&file.path),
        file: clean(file),
    });
    Ok(Changes {
        branch: branch.name.clone(),
        commits: commits.listed,
        more_commits: commits.more,
        files: changes.collect(),
        more_files: changed.more,
        is_cut,
        base,
        commit,
    })
}

fn is_among(uncommitted: &[Uncommitted]) -> impl Fn(&ChangedFile) -> bool {
    let paths: BTreeSet<&str> = uncommitted.iter().map(|it| it.path.as_str()).collect();
    move |file| {
        let old = file.old_path.as_deref();
        [Some(&*file.path), old]
            .into_iter()
            .flatten()
            .any(|path| paths.contains(path))
    }
}

/// A file whose path can be shown.
fn clean(mut file: ChangedFile) -> ChangedFile {
    file.path = one_line(&file.path).into_owned();
    let old = file.old_path.as_deref().map(one_line);
    file.old_path = old.map(Cow::into_owned);
    file
}

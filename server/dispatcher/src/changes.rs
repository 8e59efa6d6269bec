//! The changes of a task, as git tells them when somebody asks: of its worktree, or of its branch alone
//! once that is gone. Nothing is kept.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::branch::Branch;
use domain::changes::{ChangeKind, ChangedFile, Changes, FileChange, MOST_FILES, MOST_PATCH};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::text::one_line;
use kernel::{Kernel, with_changes};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::home::Home;
use crate::workspaces::beginning::Ask;
use crate::workspaces::diff::Side;
use crate::workspaces::new_files::{self, NewFile};
use crate::workspaces::tracked::{Uncommitted, head, uncommitted_files, with_new};
use crate::workspaces::{Error, Made, Repositories, Repository, branch_of};

/// The time limit of all questions to git together.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same where a worker waits to be started, and others after it.
const FOR_A_WORKER: Duration = Duration::from_secs(5);

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
    within(PATIENCE, kernel, home, repositories, task).await
}

/// Returns the text for the worker of a task ([`Kernel::context`]). Whoever is to judge the work finds its
/// changes there, where it was done in a worktree.
///
/// # Errors
/// Fails when there is no such task or the board cannot be read.
pub async fn context(
    kernel: &Kernel,
    home: &Home,
    repositories: &Repositories,
    task: &TaskId,
) -> Result<String, kernel::Error> {
    let context = kernel.context(task).await?;
    if kernel.task_alone(task).await?.in_review.is_none() {
        return Ok(context);
    }
    let changes = match within(FOR_A_WORKER, kernel, home, repositories, task).await {
        Ok(changes) => changes.to_review(task),
        Err(kernel::Error::Refused(Refusal::NoBranch(_))) => return Ok(context),
        Err(kernel::Error::Refused(Refusal::NoChanges { reason, .. })) => {
            format!("They cannot be shown now: {reason}. `kanban diff {task}` shows them.")
        }
        Err(error) => return Err(error),
    };
    Ok(with_changes(&context, &changes))
}

async fn within(
    patience: Duration,
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
    let changes = timeout(patience, read(home, repositories, &branch, &place)).await;
    let reason = match changes {
        Ok(Ok(changes)) => return Ok(changes),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("git took longer than {} seconds", patience.as_secs()),
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
        Some(listed) => (Some(head(listed).await?), uncommitted_files(listed).await?),
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
    let length: usize = patches.values().map(String::len).sum();
    let mut room = MOST_PATCH.saturating_sub(length);
    let mut files = with_new(changed.listed, &uncommitted);
    let left_out = files.len().saturating_sub(MOST_FILES);
    files.truncate(MOST_FILES);
    let is_uncommitted = is_among(&uncommitted);
    let new = uncommitted.iter().filter(|it| it.is_new);
    let new: BTreeSet<&str> = new.map(|it| it.path.as_str()).collect();
    let mut changes = Changes {
        branch: branch.name.clone(),
        commits: commits.listed,
        more_commits: commits.more,
        files: Vec::with_capacity(files.len()),
        more_files: changed.more + u32::try_from(left_out).unwrap_or(u32::MAX),
        is_cut,
        base,
        commit,
    };
    for mut file in files {
        let patch = if new.contains(file.path.as_str()) {
            of_new(place, &mut file, &mut room).await
        } else {
            patches.remove(&file.path)
        };
        let change = FileChange {
            is_uncommitted: is_uncommitted(&file),
            patch,
            file: clean(file),
        };
        changes.is_cut |= change.is_left_out();
        changes.files.push(change);
    }
    Ok(changes)
}

/// Returns the patch that would add a file that git does not know, where there is room for it. What it
/// holds is noted in `file`.
async fn of_new(place: &Path, file: &mut ChangedFile, room: &mut usize) -> Option<String> {
    if file.path.ends_with('/') {
        return None;
    }
    let (place, path) = (place.to_owned(), file.path.clone());
    let read = spawn_blocking(move || new_files::read(&place, &path)).await;
    match read.map_err(io::Error::from).flatten() {
        Ok(NewFile::Text { patch, lines }) => {
            (file.added, file.removed) = (Some(lines), Some(0));
            let patch = patch?;
            *room = room.checked_sub(patch.len())?;
            Some(patch)
        }
        Ok(NewFile::TooLong) => None,
        Ok(NewFile::Binary) => {
            file.kind = ChangeKind::Binary;
            None
        }
        Err(error) => {
            tracing::debug!(%error, "a new file is not shown");
            file.kind = ChangeKind::Binary;
            None
        }
    }
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

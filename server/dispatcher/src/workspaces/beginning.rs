//! The commit at which the work on a task begins: where the repository stands, or what its parents have
//! committed. Parents are merged before there is a worktree, so that a conflict leaves nothing behind.

use std::path::Path;

use domain::branch::Branch;
use domain::id::{RunToken, TaskId};
use kernel::Parent;
use serde::{Deserialize, Serialize};

use super::Error;
use super::git::Limit;
use super::repository::Repository;
use super::worktree::{Worktree, branch_of};
use crate::home::Home;

/// The author of what git commits for the board.
pub(super) const IDENTITY: [&str; 4] = [
    "-c",
    "user.name=Kanban",
    "-c",
    "user.email=kanban@localhost",
];

/// The largest number of files that a conflict names.
pub(super) const NAMED_FILES: usize = 20;

/// The longest list of paths that is read as a whole, in bytes.
pub(super) const PATHS: u64 = 16 * 1024 * 1024;

/// The longest answer that is read, in bytes.
const ANSWER: u64 = 64 * 1024;

/// A parent that has worked in the same repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParentBranch {
    pub(crate) task: TaskId,
    /// The commit at which the board last saw its branch.
    pub(crate) tip: Option<String>,
    /// The commit by which another branch holds its work, since that has landed.
    #[serde(default)]
    pub(crate) landed: Option<String>,
}

/// The board's records of where a task's work may begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lineage {
    /// Its own branch, where an attempt before this one has had one.
    pub(crate) branch: Option<Branch>,
    /// Its parents, in the order of its links.
    pub(crate) parents: Vec<Parent>,
}

impl Lineage {
    /// Lets a worktree begin by this. It blocks.
    pub(crate) fn place(&self, worktree: Worktree) -> Worktree {
        let spelled_out = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let own = spelled_out(&worktree.repository);
        let is_own = |path: &str| spelled_out(Path::new(path)) == own;
        let parents = self.parents.iter().filter(|parent| {
            let has_branch = parent.branch.as_deref() == Some(&*branch_of(&parent.id));
            has_branch && parent.repository.as_deref().is_some_and(is_own)
        });
        let parents = parents.map(|parent| ParentBranch {
            task: parent.id.clone(),
            tip: parent.commit.clone(),
            landed: parent.landed.clone(),
        });
        let known = self.branch.clone();
        Worktree {
            parents: parents.collect(),
            known: known.filter(|known| known.name == worktree.branch && is_own(&known.repository)),
            ..worktree
        }
    }
}

/// The beginning of a task's work, which git has been asked for.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(super) repository: Repository,
    /// The branch, as the board has to have it on record before git makes it.
    pub(crate) branch: Branch,
    /// False where the branch is there and goes on.
    pub(super) is_new: bool,
}

impl Worktree {
    /// Finds the commit at which the task's branch begins, or goes on, for the run with this token.
    ///
    /// # Errors
    /// Fails when the branch is there and is not the task's, or when the work of its parents cannot be
    /// merged.
    pub(crate) async fn begin(&self, home: &Home, run: &RunToken) -> Result<Beginning, Error> {
        let repository = Repository::open(home, &self.repository, self.trust).await?;
        let ask = Ask {
            repository: &repository,
            run: Some(run),
        };
        if let Some(tip) = ask.branch(&self.branch).await? {
            let stale = || Error::StaleBranch {
                branch: self.branch.clone(),
                repository: self.repository.clone(),
            };
            let known = self.known.clone().ok_or_else(stale)?;
            if let Some(base) = known.base.as_deref()
                && !(ask.has(base).await? && ask.is_in(base, &tip).await?)
            {
                return Err(stale());
            }
            return Ok(Beginning {
                branch: Branch {
                    tip: Some(tip),
                    ..known
                },
                repository,
                is_new: false,
            });
        }
        let head = ask.commit("HEAD").await?;
        let head = head.ok_or_else(|| Error::NoCommit(self.repository.clone()))?;
        let base = self.start(ask, head).await?;
        let onto = ask.head_branch().await?;
        Ok(Beginning {
            branch: Branch {
                name: self.branch.clone(),
                repository: self.repository.display().to_string(),
                base: Some(base.clone()),
                onto,
                tip: Some(base),
                ..Branch::default()
            },
            repository,
            is_new: true,
        })
    }

    /// The commit with the work of all parents; that of the repository where it has all of theirs.
    async fn start(&self, ask: Ask<'_>, head: String) -> Result<String, Error> {
        let mut start: Option<(String, String)> = None;
        for parent in &self.parents {
            if let Some(landed) = &parent.landed
                && ask.has(landed).await?
                && ask.is_in(landed, &head).await?
            {
                continue;
            }
            let branch = branch_of(&parent.task);
            let tip = match ask.branch(&branch).await? {
                Some(tip) => tip,
                None => match parent.tip.as_deref() {
                    Some(tip) if ask.has(tip).await? => tip.to_owned(),
                    _ => {
                        let parent = parent.task.clone();
                        return Err(Error::ParentGone { branch, parent });
                    }
                },
            };
            if ask.is_in(&tip, &head).await? {
                continue;
            }
            start = Some(match start {
                None => (branch, tip),
                Some(so_far) if ask.is_in(&tip, &so_far.1).await? => so_far,
                Some((_, so_far)) if ask.is_in(&so_far, &tip).await? => (branch, tip),
                Some(so_far) => {
                    let merged = ask.merge(&so_far, &(branch, tip), &self.branch).await?;
                    (so_far.0, merged)
                }
            });
        }
        Ok(start.map_or(head, |(_, commit)| commit))
    }
}

/// Questions about commits.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    repository: &'a Repository,
    /// The run whose supervisor asks.
    run: Option<&'a RunToken>,
}

impl<'a> Ask<'a> {
    /// Questions for nobody's run.
    pub(crate) fn of(repository: &'a Repository) -> Self {
        let run = None;
        Self { repository, run }
    }

    async fn git(self, limit: Limit, arguments: &[&str]) -> Result<super::git::Answer, Error> {
        self.repository
            .ask(self.run, limit, ANSWER, arguments)
            .await
    }

    /// The commit that a name stands for, if there is one.
    async fn commit(self, name: &str) -> Result<Option<String>, Error> {
        let name = format!("{name}^{{commit}}");
        let arguments = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        let answer = self.git(Limit::Look, &arguments).await?;
        if answer.says_no() {
            return Ok(None);
        }
        Ok(Some(answer.succeeded()?.text.trim().to_owned()))
    }

    /// The commit at which a branch is, if there is one of that name.
    pub(crate) async fn branch(self, branch: &str) -> Result<Option<String>, Error> {
        self.commit(&format!("refs/heads/{branch}")).await
    }

    /// Returns true if the repository has the commit.
    pub(crate) async fn has(self, commit: &str) -> Result<bool, Error> {
        Ok(is_id(commit) && self.commit(commit).await?.is_some())
    }

    /// Returns true if one commit is another, or comes before it.
    pub(crate) async fn is_in(self, commit: &str, other: &str) -> Result<bool, Error> {
        let arguments = ["merge-base", "--is-ancestor", commit, other];
        let answer = self.git(Limit::Scan, &arguments).await?;
        Ok(!answer.says_no() && answer.succeeded().is_ok())
    }

    /// The last commit that another and the one on which the repository stands have in common.
    pub(crate) async fn common_ancestor(self, commit: &str) -> Result<String, Error> {
        let answer = self
            .git(Limit::Scan, &["merge-base", "HEAD", commit])
            .await?;
        Ok(answer.succeeded()?.text.trim().to_owned())
    }

    /// Returns true for a branch that is only another name of one.
    pub(super) async fn is_symbolic(self, branch: &str) -> Result<bool, Error> {
        let name = format!("refs/heads/{branch}");
        let answer = self
            .git(Limit::Look, &["symbolic-ref", "--quiet", &name])
            .await?;
        Ok(!answer.says_no() && answer.succeeded().is_ok())
    }

    /// Merges two commits as far as files go, and returns their tree; `None` where they conflict.
    pub(super) async fn merged_tree(self, one: &str, other: &str) -> Result<Option<String>, Error> {
        let merge = [
            "merge-tree",
            "--write-tree",
            "--name-only",
            "--no-messages",
            one,
            other,
        ];
        let answer = self.repository.ask(self.run, Limit::Scan, PATHS, &merge);
        let answer = answer.await?.whole()?;
        if answer.says_no() {
            return Ok(None);
        }
        Ok(Some(answer.succeeded()?.text.trim().to_owned()))
    }

    /// The branch on which the repository stands.
    async fn head_branch(self) -> Result<Option<String>, Error> {
        let answer = self
            .git(Limit::Look, &["symbolic-ref", "--quiet", "HEAD"])
            .await?;
        if answer.says_no() {
            return Ok(None);
        }
        let name = answer.succeeded()?.text;
        Ok(name
            .trim()
            .strip_prefix("refs/heads/")
            .map(ToOwned::to_owned))
    }

    /// Merges two branches, of which each stands with its commit, and returns the merge. Only objects
    /// are written.
    pub(super) async fn merge(
        self,
        (ours, our_commit): &(String, String),
        (theirs, their_commit): &(String, String),
        into: &str,
    ) -> Result<String, Error> {
        let merge = [
            "merge-tree",
            "--write-tree",
            "-z",
            "--name-only",
            "--no-messages",
        ];
        let merge = [&merge[..], &[our_commit, their_commit]].concat();
        let answer = self.repository.ask(self.run, Limit::Scan, PATHS, &merge);
        let answer = answer.await?.whole()?;
        let conflicts = answer.says_no();
        let text = if conflicts {
            answer.text
        } else {
            answer.succeeded()?.text
        };
        let mut parts = text.split('\0').filter(|part| !part.is_empty());
        let tree = parts.next().unwrap_or_default();
        if conflicts {
            let files = parts.take(NAMED_FILES).map(ToOwned::to_owned);
            return Err(Error::Conflict {
                ours: ours.clone(),
                theirs: theirs.clone(),
                files: files.collect(),
            });
        }
        let message = format!("Merge branch '{theirs}' into {into}");
        let commit = [
            "commit-tree",
            tree,
            "-p",
            our_commit,
            "-p",
            their_commit,
            "-m",
            &message,
        ];
        let commit = [&IDENTITY[..], &commit].concat();
        let answer = self.git(Limit::Look, &commit).await?;
        Ok(answer.succeeded()?.text.trim().to_owned())
    }
}

/// Returns true for the full id of an object: what the board has on record may come from an import, and
/// must not be taken for an option.
pub(super) fn is_id(commit: &str) -> bool {
    matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
}

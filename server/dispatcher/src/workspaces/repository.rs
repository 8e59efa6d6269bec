//! A git repository of which tasks get worktrees, as git is let see it.
//!
//! Whoever may commit in a worktree may often write the repository's git folder too: its settings, which
//! name programs (hooks, filters, a watcher of files), are then not its owner's alone. So git is given
//! another folder in its place, the board's own: settings that we write, and links to the objects and
//! references. Only of a repository that `kanban.toml` calls trusted git sees the folder itself.

mod checkouts;

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use domain::id::{RunToken, TaskId};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::Error;
use super::beginning::is_id;
use super::files;
use super::git::{self, Answer, GitDirs, Limit, Settings};
use super::worktree::branch_of;
use crate::home::Home;

/// The longest file that says where another is, or which branch is checked out, in bytes.
const LONGEST_LINK: u64 = 8_192;

/// The entries that git finds in its place behind links.
const LINKED: [&str; 6] = [
    "objects",
    "refs",
    "packed-refs",
    "reftable",
    "shallow",
    "worktrees",
];

/// The other entries that git reads in its place.
const READ: [&str; 5] = ["HEAD", "config", "index", "info", "logs"];

/// The settings of a repository that say how its objects are kept and its files are written; none
/// names a program.
const KEPT: [&str; 9] = [
    "core.repositoryformatversion",
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.symlinks",
    "core.precomposeunicode",
    "extensions.objectformat",
    "extensions.refstorage",
];

/// The board's own git settings. There is no log of references where others would look for it.
const OWN: &str = "[core]\n\tbare = false\n\thooksPath = /dev/null\n\tlogAllRefUpdates = false\n";

/// Permission for git to run the programs that a repository's own settings name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trust {
    /// It may not.
    #[default]
    Untrusted,
    /// It runs its hooks and filters: `kanban.toml` says that nobody else can write them.
    Trusted,
}

/// A repository that can be worked with.
#[derive(Debug)]
pub(crate) struct Repository {
    folders: Folders,
    /// The board's own folder in the place of the repository's; `None` when that is trusted.
    view: Option<PathBuf>,
}

/// The folders of a repository (gitrepository-layout(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Folders {
    /// The HEAD that new branches begin at is in here.
    git: PathBuf,
    /// Objects, references, settings and the list of worktrees are in here. Without links in its path.
    common: PathBuf,
}

/// A worktree that the repository has in its list, or its own files.
#[derive(Debug)]
pub(crate) struct Listed<'a> {
    repository: &'a Repository,
    /// `worktrees/NAME` of the repository; of its own files what git sees in the place of the repository.
    folder: PathBuf,
    place: PathBuf,
    /// The index of its own files, which is not in that folder.
    index: Option<PathBuf>,
}

impl Repository {
    /// The repository at `path`: one with files beside it, a bare one, or a worktree of one.
    pub(crate) async fn open(home: &Home, path: &Path, trust: Trust) -> Result<Self, Error> {
        let (named, home) = (path.to_owned(), home.clone());
        let folders = blocking(path, move || Folders::of(&named)).await?;
        let folders = folders.ok_or_else(|| Error::NotARepository(path.to_owned()))?;
        if trust == Trust::Trusted {
            let view = None;
            return Ok(Self { folders, view });
        }
        if let Some(elsewhere) = folders.leads_out_of(path) {
            return Err(Error::NotListed(elsewhere));
        }
        let of_folders = folders.clone();
        let waited_for = blocking(path, move || of_folders.waited_for()).await?;
        if let Some(waited_for) = waited_for {
            return Err(Error::WaitedFor(waited_for));
        }
        let config = git::settings_of(&folders.common.join("config")).await?;
        let of_folders = folders.clone();
        let make = move || make_view(&home, &of_folders, &config);
        let view = Some(blocking(path, make).await?.map_err(|cause| {
            let path = path.to_owned();
            Error::CannotMake { path, cause }
        })?);
        Ok(Self { folders, view })
    }

    /// The repository of which `path` may be a worktree, as its owner has it: with its own files, where
    /// there are any.
    pub(crate) async fn open_main(home: &Home, path: &Path, trust: Trust) -> Result<Self, Error> {
        let named = path.to_owned();
        let folders = blocking(path, move || Folders::of(&named)).await?;
        let common = folders.map(|folders| folders.common);
        let beside = common.as_deref().filter(|common| common.ends_with(".git"));
        let whole = beside.and_then(Path::parent).or(common.as_deref());
        Self::open(home, whole.unwrap_or(path), trust).await
    }

    /// Returns what git prints, working on the repository itself.
    pub(crate) async fn git(
        &self,
        run: Option<&RunToken>,
        limit: Limit,
        arguments: &[&str],
    ) -> Result<String, Error> {
        let answer = self.ask(run, limit, u64::MAX, arguments).await?;
        Ok(answer.succeeded()?.text)
    }

    /// Returns the answer of git, which works on the repository itself, and at most so many bytes of it.
    pub(super) async fn ask(
        &self,
        run: Option<&RunToken>,
        limit: Limit,
        most: u64,
        arguments: &[&str],
    ) -> Result<Answer, Error> {
        let place = GitDirs {
            git_dir: self.view.as_ref().unwrap_or(&self.folders.git),
            common_dir: self.view.as_deref(),
            work_tree: None,
            index: None,
        };
        self.run(place, run, limit, most, arguments).await
    }

    async fn run(
        &self,
        place: GitDirs<'_>,
        run: Option<&RunToken>,
        limit: Limit,
        most: u64,
        arguments: &[&str],
    ) -> Result<Answer, Error> {
        let settings = match self.view {
            Some(_) => Settings::None,
            None => Settings::OfTheUser,
        };
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        git::git(place, settings, run, limit, most, &arguments).await
    }

    /// Makes the folder in which git keeps its list of worktrees, which it cannot do behind a link. It
    /// blocks.
    pub(super) fn make_list(&self) -> Result<(), Error> {
        let path = self.folders.common.join("worktrees");
        match fs::create_dir(&path) {
            Err(cause) if cause.kind() != ErrorKind::AlreadyExists => {
                Err(Error::CannotMake { path, cause })
            }
            _ => Ok(()),
        }
    }

    /// The worktree at `place`, as the repository has it in its list. What `place` says itself is not
    /// asked. It blocks.
    pub(crate) fn listed(&self, place: &Path) -> Option<Listed<'_>> {
        Some(Listed {
            repository: self,
            folder: folder_of(&self.folders.common, place)?,
            place: place.to_owned(),
            index: None,
        })
    }

    /// The files beside the repository, where they are at `place`. It blocks.
    pub(crate) fn own_files(&self, place: &Path) -> Option<Listed<'_>> {
        let beside = place.join(".git").canonicalize().ok()?;
        (beside == self.folders.common).then(|| Listed {
            repository: self,
            folder: self.view.clone().unwrap_or_else(|| beside.clone()),
            place: place.to_owned(),
            index: Some(beside.join("index")),
        })
    }
}

impl Listed<'_> {
    /// Its files are here.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Returns what git prints, working on the worktree.
    pub(crate) async fn git(&self, arguments: &[&str]) -> Result<String, Error> {
        let answer = self.ask(Limit::Scan, u64::MAX, arguments).await?;
        Ok(answer.succeeded()?.text)
    }

    /// Returns the answer of git, which works on the worktree, and at most so many bytes of it.
    pub(super) async fn ask(
        &self,
        limit: Limit,
        most: u64,
        arguments: &[&str],
    ) -> Result<Answer, Error> {
        let place = GitDirs {
            git_dir: &self.folder,
            common_dir: self.repository.view.as_deref(),
            work_tree: Some(&self.place),
            index: self.index.as_deref(),
        };
        self.repository
            .run(place, None, limit, most, arguments)
            .await
    }

    /// Returns true when somebody has locked it (`git worktree lock`). It blocks.
    pub(crate) fn is_locked(&self) -> bool {
        self.folder.join("locked").symlink_metadata().is_ok()
    }

    /// Lets the worktree belong to the repository, and no longer to the board's own folder in its place.
    /// It blocks.
    pub(crate) fn hand_over(&self) -> io::Result<()> {
        let link = format!("gitdir: {}\n", self.folder.display());
        fs::write(self.place.join(".git"), link)?;
        fs::remove_file(self.folder.join("locked"))
    }

    /// Returns true when it keeps the repositories of submodules. It blocks.
    pub(crate) fn keeps_submodules(&self) -> bool {
        self.folder.join("modules").symlink_metadata().is_ok()
    }

    /// Returns true when its `.git` is the file that was made with it: its worker may have put
    /// another there, or a repository. It blocks.
    pub(crate) fn is_as_made(&self) -> bool {
        let link = small_file(&self.place.join(".git"));
        let folder = link
            .as_deref()
            .and_then(|link| link.strip_prefix("gitdir:"));
        let folder = folder.map(|folder| self.place.join(folder.trim()).canonicalize());
        matches!(folder, Some(Ok(folder)) if folder == self.folder)
    }
}

/// Returns true when git was killed while it made the worktree at `place`: it locks one while it
/// does, for this reason. No worker has ever run there. It blocks.
pub(super) fn is_half_made(repository: &Path, place: &Path) -> bool {
    let folder = Folders::of(repository).and_then(|folders| folder_of(&folders.common, place));
    let locked = folder.and_then(|folder| small_file(&folder.join("locked")));
    locked.is_some_and(|reason| reason.starts_with("initializing"))
}

/// The place of another worktree than the one at `place` that has the branch. It blocks.
pub(super) fn checked_out_at(repository: &Path, branch: &str, place: &Path) -> Option<PathBuf> {
    let (head, place) = (format!("ref: refs/heads/{branch}"), spelled_out(place));
    let has_branch =
        |folder: &PathBuf| small_file(&folder.join("HEAD")).is_some_and(|it| it.trim() == head);
    let folders = worktree_folders(&Folders::of(repository)?.common)?;
    let mut places = folders.filter(has_branch).filter_map(|it| place_of(&it));
    places.find(|other| *other != place)
}

/// The folder in which the repository at `path` has its branches. It blocks.
pub(crate) fn common_folder(path: &Path) -> Option<PathBuf> {
    Some(Folders::of(path)?.common)
}

/// The commit at which the branch of a task is, where git keeps it as a file of its own. It blocks.
pub(crate) fn plain_tip(repository: &Path, task: &TaskId) -> Option<String> {
    let common = Folders::of(repository)?.common;
    let branch = common.join("refs/heads").join(branch_of(task));
    let tip = small_file(&branch)?.trim().to_owned();
    is_id(&tip).then_some(tip)
}

/// The place at which the repository of the worktree at `place` has it in its list, if that is another:
/// it was moved from there, or copied. It blocks.
pub(super) fn listed_at(place: &Path) -> Option<PathBuf> {
    let link = small_file(&place.join(".git"))?;
    let folder = place.join(link.strip_prefix("gitdir:")?.trim());
    place_of(&folder).filter(|listed| *listed != spelled_out(place))
}

/// The reason why no worktree is made of `path`: it is neither the top of a repository, with files beside
/// it or bare, nor a worktree. It blocks.
pub(crate) fn repository_problem(path: &Path) -> Option<Error> {
    let has_one = is_repository(path) || is_worktree(path);
    (!has_one).then(|| Error::NotARepository(path.to_owned()))
}

/// Returns true when `path` is the top of a repository: one with files beside it, or a bare one. It
/// blocks.
pub(super) fn is_repository(path: &Path) -> bool {
    is_git_folder(&path.join(".git")) || is_git_folder(path)
}

/// Returns true when `path` claims to be a worktree. It blocks.
pub(super) fn is_worktree(path: &Path) -> bool {
    small_file(&path.join(".git")).is_some_and(|link| link.starts_with("gitdir:"))
}

fn is_git_folder(path: &Path) -> bool {
    path.join("HEAD").is_file() && path.join("objects").is_dir()
}

impl Folders {
    /// It blocks.
    fn of(path: &Path) -> Option<Self> {
        let beside = path.join(".git");
        let git = match small_file(&beside) {
            Some(link) => path.join(link.strip_prefix("gitdir:")?.trim()),
            None if is_git_folder(&beside) => beside,
            None => path.to_owned(),
        };
        let common = match small_file(&git.join("commondir")) {
            Some(common) => git.join(common.trim()),
            None => git.clone(),
        };
        let common = common.canonicalize().ok()?;
        is_git_folder(&common).then_some(Self { git, common })
    }

    /// The first path at which files that others may write lead out of the repository at `path`. It
    /// blocks.
    fn leads_out_of(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        if !self.common.starts_with(&path) {
            return Some(self.common.clone());
        }
        let parts = LINKED.iter().map(|name| self.common.join(name));
        let mut parts = parts.filter_map(|part| part.canonicalize().ok());
        parts.find(|part| !part.starts_with(&path))
    }

    /// The first file that git would wait for, of those that it reads. It blocks.
    fn waited_for(&self) -> Option<PathBuf> {
        let parts = LINKED.iter().chain(&READ);
        let parts = parts.map(|name| self.common.join(name));
        let mut all = parts.flat_map(|part| {
            let below = files::below(&part).flatten();
            std::iter::once(part).chain(below)
        });
        all.find(|path| files::is_waited_for(path))
    }
}

/// The folder `worktrees/NAME` of the worktree at `place`.
fn folder_of(common: &Path, place: &Path) -> Option<PathBuf> {
    let place = spelled_out(place);
    worktree_folders(common)?.find(|folder| place_of(folder).as_ref() == Some(&place))
}

/// The folders `worktrees/NAME`.
fn worktree_folders(common: &Path) -> Option<impl Iterator<Item = PathBuf> + use<>> {
    let entries = fs::read_dir(common.join("worktrees")).ok()?.flatten();
    // Not what a link leads to.
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    Some(folders.map(|entry| entry.path()))
}

/// The place of the worktree that has this folder `worktrees/NAME`.
fn place_of(folder: &Path) -> Option<PathBuf> {
    let link = folder.join(small_file(&folder.join("gitdir"))?.trim());
    let is_link = link.file_name() == Some(OsStr::new(".git"));
    link.parent().filter(|_| is_link).map(spelled_out)
}

/// A path without the links in it, also where nothing is at its end.
fn spelled_out(path: &Path) -> PathBuf {
    let parent = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    let spelled_out = path.canonicalize().ok().or_else(parent);
    spelled_out.unwrap_or_else(|| path.to_owned())
}

/// The text of a small file that is no link: what others may write can be a pipe, or without end.
fn small_file(path: &Path) -> Option<String> {
    let found = path.symlink_metadata().ok()?;
    let is_small = found.is_file() && found.len() <= LONGEST_LINK;
    is_small.then(|| fs::read_to_string(path).ok()).flatten()
}

/// Makes the folder that git is given in the place of the repository's. It is made anew each time, piece
/// by piece, because others may work with it.
fn make_view(home: &Home, folders: &Folders, config: &str) -> io::Result<PathBuf> {
    let mut name = DefaultHasher::new();
    (&folders.git, &folders.common).hash(&mut name);
    let view = home.git().join(format!("{:016x}", name.finish()));
    fs::create_dir_all(view.join("info"))?;
    for name in LINKED {
        put_link(&folders.common.join(name), &view.join(name))?;
    }
    let exclude = "info/exclude";
    put_link(&folders.common.join(exclude), &view.join(exclude))?;
    let head = small_file(&folders.git.join("HEAD")).ok_or(ErrorKind::InvalidData)?;
    put_file(&view.join("HEAD"), &head)?;
    put_file(&view.join("config"), &own_config(config))?;
    Ok(view)
}

/// The settings that are kept of those that git has read (`name\nvalue\0`), and the board's own.
fn own_config(config: &str) -> String {
    let kept = config.split('\0').filter_map(|line| {
        let (name, value) = line.split_once('\n')?;
        let (section, key) = name.split_once('.')?;
        let is_word = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_word && KEPT.contains(&name)).then(|| format!("[{section}]\n\t{key} = {value}\n"))
    });
    std::iter::once(OWN.to_owned()).chain(kept).collect()
}

fn put_link(to: &Path, at: &Path) -> io::Result<()> {
    if fs::read_link(at).is_ok_and(|there| there == to) {
        return Ok(());
    }
    put(at, |aside| symlink(to, aside))
}

fn put_file(at: &Path, text: &str) -> io::Result<()> {
    if small_file(at).is_some_and(|there| there == text) {
        return Ok(());
    }
    put(at, |aside| fs::write(aside, text))
}

/// Puts something in the place of what is there, at once.
fn put(at: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let aside = at.with_added_extension(std::process::id().to_string());
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    make(&aside)?;
    fs::rename(&aside, at)
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(job).await;
    done.map_err(|cause| Error::CannotMake {
        path: path.to_owned(),
        cause: cause.into(),
    })
}

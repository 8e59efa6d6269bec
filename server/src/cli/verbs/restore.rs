//! `kanban restore`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use dispatcher::Home;
use kernel::{Alone, copies};
use serde_json::json;

use crate::board_file;
use crate::cli::output::Output;
use crate::cli::progress;
use crate::file_system::make_private_folder;

/// Restore a backup in place of the board
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban restore ~/.kanban/backups/kanban-1790000000-4711.db --force\n  \
    kanban --home ~/other restore backup.db")]
pub(crate) struct Args {
    /// The backup
    file: PathBuf,
    /// Replace the board that is there; it is kept in the folder `backups`
    #[arg(long)]
    force: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, home: &Home, output: &mut Output) -> anyhow::Result<()> {
    let db = home.db();
    let is_there = db.symlink_metadata().is_ok();
    ensure!(
        args.force || !is_there,
        "{} exists; --force replaces it and keeps it in {}",
        db.display(),
        home.backups().display()
    );
    // Before anything is locked: a pipe would be waited for.
    ensure!(
        !args.file.exists() || args.file.is_file(),
        "{} is no regular file",
        args.file.display()
    );
    make_private_folder(home.root())
        .with_context(|| format!("cannot make the home folder {}", home.root().display()))?;
    // Until the new file is in its place: what others wrote to the old one would be lost.
    let alone = Alone::with(&db)?;
    ensure!(
        alone.is_some(),
        "{} is open in {}; stop it first",
        db.display(),
        board_file::holders(&db)
    );
    ensure!(
        !dispatcher::is_held(home)?,
        "another program dispatches {}: {}; stop it first",
        db.display(),
        dispatcher::lock_holders(&home.dispatch_lock()).join(", ")
    );
    let is_own = is_own_home(home, &args.file);
    // The copy is looked through before anything of the old board is touched.
    let fresh = db.with_extension("db.restored");
    remove_unfinished(&db).with_context(|| format!("cannot clear up {}", home.root().display()))?;
    let copied = progress::blocking("restoring the board", || copies::copy(&args.file, &fresh))
        .with_context(|| format!("cannot restore {}", args.file.display()))?;
    let (now, identity) = (kernel::Clock::default().now(), home.identity()?);
    let from = (!is_own).then_some("restore");
    copies::take_in(&fresh, now, from, &identity, &home.workspaces())?;
    let kept = if is_there {
        Some(progress::blocking("keeping the old board", || {
            keep(&db, home)
        })?)
    } else {
        None
    };
    remove_log(&db)?;
    fs::rename(&fresh, &db).with_context(|| format!("cannot write {}", db.display()))?;
    drop(alone);
    if args.json {
        let told = json!({
            "db": db,
            "tasks": copied.tasks,
            "kept": kept,
            "paused": !is_own,
        });
        return output.json(&told);
    }
    output.line(format_args!(
        "Restored {} task(s) to {}",
        copied.tasks,
        db.display()
    ));
    if let Some(kept) = kept {
        output.line(format_args!(
            "The board that was there is {}",
            kept.display()
        ));
    }
    if !is_own {
        output.note(PAUSED);
    }
    Ok(())
}

/// Removes the write-ahead log of a file that is gone, which would be taken for that of the new one.
fn remove_log(db: &Path) -> anyhow::Result<()> {
    for suffix in ["-wal", "-shm"] {
        remove_if_there(&beside(db, suffix))?;
    }
    Ok(())
}

fn remove_if_there(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes what restores that were killed have left. Nobody else restores this board now.
fn remove_unfinished(db: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (db.parent(), db.file_name()) else {
        return Ok(());
    };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.file_name();
        let found = found.to_string_lossy();
        let rest = found.strip_prefix(&*name.to_string_lossy());
        if rest.is_some_and(|rest| rest.contains(".restored")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Told where a board came from elsewhere.
pub(super) const PAUSED: &str = "It starts nothing until `kanban resume`, because the board that it was \
     copied from may be at work: end that one first, or every task is done twice";

/// Returns true when the backup is one of this home's board: the board that is there is the same and starts
/// tasks, or there is none to be read and the backup lies among those of this home. In doubt it is not: to
/// resume costs a word, and every task would be done twice.
fn is_own_home(home: &Home, file: &Path) -> bool {
    let db = home.db();
    match copies::is_copy_of(&db, file) {
        Ok(is_same) => is_same && !copies::is_paused(&db).unwrap_or(true),
        Err(_) => is_in(&home.backups(), file).unwrap_or(false),
    }
}

fn is_in(folder: &Path, file: &Path) -> io::Result<bool> {
    let folder = folder.canonicalize()?;
    Ok(file.canonicalize()?.parent() == Some(&folder))
}

/// Copies the old board as it lies there, sound or not, and takes its file away. Its write-ahead log goes
/// after that: whoever looks in between finds no board rather than one that lacks what its log held.
fn keep(db: &Path, home: &Home) -> anyhow::Result<PathBuf> {
    let folder = home.backups();
    make_private_folder(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let now = kernel::Clock::default().now().0;
    let kept = folder.join(format!("kanban-{now}-{}-replaced.db", std::process::id()));
    for suffix in ["", "-wal"] {
        let (from, to) = (beside(db, suffix), beside(&kept, suffix));
        if from.symlink_metadata().is_ok() {
            fs::copy(&from, &to).with_context(|| format!("cannot write {}", to.display()))?;
            fs::File::open(&to)?.sync_all()?;
        }
    }
    // Nothing refers to the copy before its folder is on disk.
    fs::File::open(&folder)?.sync_all()?;
    remove_if_there(db)?;
    Ok(kept)
}

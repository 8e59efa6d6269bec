//! The machine: SQLite, the home folder and what it lies on, the configuration, the file itself.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context as _;
use dispatcher::{Config, Home, Settings};
use kernel::copies;
use rustix::fs::{Access, access, statvfs};

use super::finding::Finding;
use crate::{board_file, file_system};

/// Below this nothing should be started any more: a few backups and logs fill it.
const TOO_LITTLE_MIB: u64 = 64;

/// The number of files that a few runs make, with their folders and logs.
const TOO_FEW_FILES: u64 = 1_000;

/// Below this it is time to look.
const LITTLE_MIB: u64 = 1024;

pub(super) fn sqlite() -> Finding {
    // An older one would not have opened the board; it is built in.
    Finding::ok("sqlite", format!("SQLite {}", copies::sqlite_version()))
}

/// The home folder, the disk and the file system under it.
pub(super) fn home(home: &Home) -> Vec<Finding> {
    let root = home.root();
    let shown = root.display();
    let is_folder = match fs::metadata(root) {
        Ok(found) => found.is_dir(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let message = format!("there is no {shown} yet");
            return vec![Finding::note("home", message, "`kanban init` makes it")];
        }
        Err(error) => {
            let message = format!("{shown} cannot be looked at: {error}");
            let remedy = "check the path of --home and the rights of the folders above it";
            return vec![Finding::wrong("home", message, remedy)];
        }
    };
    if !is_folder {
        let message = format!("{shown} is not a folder");
        let remedy = "move that file away, or choose another --home";
        return vec![Finding::wrong("home", message, remedy)];
    }
    let mut findings = vec![rights(root), file_system(root), room(root)];
    if let Err(error) = dispatcher::look_at_machine(home) {
        let message = format!("no task can be started: {error}");
        let remedy = match error {
            dispatcher::Error::Workspace(_) => {
                "wait for its end, or end that process; work then goes on by itself"
            }
            _ => "make room there, or give the folder its rights back; work then goes on by itself",
        };
        findings.push(Finding::wrong("machine", message, remedy));
    }
    findings
}

fn rights(root: &Path) -> Finding {
    let shown = root.display();
    if access(root, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let message = format!("you may not write to {shown}");
        return Finding::wrong("permissions", message, format!("chown -R $USER {shown}"));
    }
    let mode = fs::metadata(root).map(|found| found.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        let message = format!("others can look into {shown}");
        return Finding::note("permissions", message, format!("chmod 700 {shown}"));
    }
    Finding::ok("permissions", format!("only you can look into {shown}"))
}

fn file_system(root: &Path) -> Finding {
    match file_system::network_mount(root) {
        Ok(None) => Finding::ok("file system", "on a disk of this machine"),
        Ok(Some(name)) => Finding::wrong(
            "file system",
            format!(
                "{} is a network mount ({name}), where SQLite can lose data",
                root.display()
            ),
            "choose a --home on a disk of this machine",
        ),
        Err(error) => {
            let remedy = "make sure that it is a disk of this machine";
            Finding::note(
                "file system",
                format!("the system does not say: {error}"),
                remedy,
            )
        }
    }
}

fn room(root: &Path) -> Finding {
    let Ok(disk) = statvfs(root) else {
        return Finding::note(
            "disk",
            "the system does not say how full it is",
            "look with `df`",
        );
    };
    let free_mib = disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024);
    let remedy = "`kanban gc` removes what nobody needs; else make room";
    // Some file systems have no fixed number of files, and say 0.
    if disk.f_files > 0 && disk.f_favail < TOO_FEW_FILES {
        let message = format!("{} more files can be made (`df -i`)", disk.f_favail);
        return Finding::wrong("disk", message, remedy);
    }
    let message = format!("{free_mib} MiB are free");
    if free_mib < TOO_LITTLE_MIB {
        Finding::wrong("disk", message, remedy)
    } else if free_mib < LITTLE_MIB {
        Finding::note("disk", message, remedy)
    } else {
        Finding::ok("disk", message)
    }
}

/// `kanban.toml`.
pub(super) fn config(home: &Home) -> anyhow::Result<Finding> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let finding = match Settings::read(home, &Config::new(program)) {
        Ok(settings) => {
            let (cap, reason) = settings.cap();
            Finding::ok(
                "config",
                format!("{cap} task(s) may run at once ({reason})"),
            )
        }
        Err(mistake) => {
            let remedy = "mend that line; `kanban guide lanes` says what may stand there";
            Finding::wrong("config", mistake.to_string(), remedy)
        }
    };
    Ok(finding)
}

/// The file, and whether it can be opened without being changed.
pub(super) fn database(home: &Home) -> (Vec<Finding>, bool) {
    let db = home.db();
    let is_empty = fs::metadata(&db).is_ok_and(|found| found.len() == 0);
    if (is_empty || !db.exists()) && board_file::has_been_used(home) {
        let message = format!(
            "{} is gone or empty, but this home was in use",
            db.display()
        );
        let remedy = format!(
            "`kanban restore FILE --force` with a copy from {}, or begin anew with `kanban init`",
            home.backups().display()
        );
        return (vec![Finding::wrong("database", message, remedy)], false);
    }
    if !db.exists() {
        let message = format!("there is no {} yet", db.display());
        return (
            vec![Finding::note("database", message, "`kanban init` makes it")],
            false,
        );
    }
    let remedy = format!(
        "`kanban restore FILE --force` with a copy from {}",
        home.backups().display()
    );
    match copies::examine(&db) {
        Ok(found) if !found.problems.is_empty() => {
            let wrong = |problem: String| Finding::wrong("database", problem, remedy.clone());
            (found.problems.into_iter().map(wrong).collect(), false)
        }
        Ok(found) => {
            let message = format!("{} task(s), every page in order", found.tasks);
            let mut findings = vec![Finding::ok("database", message)];
            findings.extend(found.worn_out.iter().map(|table| {
                let message = format!("the numbers of the table {table:?} are used up, or soon");
                Finding::wrong("database", message, remedy.clone())
            }));
            if !found.is_current {
                let remedy = "the next verb brings it up to date and keeps a copy in `backups`";
                let message = format!("of an earlier version (schema {})", found.schema);
                findings.push(Finding::note("database", message, remedy));
            }
            (findings, found.is_current)
        }
        Err(error) => (
            vec![Finding::wrong("database", error.to_string(), remedy)],
            false,
        ),
    }
}

//! Old logs.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use domain::id::TaskId;
use domain::time::Timestamp;

use super::remove::{Found, Managed};
use super::{Kept, Mode};
use crate::home::Home;

/// Removes the logs that nobody has written to since `before`, except those of `busy` tasks. Files
/// that we did not make stay.
pub(super) fn collect(
    home: &Home,
    before: Timestamp,
    busy: &BTreeSet<TaskId>,
    mode: Mode,
) -> io::Result<(Vec<PathBuf>, Vec<Kept>)> {
    let (mut removed, mut kept) = (Vec::new(), Vec::new());
    let Some(logs) = Managed::open(home.root(), &home.logs())? else {
        return Ok((removed, kept));
    };
    for name in logs.names()? {
        let is_quiet = task_of(&name).is_some_and(|task| !busy.contains(&task));
        let is_old = matches!(logs.find(&name)?, Found::File(written) if written < before);
        if !is_old || !is_quiet {
            continue;
        }
        let path = home.logs().join(&name);
        match logs.remove_file(&name, mode) {
            Ok(()) => removed.push(path),
            Err(cause) => kept.push(Kept {
                path,
                reason: cause.into(),
            }),
        }
    }
    Ok((removed, kept))
}

/// The task whose log, or raw output, has this file name.
fn task_of(name: &str) -> Option<TaskId> {
    let name = name.strip_suffix(".1").unwrap_or(name);
    let task = name.strip_suffix(".log").or(name.strip_suffix(".jsonl"));
    task?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn old_logs_of_quiet_tasks_go_and_nothing_else_does() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path()).unwrap();
        fs::create_dir_all(home.logs()).unwrap();
        let written = |name: &str, at: u64| {
            let file = File::create(home.logs().join(name)).unwrap();
            let at = UNIX_EPOCH + Duration::from_secs(at);
            file.set_modified(at).unwrap();
        };
        for name in [
            "t_1.log",
            "t_1.log.1",
            "t_1.jsonl",
            "t_2.log",
            "notes.txt",
            "t_1.txt",
            "x.log",
        ] {
            written(name, 99);
        }
        written("t_3.log", 100);
        symlink("notes.txt", home.logs().join("t_4.log")).unwrap();
        let busy = BTreeSet::from(["t_2".parse().unwrap()]);
        let collected = |mode| {
            let (logs, _) = collect(&home, Timestamp(100), &busy, mode).unwrap();
            let names = logs.iter().map(|path| path.file_name().unwrap().to_owned());
            let mut names: Vec<_> = names.collect();
            names.sort();
            names
        };
        assert_eq!(
            collected(Mode::DryRun),
            ["t_1.jsonl", "t_1.log", "t_1.log.1"]
        );
        assert_eq!(
            collected(Mode::Remove),
            ["t_1.jsonl", "t_1.log", "t_1.log.1"]
        );
        assert!(collected(Mode::Remove).is_empty());
        assert_eq!(fs::read_dir(home.logs()).unwrap().count(), 6);
    }
}

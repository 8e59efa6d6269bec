//! Processes that belong to runs of a board, as their environment or the folder of the run says.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;

use domain::id::RunId;
use domain::run::ProcessIdentity;

use crate::error::Error;
use crate::home::Home;
use crate::process;
use crate::run::folder::RunFolder;
use crate::run::unfinished_runs::traces;

/// A process that works for a run that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrphanProcess {
    /// The process.
    pub pid: i32,
    /// The run that it was started for.
    pub run: RunId,
}

/// The processes of this user that work for a run of the board which is not among `open`. It blocks.
///
/// # Errors
/// Fails when the processes cannot be listed, or a folder cannot be read.
pub fn orphan_processes(home: &Home, open: &BTreeSet<RunId>) -> Result<Vec<OrphanProcess>, Error> {
    let processes = process::all().map_err(Error::system("look for processes"))?;
    let of_this_board = |pid: i32| {
        // A process of somebody else, or one that is gone by now, is none of ours.
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let value = |name: &str| {
            let variables = environment.split(|byte| *byte == 0);
            let mut values = variables
                .filter_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
            values.next()
        };
        let is_ours = value("KANBAN_HOME").map(OsStr::from_bytes) == Some(home.root().as_os_str());
        let run = std::str::from_utf8(value("KANBAN_RUN")?)
            .ok()?
            .parse()
            .ok()?;
        let run = RunId(run);
        (is_ours && !open.contains(&run)).then_some((pid, run))
    };
    let mut orphan_processes: BTreeMap<i32, RunId> = processes.filter_map(of_this_board).collect();
    for run in RunFolder::runs_in(&home.runs())? {
        if !open.contains(&run) {
            let left = left_behind(home, &RunFolder::at(home.run_dir(run)))?;
            orphan_processes.extend(left.into_iter().map(|pid| (pid, run)));
        }
    }
    let orphan = |(pid, run)| OrphanProcess { pid, run };
    Ok(orphan_processes.into_iter().map(orphan).collect())
}

/// The processes of a run whose supervisor is gone.
fn left_behind(home: &Home, folder: &RunFolder) -> Result<Vec<i32>, Error> {
    let looked = "look for processes";
    let supervisor = folder.supervisor()?;
    let is_supervised = supervisor.map_or(Ok(false), |supervisor| is_alive(&supervisor));
    match traces(home, folder)? {
        Some(traces) if !is_supervised.map_err(Error::system(looked))? => {
            traces.pids().map_err(Error::system(looked))
        }
        _ => Ok(Vec::new()),
    }
}

/// Returns true while a process is alive. It blocks.
///
/// # Errors
/// Fails when the system does not say.
pub fn is_alive(identity: &ProcessIdentity) -> io::Result<bool> {
    Ok(process::find(identity)?.is_some())
}

/// Returns true while somebody has stopped a process. It blocks.
///
/// # Errors
/// Fails when the system does not say.
pub fn is_stopped(identity: &ProcessIdentity) -> io::Result<bool> {
    process::is_stopped(identity)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_of_a_closed_run_is_found_and_one_of_an_open_run_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let mut worker = Command::new("cat")
            .env("KANBAN_HOME", home.root())
            .env("KANBAN_RUN", "7")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = i32::try_from(worker.id()).unwrap();
        let run = RunId(7);
        assert_eq!(
            orphan_processes(&home, &BTreeSet::new()).unwrap(),
            [OrphanProcess { pid, run }]
        );
        assert_eq!(orphan_processes(&home, &BTreeSet::from([run])).unwrap(), []);
        worker.kill().unwrap();
        worker.wait().unwrap();
        assert_eq!(orphan_processes(&home, &BTreeSet::new()).unwrap(), []);
    }
}

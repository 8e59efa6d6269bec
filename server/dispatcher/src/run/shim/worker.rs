//! Starting the worker.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::fs::{Access, Mode, access};

use super::log::RotatingLog;
use super::output::{Logs, Output};
use super::transcript::Transcript;
use crate::error::Error;
use crate::lanes::OutputFormat;
use crate::run::folder::Spec;
use crate::workspaces;

/// A worker that runs.
pub(super) struct Started {
    pub(super) pid: u32,
    pub(super) output: Output,
    /// The beginning of its output in the task's log, as an offset in bytes.
    pub(super) log_start: u64,
}

/// Starts the worker of a run as our child.
pub(super) fn start(spec: &Spec) -> Result<Started, Error> {
    let [program, arguments @ ..] = spec.argv.as_slice() else {
        return Err(Error::system("start the worker")(ErrorKind::InvalidInput));
    };
    let log = RotatingLog::open(&spec.log, spec.run)?;
    let log_start = log.size();
    let raw = match spec.output {
        OutputFormat::Text => None,
        _ => Some(RotatingLog::open_raw(&spec.log, spec.run)?),
    };
    let transcript = Transcript::new(spec.output, &spec.workspace);
    let (output, pipes) = Output::copy_to(Logs { log, raw }, transcript)?;
    let mut worker = Command::new(program);
    worker
        .args(arguments)
        .current_dir(&spec.workspace)
        .stdin(Stdio::null())
        .stdout(pipes.stdout)
        .stderr(pipes.stderr)
        // A worker that signals its own group does not signal us.
        .process_group(0);
    for (name, value) in &spec.env {
        match value {
            Some(value) => worker.env(name, value),
            None => worker.env_remove(name),
        };
    }
    // OpenCode works where this says, and ours is the folder that the server was started in.
    worker.env("PWD", &spec.workspace).env_remove("OLDPWD");
    // Dropping the handle does not wait: the tree reaps the worker with all other children.
    let worker = spawn(worker, spec.umask).map_err(|cause| {
        let path = spec.workspace.clone();
        if !path.is_dir() {
            workspaces::Error::Gone(path).into()
        } else if access(&path, Access::EXEC_OK).is_err() {
            workspaces::Error::CannotEnter { path, cause }.into()
        } else {
            let program = program.into();
            Error::Program { program, cause }
        }
    })?;
    Ok(Started {
        pid: worker.id(),
        output,
        log_start,
    })
}

/// Starts the worker with the umask of the person who started the server: what it makes is theirs,
/// to be shared as they like. What we make ourselves stays closed to others.
fn spawn(mut worker: Command, umask: Option<u32>) -> std::io::Result<Child> {
    let Some(umask) = umask else {
        return worker.spawn();
    };
    let ours = rustix::process::umask(Mode::from_bits_truncate(umask));
    let child = worker.spawn();
    rustix::process::umask(ours);
    child
}

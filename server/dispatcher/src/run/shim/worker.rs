//! Starting the worker.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fs::{Access, Mode, access};
use rustix::io::Errno;

use super::log::RotatingLog;
use super::output::{Logs, Output};
use super::transcript::Transcript;
use crate::error::Error;
use crate::lanes::OutputFormat;
use crate::lanes::program::find;
use crate::run::folder::{CheckSpec, Place, Spec};
use crate::workspaces;

/// A worker that runs.
pub(super) struct Started {
    pub(super) pid: u32,
    pub(super) output: Output,
    /// The beginning of its output in the task's log, as an offset in bytes.
    pub(super) log_start: u64,
}

/// Starts the worker of a run as our child. `head` stands above its output in the log.
pub(super) fn start(spec: &Spec, head: &[String]) -> Result<Started, Error> {
    let name = [format!("run {}", spec.run)];
    let head: Vec<&str> = name.iter().chain(head).map(String::as_str).collect();
    let log = RotatingLog::open(&spec.log, &head)?;
    let raw = match spec.output {
        OutputFormat::Text => None,
        _ => Some(RotatingLog::open_raw(&spec.log, spec.run)?),
    };
    run(
        &spec.place(),
        &spec.argv,
        Logs { log, raw },
        spec.output,
        &[],
    )
}

/// Starts a check as our child, whose output stands in the log below the heading. It may read what the
/// worker named as its result.
pub(super) fn start_check(
    place: &Place<'_>,
    check: &CheckSpec,
    (log, heading): (&Path, &str),
    result: &Path,
) -> Result<Started, Error> {
    let log = RotatingLog::open(log, &[heading])?;
    let env = [
        ("KANBAN_CHECK", OsStr::new("1")),
        ("KANBAN_RESULT", result.as_os_str()),
    ];
    let logs = Logs { log, raw: None };
    run(place, &check.argv, logs, OutputFormat::Text, &env)
}

fn run(
    place: &Place<'_>,
    argv: &[String],
    logs: Logs,
    format: OutputFormat,
    env: &[(&str, &OsStr)],
) -> Result<Started, Error> {
    let [program, arguments @ ..] = argv else {
        return Err(Error::system("start the worker")(ErrorKind::InvalidInput));
    };
    let log_start = logs.log.size();
    let transcript = Transcript::new(format, place.workspace);
    let (output, pipes) = Output::copy_to(logs, transcript)?;
    // Given a path, the system starts a program without a copy of this one first (`posix_spawn`).
    let path = place.env.get("PATH").and_then(Option::as_ref);
    let found = path.and_then(|path| find(program, OsStr::new(path)));
    let found = found.filter(|file| file.is_absolute());
    let start = |file: &Path| {
        let mut worker = Command::new(file);
        worker
            .arg0(program)
            .args(arguments)
            .current_dir(place.workspace)
            .stdin(Stdio::null())
            .stdout(pipes.stdout.try_clone()?)
            .stderr(pipes.stderr.try_clone()?)
            // A worker that signals its own group does not signal us.
            .process_group(0);
        for (name, value) in place.env {
            match value {
                Some(value) => worker.env(name, value),
                None => worker.env_remove(name),
            };
        }
        worker.envs(env.iter().copied());
        // OpenCode works where this says, and ours is the folder that the server was started in.
        worker.env("PWD", place.workspace).env_remove("OLDPWD");
        spawn(worker, place.umask)
    };
    let started = match &found {
        // A script without a first line: execvp(3) hands it to the shell, posix_spawn(3) does not.
        Some(file) => start(file).or_else(|cause| {
            if cause.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) {
                start(Path::new(program))
            } else {
                Err(cause)
            }
        }),
        None => start(Path::new(program)),
    };
    // Dropping the handle does not wait: the tree reaps the worker with all other children.
    let worker = started.map_err(|cause| {
        let path = place.workspace.to_owned();
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

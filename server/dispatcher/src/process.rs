//! Telling processes apart, and what `/proc` says of them.

pub(crate) mod foreign_workers;
pub(crate) mod holders;
pub(crate) mod orphan_cleanup;
pub(crate) mod orphan_processes;

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;

use domain::run::ProcessIdentity;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// The fields of `/proc/<pid>/stat` that we need, as in `proc_pid_stat(5)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) parent: i32,
    /// The id of its session, which is that of the process that opened it (setsid(2)).
    pub(crate) session: i32,
    pub(crate) has_ended: bool,
    /// Somebody has stopped it: by SIGSTOP, or to trace it.
    pub(crate) is_stopped: bool,
    pub(crate) started_ticks: i64,
}

/// The identity of this process.
///
/// # Errors
/// Fails when `/proc` cannot be read.
pub(crate) fn own_identity() -> io::Result<ProcessIdentity> {
    let pid = rustix::process::getpid().as_raw_pid();
    let stat = stat(pid)?.ok_or(ErrorKind::NotFound)?;
    Ok(ProcessIdentity {
        boot_id: boot_id()?,
        pid: pid.into(),
        started_ticks: stat.started_ticks,
    })
}

/// A handle to the process of this identity; `None` when it has ended.
///
/// # Errors
/// Fails when the operating system gives no handle or `/proc` cannot be read.
pub(crate) fn find(identity: &ProcessIdentity) -> io::Result<Option<OwnedFd>> {
    let Ok(pid) = i32::try_from(identity.pid) else {
        return Ok(None);
    };
    if identity.boot_id != boot_id()? {
        return Ok(None);
    }
    let handle = started_at(pid, identity.started_ticks)?;
    let has_ended = stat(pid)?.is_none_or(|stat| stat.has_ended);
    Ok(handle.filter(|_| !has_ended))
}

/// Returns true while the process of this identity is stopped.
///
/// # Errors
/// Fails when `/proc` cannot be read.
pub(crate) fn is_stopped(identity: &ProcessIdentity) -> io::Result<bool> {
    // With a handle to it, its id stands for no other process.
    let Some(_handle) = find(identity)? else {
        return Ok(false);
    };
    let pid = i32::try_from(identity.pid).map_err(io::Error::other)?;
    Ok(stat(pid)?.is_some_and(|stat| stat.is_stopped))
}

/// A handle to the process with this id that was started then; `None` when there is none any more.
///
/// The handle is taken before the start is compared, so it cannot belong to a later process that got
/// the same id.
///
/// # Errors
/// Fails when the operating system gives no handle or `/proc` cannot be read.
pub(crate) fn started_at(pid: i32, started_ticks: i64) -> io::Result<Option<OwnedFd>> {
    let Some(handle) = handle(pid)? else {
        return Ok(None);
    };
    let is_the_same = stat(pid)?.is_some_and(|stat| stat.started_ticks == started_ticks);
    Ok(is_the_same.then_some(handle))
}

/// A handle to the process that has this id now, whichever that is; `None` when there is none.
///
/// # Errors
/// Fails when the operating system gives no handle.
pub(crate) fn handle(pid: i32) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = Pid::from_raw(pid) else {
        return Ok(None);
    };
    match pidfd_open(pid, PidfdFlags::NONBLOCK) {
        Ok(handle) => Ok(Some(handle)),
        Err(rustix::io::Errno::SRCH) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The state of a process; `None` when there is no such process.
pub(crate) fn stat(pid: i32) -> io::Result<Option<Stat>> {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(line) => Ok(parse_stat(&line)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The ids of the children of a process; none where it has ended (`proc_pid_task_children(5)`).
pub(crate) fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let lists = threads
        .into_iter()
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    let ids = |list: String| -> Vec<i32> {
        let ids = list.split_ascii_whitespace();
        ids.filter_map(|id| id.parse().ok()).collect()
    };
    lists.flat_map(ids).collect()
}

/// Returns true if the system says that a process has no child.
pub(crate) fn is_childless(pid: i64) -> bool {
    let says = fs::exists(format!("/proc/{pid}/task/{pid}/children")).unwrap_or(false);
    says && i32::try_from(pid).is_ok_and(|pid| children(pid).is_empty())
}

/// The ids of all processes that we may see.
pub(crate) fn all() -> io::Result<impl Iterator<Item = i32>> {
    let entries = fs::read_dir("/proc")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

/// Returns true when a read from `/proc` failed because the process ended meanwhile: between
/// opening and reading that shows as `ESRCH`.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// The name of this machine, for the claims that it holds.
pub(crate) fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// The id of the present boot.
pub(crate) fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim()
        .to_owned())
}

/// The second field is the program's name in parentheses, which may itself hold spaces and
/// parentheses; so the fields are counted from the last closing one.
fn parse_stat(line: &str) -> Option<Stat> {
    let (_, fields) = line.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    // Field 22 of the line: state is field 3, the parent field 4, the session field 6.
    let session = fields.nth(1)?.parse().ok()?;
    let started_ticks = fields.nth(15)?.parse().ok()?;
    Some(Stat {
        parent,
        session,
        has_ended: matches!(state, "Z" | "X" | "x"),
        is_stopped: matches!(state, "T" | "t"),
        started_ticks,
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_program_may_have_spaces_and_parentheses_in_its_name() {
        let line = "42 (a) S (b) R 7 2 3 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3";
        let stat = Stat {
            parent: 7,
            session: 3,
            has_ended: false,
            is_stopped: false,
            started_ticks: 987_654,
        };
        assert_eq!(parse_stat(line), Some(stat));
        assert_eq!(parse_stat(""), None);
        assert_eq!(parse_stat("42 (a) R 7"), None);
    }

    #[test]
    fn this_process_is_found_by_its_identity() {
        let identity = own_identity().unwrap();
        assert!(find(&identity).unwrap().is_some());
    }

    #[test]
    fn another_process_with_the_same_pid_is_not_taken_for_it() {
        let identity = own_identity().unwrap();
        let started_ticks = identity.started_ticks - 1;
        let earlier = ProcessIdentity {
            started_ticks,
            ..identity.clone()
        };
        let before_the_reboot = ProcessIdentity {
            boot_id: "another boot".to_owned(),
            ..identity
        };
        assert!(find(&earlier).unwrap().is_none());
        assert!(find(&before_the_reboot).unwrap().is_none());
    }

    #[test]
    fn a_process_that_has_ended_is_not_found_even_while_nobody_has_reaped_it() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let identity = ProcessIdentity {
            boot_id: boot_id().unwrap(),
            pid: pid.into(),
            started_ticks: stat(pid).unwrap().unwrap().started_ticks,
        };
        assert!(find(&identity).unwrap().is_some());

        drop(child.stdin.take());
        let wait_but_leave_it =
            rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        let pid = rustix::process::WaitId::Pid(Pid::from_raw(pid).unwrap());
        rustix::process::waitid(pid, wait_but_leave_it).unwrap();
        assert!(
            find(&identity).unwrap().is_none(),
            "a zombie counts as alive"
        );

        child.wait().unwrap();
        assert!(find(&identity).unwrap().is_none());
    }
}

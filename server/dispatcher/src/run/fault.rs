//! The fault behind a run that did not start: one table.

use std::io::{self, ErrorKind};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::workspaces;

/// The party that has to act before a start can succeed, and so the scope that is held back until
/// then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// The machine has run out of something, or its board cannot be written to. No task could start.
    Machine,
    /// One of our own files cannot be used, or git says why in words only. It is the machine's fault
    /// if a probe of it fails as well, and else the task's: something is in the way of this one.
    Unclear,
    /// The program of the lane cannot be executed. No task of the lane could start.
    Lane,
    /// The attempt failed for this task alone, and counts.
    Task,
    /// No attempt of this task succeeds before a person has mended something.
    Person,
}

impl Error {
    /// The fault behind a start that ended with this.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::File { cause, .. } if is_used_up(cause) || is_full(cause) => Fault::Machine,
            Self::Program { cause, .. }
            | Self::Workspace(
                workspaces::Error::CannotMake { cause, .. } | workspaces::Error::Root { cause, .. },
            ) if is_used_up(cause) => Fault::Machine,
            Self::Workspace(workspaces::Error::Home { cause, .. })
                if is_used_up(cause) || is_full(cause) =>
            {
                Fault::Machine
            }
            Self::Workspace(error) if error.needs_a_person() => Fault::Person,
            Self::System { cause, .. } => match cause.kind() {
                // A workspace did not answer in time, or a job of ours panicked.
                ErrorKind::TimedOut | ErrorKind::Other => Fault::Task,
                ErrorKind::InvalidInput => Fault::Lane,
                _ => Fault::Machine,
            },
            Self::Kernel(kernel::Error::Refused(_)) => Fault::Task,
            Self::Kernel(kernel::Error::Busy | kernel::Error::DiskFull)
            | Self::Workspace(workspaces::Error::Held { .. })
            | Self::Disk { .. } => Fault::Machine,
            Self::NoLaneToCheck(_) | Self::Lander(_) | Self::StillThere(_) => Fault::Person,
            Self::Kernel(_)
            | Self::File { .. }
            | Self::Workspace(workspaces::Error::Home { .. } | workspaces::Error::Git(_)) => {
                Fault::Unclear
            }
            // The arguments and the environment hold texts of the task: too long, or with a NUL in them.
            Self::Program { cause, .. }
                if is(cause, &[Errno::TOOBIG]) || cause.kind() == ErrorKind::InvalidInput =>
            {
                Fault::Task
            }
            Self::Program { .. } | Self::Workspace(workspaces::Error::Root { .. }) => Fault::Lane,
            Self::Workspace(_)
            | Self::Nonsense { .. }
            | Self::Held { .. }
            | Self::Unwritten(_)
            | Self::Mistake(_)
            | Self::Stopped
            | Self::BoardNotEmpty => Fault::Task,
        }
    }
}

/// Returns true when the system has no more of what every process needs: handles, processes, memory.
fn is_used_up(cause: &io::Error) -> bool {
    is(
        cause,
        &[Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM],
    )
}

/// Returns true when the disk takes nothing, of a file on the disk of the home folder. Another disk is
/// the business of the task that named it.
fn is_full(cause: &io::Error) -> bool {
    is(cause, &[Errno::NOSPC, Errno::DQUOT, Errno::ROFS, Errno::IO])
}

fn is(cause: &io::Error, any: &[Errno]) -> bool {
    Errno::from_io_error(cause).is_some_and(|errno| any.contains(&errno))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn file(errno: Errno) -> Fault {
        Error::file("write", Path::new("/home/kanban/runs/7/spec.json"))(errno.into()).fault()
    }

    fn program(errno: Errno) -> Fault {
        let (program, cause) = (PathBuf::from("agent"), errno.into());
        Error::Program { program, cause }.fault()
    }

    fn workspace(errno: Errno) -> Fault {
        let (path, cause) = (PathBuf::from("/mnt/stick"), errno.into());
        Error::from(workspaces::Error::CannotMake { path, cause }).fault()
    }

    #[test]
    fn what_every_process_needs_is_the_machines_wherever_it_is_missed() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM] {
            let faults = [file(errno), program(errno), workspace(errno)];
            assert_eq!(faults, [Fault::Machine; 3], "{errno}");
            assert_eq!(Error::system("fork")(errno).fault(), Fault::Machine);
        }
    }

    #[test]
    fn a_disk_that_takes_nothing_is_the_machines_where_it_is_that_of_the_home_folder() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::ROFS, Errno::IO] {
            assert_eq!(file(errno), Fault::Machine, "{errno}");
            assert_eq!(workspace(errno), Fault::Task, "{errno}");
        }
        let full = Error::from(kernel::Error::DiskFull);
        assert_eq!(full.fault(), Fault::Machine);
    }

    #[test]
    fn a_file_of_ours_that_something_is_in_the_way_of_has_to_be_looked_into() {
        for errno in [Errno::PERM, Errno::ACCESS, Errno::EXIST, Errno::ISDIR] {
            assert_eq!(file(errno), Fault::Unclear, "{errno}");
        }
    }

    #[test]
    fn a_program_that_cannot_be_executed_is_its_lanes_unless_its_arguments_are_too_long() {
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::NOEXEC, Errno::TXTBSY] {
            assert_eq!(program(errno), Fault::Lane, "{errno}");
        }
        assert_eq!(program(Errno::TOOBIG), Fault::Task);
        let (program, cause) = (PathBuf::from("agent"), ErrorKind::InvalidInput.into());
        assert_eq!(Error::Program { program, cause }.fault(), Fault::Task);
    }

    #[test]
    fn a_root_that_cannot_be_used_is_its_lanes_who_named_it() {
        let root = |errno: Errno| {
            let (path, cause) = (PathBuf::from("/mnt/stick/t_1"), errno.into());
            Error::from(workspaces::Error::Root { path, cause }).fault()
        };
        for errno in [
            Errno::NOENT,
            Errno::ACCESS,
            Errno::ROFS,
            Errno::NOSPC,
            Errno::NOTDIR,
        ] {
            assert_eq!(root(errno), Fault::Lane, "{errno}");
        }
        assert_eq!(root(Errno::MFILE), Fault::Machine);
    }

    #[test]
    fn a_workspace_that_does_not_answer_is_that_of_one_task() {
        let late = Error::system("prepare its workspace")(io::Error::from(ErrorKind::TimedOut));
        assert_eq!(late.fault(), Fault::Task);
    }

    #[test]
    fn a_workspace_that_only_a_person_can_mend_is_not_tried_again() {
        let nowhere = Error::from(workspaces::Error::NoPath);
        assert_eq!(nowhere.fault(), Fault::Person);
        let git = Error::from(workspaces::Error::Git("it failed".to_owned()));
        assert_eq!(git.fault(), Fault::Unclear);
    }
}

//! All processes of a run: the worker, and whatever it started.
//!
//! The supervisor is a subreaper, so a process whose parent ends becomes its child. Therefore every
//! process of the run descends from the supervisor, at any moment, wherever it has put itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions, WaitStatus, getpid, pidfd_send_signal, wait};
use tokio::signal::unix;
use tokio::time::{Instant, timeout_at};

use super::GRACE;
use crate::process;
use crate::run::folder::End;

/// The longest time for one round of SIGKILL. Only a process that hangs in the kernel stays longer.
const KILLING: Duration = Duration::from_secs(5);

/// The pause between scans for what is left while we end it.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The processes of a run.
pub(super) struct Tree {
    /// The worker's id, where there is one.
    worker: Option<i32>,
    worker_status: Option<WaitStatus>,
    is_empty: bool,
}

impl Tree {
    /// The tree of a worker that was started just now as our child.
    pub(super) fn of(worker: u32) -> Self {
        Self {
            // Linux has no pid above 2^22 (proc_sys_kernel(5)).
            worker: i32::try_from(worker).ok(),
            ..Self::without_worker()
        }
    }

    /// The processes started before the worker, which may be left though it never started: a hook
    /// of the repository that its worktree is of leaves what it likes.
    pub(super) fn without_worker() -> Self {
        Self {
            worker: None,
            worker_status: None,
            is_empty: false,
        }
    }

    /// Takes note of every child that has ended. All children of this process are of the run: its
    /// worker, and what its processes left behind.
    pub(super) fn reap(&mut self) {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if Some(pid.as_raw_pid()) == self.worker => {
                    self.worker_status = Some(status);
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return,
                // No children are left, and so no descendants.
                Err(_) => {
                    self.is_empty = true;
                    return;
                }
            }
        }
    }

    /// The end of the worker, if it has ended.
    pub(super) fn worker_end(&self) -> Option<End> {
        let status = self.worker_status?;
        let by_signal = status.terminating_signal().map(End::Signal);
        by_signal.or_else(|| status.exit_status().map(End::Code))
    }

    /// Ends every process that is left: asks, waits, kills. Returns true when all are gone.
    pub(super) async fn end(&mut self, child_ended: &mut unix::Signal) -> bool {
        if self.is_gone() {
            return true;
        }
        let mut asked = BTreeSet::new();
        ask(Processes::now().descendants(), &mut asked);
        let deadline = Instant::now() + GRACE;
        while !self.is_gone() && Instant::now() < deadline {
            look_again(child_ended).await;
            // What a worker starts in order to clean up after itself is let be, but not what it
            // leaves behind: that is our child by now.
            ask(Processes::now().children(), &mut asked);
        }
        let deadline = Instant::now() + KILLING;
        while !self.is_gone() && Instant::now() < deadline {
            for process in Processes::now().descendants() {
                process.send(Signal::KILL);
            }
            look_again(child_ended).await;
        }
        self.is_gone()
    }

    fn is_gone(&mut self) -> bool {
        self.reap();
        self.is_empty
    }
}

/// Waits for a child to end, but not longer than until it is time to look again: a grandchild that
/// ends tells only its parent.
async fn look_again(child_ended: &mut unix::Signal) {
    let until = Instant::now() + LOOK_AGAIN;
    // Either way it is time to look.
    drop(timeout_at(until, child_ended.recv()).await);
}

/// Asks those to leave that have not been asked before.
fn ask(processes: Vec<Process>, asked: &mut BTreeSet<Process>) {
    for process in processes {
        if asked.insert(process) {
            process.send(Signal::TERM);
            // A stopped process would not hear the other signal.
            process.send(Signal::CONT);
        }
    }
}

/// A process, told apart from a later one that gets its pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Process {
    pid: i32,
    started_ticks: i64,
}

impl Process {
    fn send(self, signal: Signal) {
        let sent = process::started_at(self.pid, self.started_ticks).and_then(|handle| {
            let sent = handle.map(|handle| pidfd_send_signal(handle, signal));
            Ok(sent.transpose()?)
        });
        if let Err(error) = sent {
            tracing::debug!(%error, "a process ended before it was told to");
        }
    }
}

/// All processes of the machine, under the process that is their parent.
struct Processes(BTreeMap<i32, Vec<Process>>);

impl Processes {
    fn now() -> Self {
        let mut by_parent: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
        for pid in process::all().into_iter().flatten() {
            if let Ok(Some(stat)) = process::stat(pid) {
                let started_ticks = stat.started_ticks;
                let process = Process { pid, started_ticks };
                by_parent.entry(stat.parent).or_default().push(process);
            }
        }
        Self(by_parent)
    }

    /// The children of this process.
    fn children(mut self) -> Vec<Process> {
        let own_pid = getpid().as_raw_pid();
        self.0.remove(&own_pid).unwrap_or_default()
    }

    /// Every process that descends from this one, parents first.
    fn descendants(mut self) -> Vec<Process> {
        let own_pid = getpid().as_raw_pid();
        let mut found = self.0.remove(&own_pid).unwrap_or_default();
        let mut next = 0;
        while let Some(parent) = found.get(next) {
            found.extend(self.0.remove(&parent.pid).unwrap_or_default());
            next += 1;
        }
        found
    }
}

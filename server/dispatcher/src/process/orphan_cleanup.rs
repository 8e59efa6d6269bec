//! The processes of a run whose supervisor was killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use domain::id::RunToken;
use rustix::process::{Signal, pidfd_send_signal};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::home::Home;
use crate::process;
use crate::run::folder::Session;

/// The number of scans while somebody waits, and the pause between them: a tenth of a second in
/// all. A killed process is gone within milliseconds, unless it hangs in the kernel.
const LOOKS: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The number of successive scans that have to find nothing: a process that is just being replaced
/// by another program shows no environment for a moment.
const SURE: u32 = 2;

/// The time limit of one scan: a process that hangs in the kernel may also hold up whoever reads
/// its environment.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pause before another try to kill a process that hangs in the kernel.
const REST: Duration = Duration::from_secs(1);

/// Finds the orphan processes, kills them and returns their number. It blocks.
type Look = Arc<dyn Fn() -> io::Result<usize> + Send + Sync>;

/// The orphan processes of a run.
pub(crate) struct OrphanCleanup {
    look: Look,
    /// The look that has not returned. There is never another one beside it.
    under_way: Option<JoinHandle<io::Result<usize>>>,
    found_nothing: u32,
}

impl OrphanCleanup {
    /// The processes with these traces.
    pub(crate) fn of(traces: Traces) -> Self {
        Self::seen_by(Arc::new(move || traces.kill_all()))
    }

    fn seen_by(look: Look) -> Self {
        Self {
            look,
            under_way: None,
            found_nothing: 0,
        }
    }

    /// Kills them before the task may be started again; returns true when all of them are gone.
    pub(crate) async fn end(&mut self) -> bool {
        let mut look_again = interval(LOOK_AGAIN);
        for _ in 0..LOOKS {
            look_again.tick().await;
            match self.look().await {
                Some(true) => return true,
                Some(false) => {}
                None => return false,
            }
        }
        false
    }

    /// [`Self::end`], however long it takes.
    pub(crate) async fn outlast(mut self) {
        let mut again = interval(REST);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        again.tick().await;
        while self.look().await != Some(true) {
            again.tick().await;
        }
    }

    /// Returns true when all are gone for sure; `None` while the scan does not return.
    async fn look(&mut self) -> Option<bool> {
        let look = &self.look;
        let under_way = self.under_way.get_or_insert_with(|| {
            let look = look.clone();
            spawn_blocking(move || look())
        });
        let Ok(found) = timeout(PATIENCE, under_way).await else {
            self.found_nothing = 0;
            return None;
        };
        self.under_way = None;
        match found {
            Ok(Ok(0)) => self.found_nothing += 1,
            _ => self.found_nothing = 0,
        }
        Some(self.found_nothing >= SURE)
    }
}

/// The variable by which a process that is not to know the run's secret is found all the same: git, and
/// what it starts. It tells less than half of the secret.
pub(crate) fn mark(token: &RunToken) -> (&'static str, String) {
    let beginning = token.as_str().chars().take(MARK_DIGITS).collect();
    ("KANBAN_RUN_MARK", beginning)
}

/// The number of the secret's 32 digits that make its mark: nobody guesses the others, and no two
/// runs of one time share these.
const MARK_DIGITS: usize = 12;

/// The marks of a run's processes: its secret, or its [`mark`], in their environment; a session
/// that was opened for the run; and descent from such a process.
pub(crate) struct Traces {
    variables: [String; 2],
    /// The variable that tells the home. It is there as well where the secret is all that is known: a
    /// copy of the board in another home knows that too.
    home: String,
    sessions: BTreeSet<Session>,
}

/// A process, told apart from a later one that gets its pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Process {
    pid: i32,
    started_ticks: i64,
}

impl Traces {
    pub(crate) fn new(token: &RunToken, sessions: BTreeSet<Session>, home: &Home) -> Self {
        let (mark, beginning) = mark(token);
        let variables = [
            format!("KANBAN_RUN_TOKEN={}", token.as_str()),
            format!("{mark}={beginning}"),
        ];
        Self {
            variables,
            home: format!("KANBAN_HOME={}", home.root().display()),
            sessions,
        }
    }

    /// Returns true while any process of the run is alive. It blocks.
    pub(crate) fn has_process(&self) -> io::Result<bool> {
        Ok(!self.processes()?.is_empty())
    }

    /// The ids of the processes of the run. It blocks.
    pub(crate) fn pids(&self) -> io::Result<Vec<i32>> {
        let processes = self.processes()?;
        Ok(processes.into_iter().map(|process| process.pid).collect())
    }

    /// Kills every process of the run and returns their number.
    fn kill_all(&self) -> io::Result<usize> {
        let processes = self.processes()?;
        for Process { pid, started_ticks } in &processes {
            if let Some(handle) = process::started_at(*pid, *started_ticks)?
                && let Err(error) = pidfd_send_signal(handle, Signal::KILL)
            {
                tracing::debug!(%error, pid, "a process of a run was not killed");
            }
        }
        Ok(processes.len())
    }

    fn processes(&self) -> io::Result<BTreeSet<Process>> {
        let mut sessions = BTreeSet::new();
        for session in &self.sessions {
            sessions.extend(session.id_now()?);
        }
        let mut by_parent: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
        let mut found = Vec::new();
        for pid in process::all()? {
            let Some(stat) = process::stat(pid)?.filter(|stat| !stat.has_ended) else {
                continue;
            };
            let started_ticks = stat.started_ticks;
            let process = Process { pid, started_ticks };
            by_parent.entry(stat.parent).or_default().push(process);
            if sessions.contains(&stat.session) || self.is_in_environment(pid) {
                found.push(process);
            }
        }
        let mut next = 0;
        while let Some(parent) = found.get(next) {
            // Taken out, so that each is found once.
            found.extend(by_parent.remove(&parent.pid).unwrap_or_default());
            next += 1;
        }
        Ok(found.into_iter().collect())
    }

    /// Returns true when the environment of a process names the run. That of other users' processes
    /// cannot be read, and that of one that has ended is empty.
    fn is_in_environment(&self, pid: i32) -> bool {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
            let has = |ours: &String| {
                environ
                    .split(|byte| *byte == 0)
                    .any(|one| one == ours.as_bytes())
            };
            self.variables.iter().any(has) && (!self.sessions.is_empty() || has(&self.home))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn only_what_holds_the_secret_of_the_run_is_ended() {
        let start = |token: &RunToken| {
            Command::new("sleep")
                .arg("1000")
                .env("KANBAN_RUN_TOKEN", token.as_str())
                .env("KANBAN_HOME", "/home")
                .spawn()
                .unwrap()
        };
        let (ours, others) = (
            RunToken::from_bits(1 << 99 | 1),
            RunToken::from_bits(1 << 99 | 2),
        );
        let (mut left_behind, mut other) = (start(&ours), start(&others));
        assert!(
            OrphanCleanup::of(Traces::new(
                &ours,
                BTreeSet::new(),
                &Home::at("/home").unwrap()
            ))
            .end()
            .await
        );
        assert_eq!(left_behind.wait().unwrap().signal(), Some(9));
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[tokio::test]
    async fn while_a_look_hangs_there_is_no_other_and_nothing_counts_as_gone() {
        let (let_go, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let looks = Arc::new(AtomicU32::new(0));
        let counted = looks.clone();
        let mut left = OrphanCleanup::seen_by(Arc::new(move || {
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                held.lock().unwrap().recv().unwrap();
            }
            Ok(0)
        }));
        assert!(!left.end().await);
        assert_eq!(left.look().await, None);
        assert_eq!(looks.load(Ordering::SeqCst), 1);
        let_go.send(()).unwrap();
        left.outlast().await;
        assert_eq!(looks.load(Ordering::SeqCst), SURE);
    }

    #[tokio::test]
    async fn what_does_not_end_is_looked_for_once_a_rest() {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = looks.clone();
        let left = OrphanCleanup::seen_by(Arc::new(move || {
            Ok(usize::from(counted.fetch_add(1, Ordering::SeqCst) < 1))
        }));
        let begun = Instant::now();
        left.outlast().await;
        assert_eq!(looks.load(Ordering::SeqCst), 1 + SURE);
        assert!(begun.elapsed() >= REST * SURE);
    }
}

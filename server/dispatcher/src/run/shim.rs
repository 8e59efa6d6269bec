//! The supervisor of one run: a process of its own, between the dispatcher and the worker, so that
//! the server may be killed and started again while the worker works on.
//!
//! It starts the worker, keeps its output, renews the run's lease, ends the whole tree of processes
//! when told, when the run was closed or when the worker takes too long, and leaves word of the end
//! in the run's folder. It decides nothing about the task.
//! This process does nothing else, so its one thread may wait for a small file.

mod board;
mod check;
mod events;
mod git;
pub mod landing;
mod log;
mod memory;
mod output;
mod sessions;
mod transcript;
mod tree;
mod watch;
mod worker;

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, interval};

use self::board::{Board, RunState};
use self::events::{Event, Events};
use self::output::Output;
use self::sessions::Sessions;
use self::tree::Tree;
use self::watch::Watch;
use crate::error::Error;
use crate::lanes::ends;
use crate::process;
use crate::run::folder::{End, Exit, RunFolder, Spec};
use crate::run::proxy::Proxy;
use crate::workspaces::tracked::Tracked;

/// The time that processes have to leave after SIGTERM.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// The number of the signal that asks to end, on Linux (signal(7)).
const SIGTERM: i32 = 15;

/// The exit code of a shell whose last command died of SIGTERM.
const SHELL_TERM: i32 = 128 + SIGTERM;

/// The time limit for the last output once no process is left that could write any.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// The pause before another try to record that no worker could be started.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// Supervises the run whose particulars are in `spec_file`, until it has ended. Returns false, and
/// logs why, where it had to give up.
///
/// The program calls this for its hidden verb `shim`; nobody else should.
pub fn main(spec_file: &Path) -> bool {
    supervise(&RunFolder::at(spec_file.parent().unwrap_or(spec_file)))
        .inspect_err(|error| tracing::error!(%error, "the supervisor of a run gives up"))
        .is_ok()
}

fn supervise(folder: &RunFolder) -> Result<(), Error> {
    let spec_file = folder.spec_file();
    let missing = || Error::file("find", &spec_file)(ErrorKind::NotFound.into());
    let spec = match folder.spec() {
        Ok(spec) => Ok(spec.ok_or_else(missing)?),
        Err(error) => Err(error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(cause) => {
            let error = Error::system("start the supervisor")(cause);
            return folder.write_exit(&not_started(&error));
        }
    };
    runtime.block_on(async {
        let ended = match spec {
            Ok(spec) => run(folder, &spec).await,
            Err(error) => Err(error),
        };
        let Err(error) = ended else { return Ok(()) };
        let mut again = interval(WRITE_AGAIN);
        let next_try = async || {
            again.tick().await;
            true
        };
        write_exit(folder, &not_started(&error), next_try).await
    })
}

/// Stays with the run from its first process to its last, and writes down its end. Starts nothing when
/// the run has been closed meanwhile, or has another supervisor.
///
/// # Errors
/// Fails when no worker was started.
async fn run(folder: &RunFolder, spec: &Spec) -> Result<(), Error> {
    // A session of its own: a Ctrl-C in the server's terminal does not reach the run. A shim that
    // somebody started as the leader of a group cannot have one, and needs none.
    if let Err(error) = rustix::process::setsid() {
        tracing::debug!(%error, "the supervisor stays in the session that it was started in");
    }
    // What the worker's processes leave behind becomes our child, so nothing gets away.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(Error::system("become a subreaper"))?;
    let identity = process::own_identity().map_err(Error::system("read /proc"))?;
    folder.write_supervisor(&identity)?;
    let board = Board::of(spec, Proxy::from_stdin());
    if !board.attach(identity).await? {
        return Ok(());
    }
    // Before the worker exists: the end of even the shortest one is noticed.
    let events = Events::listen()?;
    let mut watch = Watch::new(spec.limits, Instant::now());
    watch.ends_once_reported = spec.check.is_some();
    let mut supervision = Supervision {
        spec,
        folder,
        board,
        events,
        watch,
        sessions: Sessions::noted_in(folder),
        tracked: spec.tracked.clone(),
    };
    let before = supervision.digest().await;
    if let Some(Err(error)) = before.map(|digest| folder.write_judged(digest)) {
        tracing::warn!(%error, "what is to be judged is not noted");
    }
    let exit = supervision.run().await;
    let mut exit = supervision.checked(exit).await;
    supervision.leave_branch(&mut exit).await;
    let after = supervision.digest().await;
    exit.has_changed_files = before
        .zip(after)
        .is_some_and(|(before, after)| before != after);
    let written = write_exit(folder, &exit, async || supervision.next_try().await).await;
    if let Err(error) = written {
        tracing::error!(%error, "the run was closed, and how its worker ended was not written down");
    }
    Ok(())
}

/// Writes down how the worker ended. Something may be in the way just now, and work that is done must
/// not be done again for that: the end is kept, and it is tried again whenever `next_try` says so, for
/// as long as the run has a folder.
async fn write_exit(
    folder: &RunFolder,
    exit: &Exit,
    mut next_try: impl AsyncFnMut() -> bool,
) -> Result<(), Error> {
    let mut was_told = false;
    loop {
        match folder.write_exit(exit) {
            Err(error) if folder.exists() => {
                if !std::mem::replace(&mut was_told, true) {
                    tracing::warn!(%error, "how the worker ended is not written down yet");
                }
                if !next_try().await {
                    return Err(error);
                }
            }
            written => return written,
        }
    }
}

/// The state of a supervisor.
struct Supervision<'a> {
    spec: &'a Spec,
    folder: &'a RunFolder,
    board: Board<'a>,
    events: Events,
    watch: Watch,
    sessions: Sessions<'a>,
    /// The repository of the workspace, with the branch as it is on record by now.
    tracked: Option<Tracked>,
}

impl Supervision<'_> {
    async fn run(&mut self) -> Exit {
        if let Some(worktree) = &self.spec.worktree
            && let Some(exit) = self.add_worktree(worktree).await
        {
            self.end_tree(&mut Tree::without_worker()).await;
            return exit;
        }
        let head = match self.head_of_log().await {
            Ok(head) => head,
            Err(end) => return Exit::without_output(end),
        };
        let kills_before = memory::kills();
        let started = match worker::start(self.spec, &head) {
            Ok(started) => started,
            Err(error) => {
                self.end_tree(&mut Tree::without_worker()).await;
                return not_started(&error);
            }
        };
        let (mut tree, output) = (Tree::of(started.pid), started.output);
        self.watch.worker_started(Instant::now());
        let is_open = self
            .board
            .record_spawn(started.pid, started.log_start)
            .await;
        // A worker may report sooner than we do, and has a right to finish then.
        let over = if is_open {
            None
        } else {
            self.look(Some(&output)).await
        };
        let end = match over {
            Some(end) => end,
            None => self.end_of(&mut tree, &output).await,
        };
        let end = memory::likely_cause(end, kills_before, memory::kills());
        self.end_tree(&mut tree).await;
        let ended_at = self.board.now();
        let written = output.written(LAST_OUTPUT).await;
        Exit {
            end,
            fit: ends::fit(&self.spec.rules.ends, &written.printed, ended_at),
            output: written.last_lines,
            answer: Some(written.answer),
            log_end: written.log_end,
            ended_at: Some(ended_at),
            commit: None,
            has_changed_files: false,
            check: None,
        }
    }

    /// Waits until the worker has ended, or is to be ended.
    async fn end_of(&mut self, tree: &mut Tree, output: &Output) -> End {
        loop {
            match self.events.next().await {
                Event::ChildEnded => {
                    tree.reap();
                    match tree.worker_end() {
                        Some(End::Signal(SIGTERM) | End::Code(SHELL_TERM))
                            if self.events.told_too().await =>
                        {
                            return End::Stopped;
                        }
                        Some(end) => return end,
                        None => {}
                    }
                }
                Event::TimeToLook => {
                    if let Some(end) = self.look(Some(output)).await {
                        return end;
                    }
                }
                Event::LeaseIsDue => self.board.renew_lease().await,
                Event::ToldToStop => return End::Stopped,
            }
        }
    }

    /// Waits until the run is to be ended for reasons that no child of ours gives.
    async fn reason_to_stop(&mut self) -> End {
        loop {
            match self.events.next().await {
                Event::ChildEnded => {}
                Event::TimeToLook => {
                    if let Some(end) = self.look(None).await {
                        return end;
                    }
                }
                Event::LeaseIsDue => self.board.renew_lease().await,
                Event::ToldToStop => return End::Stopped,
            }
        }
    }

    /// Checks that the run may go on. The dispatcher tells us when it may not, but it may be gone.
    async fn look(&mut self, output: Option<&Output>) -> Option<End> {
        self.sessions.note();
        if let Some(state) = self.board.run_state().await {
            self.watch.observe(state, Instant::now());
        }
        if let Some(output) = output {
            self.watch.output(output.last_at());
        }
        self.watch.reason_to_end(Instant::now())
    }

    /// Keeps the claim until it is time to try again what the disk refused. Returns false when we are
    /// told to stop and the run is closed: nobody reads of its end any more.
    async fn next_try(&mut self) -> bool {
        loop {
            match self.events.next().await {
                Event::ChildEnded => {}
                Event::TimeToLook => return true,
                Event::LeaseIsDue => self.board.renew_lease().await,
                Event::ToldToStop => {
                    let state = self.board.run_state().await;
                    return !matches!(state, Some(RunState::Closed(_)));
                }
            }
        }
    }

    /// Ends every process of the run. It returns only when all are gone: the claim is freed after
    /// that, and what is still there would meet the next worker. Until then the claim is kept.
    async fn end_tree(&mut self, tree: &mut Tree) {
        while !tree.end(&mut self.events.child_ended).await {
            tracing::error!("processes of the run do not end, not even by SIGKILL");
            if matches!(self.events.next().await, Event::LeaseIsDue) {
                self.board.renew_lease().await;
            }
        }
    }
}

fn not_started(error: &Error) -> Exit {
    Exit::without_output(End::not_started(error))
}

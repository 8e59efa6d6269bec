//! The supervisor of one run: a process of its own, between the dispatcher and the worker, so that
//! the server may be killed and started again while the worker works on.
//!
//! It starts the worker, keeps its output, renews the run's lease, ends the whole tree of processes
//! when told, and leaves word of the end in the run's folder. It decides nothing about the task.
//! This process does nothing else, so its one thread may wait for a small file.

mod log;
mod output;
mod tree;

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use domain::actor::Actor;
use domain::command::{self, LEASE};
use domain::run::ProcessIdentity;
use kernel::Kernel;
use rustix::fs::Mode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use self::log::RotatingLog;
use self::output::Output;
use self::tree::Tree;
use crate::error::Error;
use crate::process;
use crate::run_folder::{End, Exit, RunFolder, Spec};

/// A lease is renewed at a third of its length, so that two renewals may fail before it runs out.
const LEASE_SHARES: u64 = 3;

/// How long we wait for our own SIGTERM when the worker has died of one. Whoever stops the machine, or
/// the service, sends it to both, in any order.
const TOLD_TOO: Duration = Duration::from_secs(1);

/// The number of the signal that asks to end, on Linux (signal(7)).
const SIGTERM: i32 = 15;

/// How a shell says that a SIGTERM ended its last command.
const SHELL_TERM: i32 = 128 + SIGTERM;

/// How long the last output is waited for once no process is left that could write any.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// Supervises the run whose particulars are in `spec_file`, until it has ended.
///
/// The program calls this for its hidden verb `shim`; nobody else should.
pub fn main(spec_file: &Path) -> ExitCode {
    match supervise(&RunFolder::at(spec_file.parent().unwrap_or(spec_file))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the supervisor of a run gives up");
            ExitCode::FAILURE
        }
    }
}

fn supervise(folder: &RunFolder) -> Result<(), Error> {
    let spec_file = folder.spec_file();
    let missing = || Error::file("find", &spec_file)(std::io::ErrorKind::NotFound.into());
    let spec = folder.spec()?.ok_or_else(missing)?;
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::system("start the supervisor"))?;
    let exit = match attach(&spec, identity, &runtime) {
        Ok(Some(kernel)) => runtime.block_on(run(&spec, &kernel))?,
        Ok(None) => return Ok(()),
        Err(error) => not_started(&error),
    };
    folder.write_exit(&exit)
}

/// Opens the board and says on it who supervises the run. `None` when the run has been closed
/// meanwhile, or has another supervisor: then no worker may be started.
fn attach(
    spec: &Spec,
    process: ProcessIdentity,
    runtime: &tokio::runtime::Runtime,
) -> Result<Option<Kernel>, Error> {
    let kernel = Kernel::open(&spec.db)?;
    let run = spec.run;
    let attach = command::Command::AttachSupervisor { run, process };
    match runtime.block_on(kernel.execute(&worker(spec), attach)) {
        Ok(_) => Ok(Some(kernel)),
        Err(kernel::Error::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Starts the worker and stays with it until the last of its processes is gone.
async fn run(spec: &Spec, kernel: &Kernel) -> Result<Exit, Error> {
    // Before the worker exists: the end of even the shortest one is noticed.
    let mut events = Events::listen()?;
    let (mut tree, output) = match start(spec) {
        Ok(started) => started,
        Err(error) => return Ok(not_started(&error)),
    };
    let end = if record_spawn(spec, kernel, tree.worker_pid()).await {
        worker_end(spec, kernel, &mut tree, &mut events).await
    } else {
        End::Stopped
    };
    end_tree(spec, kernel, &mut tree, &mut events).await;
    let output = timeout(LAST_OUTPUT, output.last_lines()).await;
    Ok(Exit {
        end,
        output: output.unwrap_or_default(),
    })
}

/// Waits until the worker has ended, or is to be ended.
async fn worker_end(spec: &Spec, kernel: &Kernel, tree: &mut Tree, events: &mut Events) -> End {
    loop {
        match events.next().await {
            Event::ChildEnded => {
                tree.reap();
                match tree.worker_end() {
                    Some(End::Signal(SIGTERM) | End::Code(SHELL_TERM))
                        if events.told_too().await =>
                    {
                        return End::Stopped;
                    }
                    Some(end) => return end,
                    None => {}
                }
            }
            Event::LeaseIsDue if renew_lease(spec, kernel).await => {}
            Event::LeaseIsDue | Event::ToldToStop => return End::Stopped,
        }
    }
}

/// Ends every process of the run. It returns only when all are gone: the claim is freed after that,
/// and what is still there would meet the next worker. Until then the claim is kept.
async fn end_tree(spec: &Spec, kernel: &Kernel, tree: &mut Tree, events: &mut Events) {
    while !tree.end(&mut events.child_ended).await {
        tracing::error!("processes of the run do not end, not even by SIGKILL");
        if matches!(events.next().await, Event::LeaseIsDue) {
            renew_lease(spec, kernel).await;
        }
    }
}

fn start(spec: &Spec) -> Result<(Tree, Output), Error> {
    let log = RotatingLog::open(&spec.log, spec.run)?;
    let (output, to_output) = Output::copy_to(log)?;
    let [program, arguments @ ..] = spec.argv.as_slice() else {
        return Err(Error::system("start the worker")(std::io::Error::from(
            std::io::ErrorKind::InvalidInput,
        )));
    };
    let errors_too = to_output
        .try_clone()
        .map_err(Error::system("share the worker's pipe"))?;
    let mut worker = Command::new(program);
    worker
        .args(arguments)
        .current_dir(&spec.workspace)
        .stdin(Stdio::null())
        .stdout(to_output)
        .stderr(errors_too)
        // A worker that signals its own group does not signal us.
        .process_group(0);
    for (name, value) in &spec.env {
        match value {
            Some(value) => worker.env(name, value),
            None => worker.env_remove(name),
        };
    }
    if let Some(path) = path_with_this_program() {
        worker.env("PATH", path);
    }
    // Dropping the handle does not wait: the tree reaps the worker with all other children.
    let worker = spawn(worker, spec.umask).map_err(Error::file("start", Path::new(program)))?;
    Ok((Tree::of(worker.id()), output))
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

/// The PATH on which a worker finds this very program as `kanban`, before any other.
fn path_with_this_program() -> Option<OsString> {
    let program = std::env::current_exe().ok()?;
    let folder = program.parent()?.to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).ok()
}

/// Says on the board that the worker runs, and says whether its run is still open.
async fn record_spawn(spec: &Spec, kernel: &Kernel, worker_pid: i32) -> bool {
    let record = command::Command::RecordSpawn {
        run: spec.run,
        worker_pid: worker_pid.into(),
        workspace: spec.workspace.display().to_string(),
    };
    is_allowed(spec, kernel, record).await
}

/// Renews the lease, and says whether the run is still open.
async fn renew_lease(spec: &Spec, kernel: &Kernel) -> bool {
    let renew = command::Command::RenewLease {
        task: spec.task.clone(),
        ttl: LEASE,
    };
    is_allowed(spec, kernel, renew).await
}

/// Gives the command in the worker's name, which is refused once the run is closed. A board that
/// cannot be reached says nothing against the worker; it is asked again with the next lease.
async fn is_allowed(spec: &Spec, kernel: &Kernel, command: command::Command) -> bool {
    match kernel.execute(&worker(spec), command).await {
        Ok(_) => true,
        Err(kernel::Error::Refused(refusal)) => {
            tracing::info!(%refusal, "the run was closed, so its worker is ended");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "the board was not told that the worker runs");
            true
        }
    }
}

fn worker(spec: &Spec) -> Actor {
    Actor::worker(&spec.assignee, spec.token.clone())
}

fn not_started(error: &Error) -> Exit {
    Exit {
        end: End::NotStarted(error.to_string()),
        output: String::new(),
    }
}

/// What a supervisor waits for.
enum Event {
    /// A child of ours ended: the worker, or something that it left to us.
    ChildEnded,
    /// The run is over, whatever the worker thinks.
    ToldToStop,
    /// It is time to renew the lease.
    LeaseIsDue,
}

struct Events {
    child_ended: Signal,
    told_to_stop: Signal,
    lease_is_due: Interval,
}

impl Events {
    fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::system("listen to signals"));
        let share = Duration::from_secs(LEASE.0.unsigned_abs() / LEASE_SHARES);
        let mut lease_is_due = interval_at(Instant::now() + share, share);
        lease_is_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            child_ended: listen(SignalKind::child())?,
            told_to_stop: listen(SignalKind::terminate())?,
            lease_is_due,
        })
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            // Being told to stop often shows together with the end of the worker, which was told as
            // well. That end is no failure.
            biased;
            _ = self.told_to_stop.recv() => Event::ToldToStop,
            _ = self.child_ended.recv() => Event::ChildEnded,
            _ = self.lease_is_due.tick() => Event::LeaseIsDue,
        }
    }

    /// Whether we are told to stop as well, now that the worker was.
    async fn told_too(&mut self) -> bool {
        timeout(TOLD_TOO, self.told_to_stop.recv()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use domain::command::{Answer, ClaimPolicy, NewTask};
    use domain::status::Status;

    use super::*;

    /// A kernel and the particulars of a run that is open on its board.
    async fn open_run(home: &Path) -> (Kernel, Spec) {
        let db = home.join("kanban.db");
        let kernel = Kernel::open(&db).unwrap();
        let person = Actor::full("user");
        let new = NewTask {
            title: "a task".to_owned(),
            ..NewTask::default()
        };
        let create = command::Command::CreateTask(new);
        let created = kernel.execute(&person, create).await.unwrap();
        let Answer::Created { task, .. } = created.answer else {
            panic!("not created: {created:?}");
        };
        let claim = command::Command::ClaimTask {
            task: task.clone(),
            lock: "here:1".to_owned(),
            ttl: LEASE,
            lane: Some(command::SHELL.to_owned()),
            policy: ClaimPolicy::default(),
        };
        let claimed = kernel.execute(&person, claim).await.unwrap();
        let Answer::Claimed(claimed) = claimed.answer else {
            panic!("not claimed: {claimed:?}");
        };
        let spec = Spec {
            run: claimed.run,
            task,
            assignee: command::SHELL.to_owned(),
            token: claimed.token,
            db,
            argv: Vec::new(),
            env: [].into(),
            workspace: home.to_owned(),
            log: home.join("log"),
            umask: None,
        };
        (kernel, spec)
    }

    #[tokio::test]
    async fn a_worker_that_starts_while_its_run_is_closed_is_not_allowed_to_go_on() {
        let home = tempfile::tempdir().unwrap();
        let (kernel, spec) = open_run(home.path()).await;
        assert!(record_spawn(&spec, &kernel, 1).await);
        let take_away = command::Command::MoveTask {
            task: spec.task.clone(),
            to: Status::Triage,
        };
        let person = Actor::full("user");
        kernel.execute(&person, take_away).await.unwrap();
        assert!(!record_spawn(&spec, &kernel, 1).await);
        assert!(!renew_lease(&spec, &kernel).await);
    }

    #[tokio::test]
    async fn being_told_to_stop_goes_before_the_end_of_the_worker_that_was_told_as_well() {
        use rustix::process::{Signal, getpid, kill_process};
        // Both signals are there when we look; without an order either may be seen first.
        for _ in 0..20 {
            let mut events = Events::listen().unwrap();
            let mut seen = signal(SignalKind::terminate()).unwrap();
            kill_process(getpid(), Signal::CHILD).unwrap();
            kill_process(getpid(), Signal::TERM).unwrap();
            seen.recv().await;
            assert!(matches!(events.next().await, Event::ToldToStop));
        }
    }
}

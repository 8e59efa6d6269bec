//! `kanban lanes test`: a tiny task, from its claim to its end, on a board of its own in a temporary
//! folder. The real board is only read.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use dispatcher::{Config, Dispatcher, FindServers, Home, Settings, agents, logs};
use domain::actor::Actor;
use domain::command::{CancelRun, CreateTask, SHELL};
use domain::dispatch::LaneReport;
use domain::id::TaskId;
use domain::run::Run;
use domain::task::{TaskDetail, WorkspaceKind};
use domain::time::Seconds;
use kernel::Kernel;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::verdict::{Failed, Step, Traces, verdict};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::shutdown::Signals;

/// Run a tiny task through a lane, on a board of its own, and say which step fails and why
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban lanes test claude\n  \
    kanban lanes test claude --keep")]
pub(super) struct Args {
    /// The lane
    name: String,
    /// Keep the board and the workspace of the test, and say where they are
    #[arg(long)]
    keep: bool,
    /// The time limit, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    max_runtime: u32,
}

/// The file that a worker is asked to write.
const FILE: &str = "hello.txt";

const TITLE: &str = "Say hello";

const TASK: &str = "Make a file hello.txt in your current folder that holds the word hello. Print it \
                    with `cat hello.txt`, to see that it is there. The result is one short sentence.";

/// The script that `shell` runs in its place.
const SCRIPT: &str = "echo hello > hello.txt && cat hello.txt";

/// The time to start a worker and to end it, beyond what the lane has for its work.
const START_LIMIT: Duration = Duration::from_mins(1);

/// The pause between two looks whether every process of the run has gone.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The number and the period of the looks at a dispatcher that runs, which reads its file each second.
const LOOKS: u32 = 50;
const LOOK_PERIOD: Duration = Duration::from_millis(200);

/// The number of lines of the log that are printed when a step has failed.
const LAST_LINES: usize = 15;

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let lane = known(&args.name, session).await?;
    if let Some(why) = program_problem(&lane, session).await? {
        return tell(&args, &Err(Failed::at(Step::Program, why)), output);
    }
    let scratch = Scratch::make(session, args.keep)?;
    output.note(format_args!(
        "{} works on a tiny task, for {} s at most …",
        args.name, args.max_runtime
    ));
    output.pour()?;
    let ended = scratch.run(&args).await?;
    let log = logs::read(&scratch.home, &ended.detail.task.id, None).await?;
    if args.keep {
        output.note(format_args!("kept in {}", scratch.folder.path.display()));
    }
    let last = ended.detail.runs.last();
    let traces = Traces {
        status: &ended.detail.task.status,
        outcome: last.and_then(|run| run.outcome),
        has_started: last.is_some_and(|run| run.worker_pid.is_some()),
        exit_code: last.and_then(|run| run.exit_code),
        error: &why_of(&ended.detail, last),
        log: &log.text,
        has_written: ended.has_written,
    };
    let found = verdict(&traces);
    if found.is_err() {
        let lines: Vec<&str> = log.text.lines().collect();
        let first = lines.len().saturating_sub(LAST_LINES);
        output.printed(&lines.get(first..).unwrap_or_default().join("\n"));
    }
    tell(&args, &found, output)
}

/// The lane as a dispatcher that starts in this environment would have it.
async fn known(name: &str, session: &Session) -> anyhow::Result<LaneReport> {
    let (home, config) = (session.home.clone(), super::config()?);
    let (asked_for, now) = (name.to_owned(), session.kernel.now());
    let read = move || {
        let settings = Settings::read(&home, &config)?;
        let problem = settings.repository_problem(&asked_for);
        anyhow::Ok((settings.lanes().reports(now), problem))
    };
    let (lanes, problem) = spawn_blocking(read).await??;
    if let Some(problem) = problem {
        bail!("lane {name}: {problem}; mend `repository` in kanban.toml");
    }
    let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
    let names = names.join(", ");
    match lanes.into_iter().find(|lane| lane.name == name) {
        Some(lane) => Ok(lane),
        None if agents::named(name).is_some_and(|agent| agent.lane.is_some()) => {
            bail!("there is no lane {name} yet; `kanban lanes add {name}` adds it")
        }
        None => bail!("there is no lane {name}; there are: {names}"),
    }
}

/// The reason why nothing can be started: here, or in the server that runs, whose PATH may be another.
async fn program_problem(lane: &LaneReport, session: &Session) -> anyhow::Result<Option<String>> {
    if let Some(problem) = &lane.problem {
        return Ok(Some(problem.clone()));
    }
    let mut why = None;
    let mut looks = interval(LOOK_PERIOD);
    for _ in 0..LOOKS {
        looks.tick().await;
        let dispatch = session.kernel.dispatch().await?;
        let Some(report) = dispatch.living() else {
            return Ok(None);
        };
        // What was installed or added just now is found by it in a moment.
        let same = report.lanes.iter().find(|other| other.name == lane.name);
        why = Some(match same.map(|same| &same.problem) {
            Some(None) => return Ok(None),
            Some(Some(problem)) => {
                let program = lane.program.as_deref().unwrap_or_default();
                format!("found here as {program}, but the dispatcher that runs says: {problem}")
            }
            None => "the dispatcher that runs has not read it from kanban.toml; `kanban doctor` may say why"
                .to_owned(),
        });
    }
    Ok(why)
}

/// The reason of the end, from the board.
fn why_of(detail: &TaskDetail, last: Option<&Run>) -> String {
    let texts = [
        last.and_then(|run| run.error.as_deref()),
        detail.task.block_reason.as_deref(),
        detail.task.last_error.as_deref(),
    ];
    let why = texts.into_iter().flatten().next();
    why.unwrap_or("it ended, and nobody knows why").to_owned()
}

/// Prints the steps, up to the one that failed.
fn tell(args: &Args, found: &Result<(), Failed>, output: &mut Output) -> anyhow::Result<()> {
    let failed = found.as_ref().err();
    for step in Step::ALL {
        match failed {
            Some(failed) if failed.step == step => {
                output.line(format_args!("{:12}failed: {}", step.name(), failed.why));
                break;
            }
            Some(failed) if failed.unknown.contains(&step) => {
                output.line(format_args!("{:12}unknown", step.name()));
            }
            _ => output.line(format_args!("{:12}ok", step.name())),
        }
    }
    let Some(failed) = failed else {
        return Ok(());
    };
    bail!("lane {}: {}", args.name, remedy(&args.name, failed.step))
}

fn remedy(name: &str, step: Step) -> String {
    let agent = agents::named(name);
    match (step, agent) {
        (Step::Program, Some(agent)) => format!(
            "install {} (`{}`), or let the service find it: `kanban guide service`",
            agent.title, agent.install
        ),
        (Step::Program, None) => {
            "install its program, or let the service find it: `kanban guide service`".to_owned()
        }
        (Step::Start, _) => "start the program by hand; its command is in kanban.toml".to_owned(),
        (Step::LogIn, Some(agent)) => {
            format!("log in as the user of the server: {}", agent.log_in)
        }
        (Step::LogIn, None) => "log in as the user of the server".to_owned(),
        (Step::Permission, _) => "its command in kanban.toml has to let it edit files and run \
                                  commands without asking"
            .to_owned(),
        (Step::Report, _) => {
            "`--keep` keeps its log; `kanban guide lanes` says what an end means".to_owned()
        }
    }
}

/// The board of a trial, in a folder of its own.
struct Scratch {
    home: Home,
    kernel: Kernel,
    /// Last, so that the board is closed before it goes.
    folder: Folder,
}

/// A folder that goes with its owner, unless it is to be kept.
struct Folder {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a folder is left");
        }
    }
}

/// The end of a trial.
struct Ended {
    detail: TaskDetail,
    has_written: bool,
}

impl Scratch {
    /// Makes a folder that only its owner can read, with a board that has the lanes of the real one.
    fn make(session: &Session, is_kept: bool) -> anyhow::Result<Self> {
        let name = format!("kanban-lanes-test-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("cannot make {}", path.display()))?;
        let folder = Folder { path, is_kept };
        let home = Home::at(folder.path.join("home"))?;
        let kernel = crate::board_file::open_or_make(&home)?;
        fs::create_dir(folder.path.join("work"))?;
        let config = session.home.config();
        match fs::read(&config) {
            Ok(text) => fs::write(home.config(), text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", config.display()));
            }
        }
        Ok(Self {
            home,
            kernel,
            folder,
        })
    }

    fn work(&self) -> PathBuf {
        self.folder.path.join("work")
    }

    /// Lets the lane work on its task until that has ended and every process of it has gone.
    async fn run(&self, args: &Args) -> anyhow::Result<Ended> {
        let mut signals = Signals::listen()?;
        let config = Config {
            servers: FindServers::Nowhere,
            max: Some(1),
            failure_limit: Some(1),
            ..super::config()?
        };
        let dispatcher = Dispatcher::start(self.kernel.clone(), self.home.clone(), config).await?;
        let person = Actor::full("user");
        let created = self.kernel.execute(&person, self.task(args)).await?;
        let task = created.answer.task;
        let limit = Duration::from_secs(args.max_runtime.into()) + START_LIMIT;
        let ended = tokio::select! {
            ended = timeout(limit, self.end_of(&task)) => {
                ended.unwrap_or_else(|_| bail!("its run does not end"))
            }
            () = signals.asked_to_end() => Err(anyhow!("stopped; the lane was not judged")),
        };
        if ended.is_err() {
            let cancel = CancelRun { task: task.clone() };
            // It may have ended just now.
            self.kernel.execute(&person, cancel).await.ok();
        }
        self.until_all_have_gone().await;
        dispatcher.stop().await;
        ended?;
        Ok(Ended {
            detail: self.kernel.task(&task).await?,
            has_written: self.work().join(FILE).exists(),
        })
    }

    fn task(&self, args: &Args) -> CreateTask {
        let text = if args.name == SHELL { SCRIPT } else { TASK };
        CreateTask {
            title: TITLE.to_owned(),
            body: Some(text.to_owned()),
            assignee: Some(args.name.clone()),
            workspace_kind: WorkspaceKind::Dir,
            workspace_path: Some(self.work().display().to_string()),
            max_runtime: Some(Seconds(args.max_runtime.into())),
            ..CreateTask::default()
        }
    }

    /// Waits until the first attempt has ended.
    async fn end_of(&self, task: &TaskId) -> anyhow::Result<()> {
        let mut newest = self.kernel.newest_event();
        loop {
            newest.mark_unchanged();
            let runs = self.kernel.task(task).await?.runs;
            if runs.iter().any(|run| run.ended_at.is_some()) {
                return Ok(());
            }
            newest.changed().await.context("the board was closed")?;
        }
    }

    /// Waits for the supervisor, which ends every process of the run before itself.
    async fn until_all_have_gone(&self) {
        let mut again = interval(LOOK_AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let is_left = || {
            let mut runs = fs::read_dir(self.home.runs()).ok()?;
            runs.next()
        };
        while is_left().is_some() {
            again.tick().await;
        }
    }
}

//! `kanban lanes`.

mod add;
mod trial;
mod verdict;

use anyhow::Context as _;
use dispatcher::{Config, FindServers, Settings};
use domain::dispatch::{Dispatch, LaneReport};
use domain::hold::{LaneHold, Lets};
use domain::time::Timestamp;
use serde::Serialize;

use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;
use crate::lanes;
use crate::serve::servers_of;

/// List the lanes: their programs, and the reason where one starts nothing
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Examples:\n  \
    kanban lanes\n  \
    kanban lanes --json\n  \
    kanban lanes add claude\n  \
    kanban lanes test claude"
)]
pub(crate) struct Args {
    /// Print them as JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    step: Option<Step>,
}

/// What else can be done with lanes.
#[derive(Debug, clap::Subcommand)]
enum Step {
    Add(add::Args),
    Test(trial::Args),
}

impl Args {
    /// Returns true where they are only to be listed.
    pub(super) const fn is_list(&self) -> bool {
        self.step.is_none()
    }
}

/// The lanes as the living dispatcher has them; where there is none, as the next one will.
pub(super) struct Known {
    pub(super) lanes: Vec<LaneReport>,
    dispatch: Dispatch,
}

#[derive(Serialize)]
struct LaneObject<'a> {
    name: &'a str,
    program: Option<&'a str>,
    cap: Option<u32>,
    running: u32,
    state: &'static str,
    problem: Option<&'a str>,
    serves_others: bool,
    pool: Option<&'a str>,
    hold: Option<&'a LaneHold>,
    opens_at: Option<Timestamp>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    match args.step {
        None => {}
        Some(Step::Add(args)) => return add::run(&args, session, output).await,
        Some(Step::Test(args)) => return trial::run(args, session, output).await,
    }
    let known = read(session).await?;
    let lanes: Vec<_> = known.lanes.iter().map(|lane| known.object(lane)).collect();
    if args.json {
        return output.json(&lanes);
    }
    for lane in &lanes {
        output.line(line(lane));
    }
    if known.dispatch.living().is_none() {
        output.note("(no dispatcher is running)");
    }
    Ok(())
}

/// Reads the lanes and what goes on in them.
pub(super) async fn read(session: &Session) -> anyhow::Result<Known> {
    let dispatch = session.kernel.dispatch().await?;
    let lanes = lanes::known(&dispatch, &session.home, &config()?)?;
    Ok(Known { lanes, dispatch })
}

/// The settings of a dispatcher that starts now. It blocks.
pub(super) fn settings(session: &Session) -> anyhow::Result<Settings> {
    Ok(Settings::read(&session.home, &config()?)?)
}

/// The configuration of a dispatcher that would start now.
fn config() -> anyhow::Result<Config> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    Ok(Config {
        servers: FindServers::By(servers_of),
        ..Config::new(program)
    })
}

/// The name of a lane, or of all of them, in a sentence.
pub(super) fn called(lane: Option<&str>) -> String {
    lane.map_or_else(
        || "the dispatcher".to_owned(),
        |lane| format!("lane {lane}"),
    )
}

impl Known {
    fn object<'a>(&'a self, lane: &'a LaneReport) -> LaneObject<'a> {
        let is_paused = self.dispatch.is_paused(None) || self.dispatch.is_paused(Some(&lane.name));
        let hold = self.dispatch.hold_of(lane);
        let is_held = hold.is_some_and(|hold| hold.lets(self.dispatch.now) == Lets::None);
        let state = match &lane.problem {
            Some(_) => "off",
            None if is_paused => "paused",
            None if is_held => "held",
            None if lane.opens_at > Some(self.dispatch.now) => "closed",
            None => "on",
        };
        LaneObject {
            name: &lane.name,
            program: lane.program.as_deref(),
            cap: lane.cap,
            running: self.dispatch.count_in(&lane.name),
            state,
            problem: lane.problem.as_deref(),
            serves_others: lane.serves_others,
            pool: lane.pool.as_deref(),
            hold: hold.filter(|_| is_held),
            opens_at: lane.opens_at,
        }
    }
}

fn line(lane: &LaneObject<'_>) -> String {
    let program = lane.program.unwrap_or("(not found)");
    let running = match lane.cap {
        Some(cap) => format!("{} of {cap} running", lane.running),
        None => format!("{} running", lane.running),
    };
    let others = if lane.serves_others {
        "  (serves every assignee without a lane of its own)"
    } else {
        ""
    };
    let problem = lane.problem.map(|problem| format!("  {problem}"));
    let held = lane.hold.map(|hold| format!("  {}", text::hold(hold)));
    let opens = lane.opens_at.filter(|_| lane.state == "closed");
    let opens = opens.map(|at| format!("  opens at {}", text::moment(at)));
    let why = [problem, held, opens].into_iter().flatten().next();
    format!(
        "{:12}  {:6}  {running:16}  {program}{others}{}",
        lane.name,
        lane.state,
        why.unwrap_or_default()
    )
}

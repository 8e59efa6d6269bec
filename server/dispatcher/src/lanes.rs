//! The lanes: the programs behind assignees' names.

pub(crate) mod ends;
pub(crate) mod hours;
pub(crate) mod moment;
pub(crate) mod prompt;
pub(crate) mod rules;
pub(crate) mod template;

pub(crate) mod program;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use domain::command::SHELL;
use domain::dispatch::{LaneReport, is_profile};
use domain::landing::Method;
use domain::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

use crate::lanes::hours::Hours;
use crate::lanes::rules::{Rules, Success};
use crate::lanes::template::Template;

/// The lane that serves assignees without one of their own, where its program is found.
const HERMES: &str = "hermes";

/// The default time limit of a worker: long enough for anything that ends.
const MAX_RUN_TIME: Duration = Duration::from_hours(24);

/// The default time limit of a check.
const CHECK_TIME: Duration = Duration::from_mins(20);

/// The most openings of one of a lane's hours that are tried for the others to be open too: a week has
/// fewer.
const MOST_OPENINGS: usize = 64;

/// A way to start workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    /// The assignee that it serves.
    pub(crate) name: String,
    pub(crate) command: Template,
    /// Its workers' environment on top of the dispatcher's.
    pub(crate) env: BTreeMap<String, String>,
    /// The cap on its concurrent workers, where lower than the board's.
    pub(crate) cap: Option<u32>,
    pub(crate) limits: Limits,
    pub(crate) rules: Rules,
    pub(crate) output: OutputFormat,
    /// The check of its tasks that have none of their own.
    pub(crate) check: Vec<String>,
    /// The time limit of a check.
    pub(crate) check_time: Duration,
    /// The number of red checks in a row that blocks a task, where it is not the usual one.
    pub(crate) rework_limit: Option<u32>,
    /// The reviewer of its tasks that name none: a person, or another lane.
    pub(crate) review: Option<String>,
    /// True if the work of its tasks lands by itself once they are done.
    pub(crate) lands: bool,
    /// The method by which it lands, where nobody says otherwise.
    pub(crate) land_method: Method,
    /// The folder of its scratch workspaces, when not in the home folder.
    pub(crate) workspace_root: Option<PathBuf>,
    /// The repository of which its tasks get worktrees, unless they name another.
    pub(crate) repository: Option<PathBuf>,
    /// The pool that it is in.
    pub(crate) pool: Option<String>,
    /// The hours in which it starts workers, its pool's among them; without any, at all times.
    pub(crate) hours: Vec<Hours>,
    /// The reason why it is turned off.
    pub(crate) off: Option<&'static str>,
    /// The program as it was found; `None` when there is no such program.
    pub(crate) program: Option<PathBuf>,
}

/// The format of what a worker prints to its standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutputFormat {
    /// Text for people.
    #[default]
    Text,
    /// The JSON lines of `claude --print --output-format stream-json --verbose`.
    ClaudeStream,
    /// Those of `codex exec --json`.
    CodexJson,
    /// Those of `gemini --output-format stream-json`.
    GeminiJson,
}

/// The time limits of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    /// From its start to its end.
    pub(crate) max_run_time: Duration,
    /// Between two signs of life: an output, or a heartbeat.
    pub(crate) heartbeat_timeout: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_run_time: MAX_RUN_TIME,
            heartbeat_timeout: None,
        }
    }
}

impl Limits {
    /// The same, for a task that may have a shorter time of its own.
    pub(crate) fn within(self, of_task: Option<Seconds>) -> Self {
        let of_task = of_task.and_then(|limit| u64::try_from(limit.0).ok());
        let of_task = of_task.map_or(self.max_run_time, Duration::from_secs);
        Self {
            max_run_time: self.max_run_time.min(of_task),
            ..self
        }
    }
}

impl Lane {
    /// A lane of which nothing is known but its command.
    pub(crate) fn new(name: &str, command: Template) -> Self {
        let mut lane = Self {
            name: name.to_owned(),
            command,
            env: BTreeMap::new(),
            cap: None,
            limits: Limits::default(),
            rules: Rules::default(),
            output: OutputFormat::default(),
            check: Vec::new(),
            check_time: CHECK_TIME,
            rework_limit: None,
            review: None,
            lands: false,
            land_method: Method::default(),
            workspace_root: None,
            repository: None,
            pool: None,
            hours: Vec::new(),
            off: None,
            program: None,
        };
        lane.find_program();
        lane
    }

    /// The names under which it can be held: its own and that of its pool.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.pool.as_deref())
    }

    /// The next moment at which it starts workers; `None` where that is now.
    pub(crate) fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        let at = self.first_open(now).unwrap_or(now);
        (at > now).then_some(at)
    }

    /// Returns true where its hours and those of its pool are open together at some time.
    pub(crate) fn is_ever_open(&self, now: Timestamp) -> bool {
        self.first_open(now).is_some()
    }

    /// The first moment from now on at which all its hours are open; `None` where there is none.
    fn first_open(&self, now: Timestamp) -> Option<Timestamp> {
        let mut at = now;
        // Each round passes over a closed time.
        for _ in 0..=MOST_OPENINGS {
            let Some(later) = self.hours.iter().filter_map(|it| it.opens_at(at)).max() else {
                return Some(at);
            };
            at = later;
        }
        None
    }

    /// Finds the program where a worker would find it.
    pub(crate) fn find_program(&mut self) {
        self.program = program::find(&self.command.program(), &self.path());
    }

    /// The search path of its programs.
    fn path(&self) -> OsString {
        let own = self.env.get("PATH").map(OsString::from);
        own.or_else(|| std::env::var_os("PATH")).unwrap_or_default()
    }

    /// The reason why it can start nothing.
    pub(crate) fn problem(&self) -> Option<String> {
        let missing = || {
            let program = self.command.program();
            if program.contains('/') {
                return format!("{program} is no program");
            }
            let path = self.path();
            format!(
                "the program {program} was not found on the PATH {}",
                path.display()
            )
        };
        let off = self.off.map(str::to_owned);
        off.or_else(|| self.program.is_none().then(missing))
    }
}

/// Every lane of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lanes {
    lanes: Vec<Lane>,
    /// The lane of assignees that have none of their own, and whether somebody asked for it.
    for_others: (String, IsAskedFor),
}

/// A lane's origin: configured, or a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IsAskedFor {
    Yes,
    No,
}

impl Lanes {
    /// Those that need no configuration.
    pub(crate) fn built_in(is_reachable: bool) -> Self {
        let mut shell = Lane::new(SHELL, fixed(&["sh", "{script}"]));
        shell.rules = Rules::new(Success::Exit);
        if is_reachable {
            shell.off = Some(
                "other machines can reach the server, so no task text is run as a script; \
                 enabled = true in kanban.toml turns it on",
            );
        }
        let words = [
            "hermes",
            "-p",
            "{assignee}",
            "{skills}",
            "chat",
            "-q",
            "work kanban task {task_id}",
        ];
        let hermes = Lane::new(HERMES, fixed(&words));
        Self {
            lanes: vec![shell, hermes],
            for_others: (HERMES.to_owned(), IsAskedFor::No),
        }
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lanes.iter().map(|lane| lane.name.clone()).collect()
    }

    /// Adds a lane, or puts it in the place of that with its name.
    pub(crate) fn put(&mut self, lane: Lane) {
        match self.lanes.iter_mut().find(|known| known.name == lane.name) {
            Some(known) => *known = lane,
            None => self.lanes.push(lane),
        }
    }

    /// Puts lanes into a pool, with hours of its own.
    pub(crate) fn pool(
        &mut self,
        name: &str,
        of_pool: &[String],
        hours: Option<&Hours>,
    ) -> Result<(), String> {
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err("the name of a pool is one line, expected another".to_owned());
        }
        if of_pool.is_empty() {
            return Err(format!(
                "the pool {name} has no lane, expected lanes = [\"name\", …]"
            ));
        }
        if self.named(name).is_some() {
            return Err(format!(
                "the pool {name} has the name of a lane, expected one of its own"
            ));
        }
        for of_pool in of_pool {
            let found = self.lanes.iter_mut().find(|lane| lane.name == *of_pool);
            let lane = found
                .ok_or_else(|| format!("the pool {name} names {of_pool}, which is no lane"))?;
            if let Some(other) = &lane.pool {
                return Err(format!(
                    "lane {of_pool} is in the pools {other} and {name}, expected one"
                ));
            }
            lane.pool = Some(name.to_owned());
            lane.hours.extend(hours.cloned());
        }
        Ok(())
    }

    /// Gives assignees without a lane of their own to this one.
    pub(crate) fn serve_others_by(&mut self, name: &str) -> Result<(), String> {
        // A worker may create tasks for anybody but those whose text is run.
        let fit = self
            .lanes
            .iter()
            .filter(|lane| !lane.command.runs_task_text());
        let names: Vec<&str> = fit.map(|lane| lane.name.as_str()).collect();
        if !names.contains(&name) {
            let names = names.join(", ");
            return Err(format!(
                "{name} cannot be the default lane, expected one of {names}"
            ));
        }
        self.for_others = (name.to_owned(), IsAskedFor::Yes);
        Ok(())
    }

    /// Finds all programs again: one may have been installed meanwhile.
    pub(crate) fn find_programs(&mut self) {
        for lane in &mut self.lanes {
            lane.find_program();
        }
    }

    /// The lane of this very name.
    pub(crate) fn named(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.name == name)
    }

    /// The lane that serves an assignee, whether it can start anything or not.
    pub(crate) fn of(&self, assignee: &str) -> Option<&Lane> {
        let for_others = || self.for_others().filter(|_| is_profile(assignee));
        self.named(assignee).or_else(for_others)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.iter()
    }

    /// The status reports of the lanes.
    pub fn reports(&self, now: Timestamp) -> Vec<LaneReport> {
        let for_others = self.for_others().map(|lane| &lane.name);
        let report = |lane: &Lane| LaneReport {
            name: lane.name.clone(),
            program: lane.program.as_ref().map(|path| path.display().to_string()),
            cap: lane.cap,
            serves_others: for_others == Some(&lane.name),
            problem: lane.problem(),
            pool: lane.pool.clone(),
            opens_at: lane.opens_at(now),
            review: lane.review.clone(),
        };
        self.lanes.iter().map(report).collect()
    }

    /// One that is there by default and cannot start anything is of no use to anybody: who never
    /// heard of it needs a lane, and not its program.
    fn for_others(&self) -> Option<&Lane> {
        let (name, is_asked_for) = &self.for_others;
        let lane = self.named(name)?;
        (*is_asked_for == IsAskedFor::Yes || lane.problem().is_none()).then_some(lane)
    }
}

#[expect(
    clippy::expect_used,
    reason = "the words are ours, and every test of a lane reads them"
)]
fn fixed(words: &[&str]) -> Template {
    Template::of_words(words).expect("a built-in command makes sense")
}

#[cfg(test)]
pub(crate) mod fixture {
    use std::path::Path;

    use super::*;

    /// Writes a program that may be run at once: another process writes it, so that no child which this
    /// one begins meanwhile for another test holds it open.
    pub(crate) fn write_program(path: &Path, script: &str) {
        let written = std::process::Command::new("sh")
            .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""])
            .arg(path)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
    }

    /// A lane that can start workers.
    pub(crate) fn lane(name: &str, cap: Option<u32>) -> Lane {
        let command = Template::of_words(&["true"]).unwrap();
        Lane {
            cap,
            ..Lane::new(name, command)
        }
    }

    impl Lanes {
        /// These and no others.
        pub(crate) fn of_lanes(lanes: Vec<Lane>) -> Self {
            let for_others = (String::new(), IsAskedFor::No);
            Self { lanes, for_others }
        }

        /// The shipped ones, on a machine that nobody else can reach.
        pub(crate) fn shipped() -> Self {
            Self::built_in(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::lane;
    use super::*;

    #[test]
    fn a_task_may_have_less_time_than_its_lane_allows_and_no_more() {
        let of_lane = Limits {
            max_run_time: Duration::from_mins(10),
            heartbeat_timeout: None,
        };
        for (of_task, seconds) in [
            (None, 600),
            (Some(Seconds(90)), 90),
            (Some(Seconds(900)), 600),
            (Some(Seconds(-1)), 600),
        ] {
            let limits = of_lane.within(of_task);
            assert_eq!(limits.max_run_time, Duration::from_secs(seconds));
        }
    }

    #[test]
    fn without_hermes_an_assignee_that_no_lane_serves_has_none() {
        let mut lanes = Lanes::shipped();
        let mut hermes = lanes.named(HERMES).unwrap().clone();
        hermes.program = None;
        lanes.put(hermes);
        assert_eq!(
            lanes.of("shell").map(|lane| lane.name.as_str()),
            Some("shell")
        );
        assert_eq!(lanes.of("Shell"), None);
        assert!(
            lanes
                .reports(Timestamp(0))
                .iter()
                .all(|lane| !lane.serves_others)
        );
    }

    #[test]
    fn where_hermes_is_installed_it_serves_whoever_has_no_lane_of_their_own() {
        let mut lanes = Lanes::shipped();
        let mut hermes = lanes.named(HERMES).unwrap().clone();
        hermes.program = Some("/usr/bin/hermes".into());
        lanes.put(hermes);
        assert_eq!(
            lanes.of("ada").map(|lane| lane.name.as_str()),
            Some("hermes")
        );
        assert_eq!(
            lanes.of("shell").map(|lane| lane.name.as_str()),
            Some("shell")
        );
    }

    #[test]
    fn a_lane_that_is_off_keeps_its_assignees() {
        let mut lanes = Lanes::of_lanes(vec![lane("mine", None), lane("others", None)]);
        lanes.serve_others_by("others").unwrap();
        let off = Lane {
            off: Some("it is off"),
            ..lane("mine", None)
        };
        lanes.put(off);
        assert_eq!(
            lanes.of("mine").unwrap().problem().as_deref(),
            Some("it is off")
        );
        assert_eq!(
            lanes.of("ada").map(|lane| lane.name.as_str()),
            Some("others")
        );
    }

    #[test]
    fn a_lane_whose_program_is_missing_says_so() {
        let command = Template::of_words(&["no-such-program", "-x"]).unwrap();
        let mut lane = Lane::new("agent", command);
        lane.env.insert("PATH".to_owned(), "/a:/b".to_owned());
        lane.find_program();
        assert_eq!(
            lane.problem().as_deref(),
            Some("the program no-such-program was not found on the PATH /a:/b")
        );
        let command = Template::of_words(&["/a/no-such-program"]).unwrap();
        assert_eq!(
            Lane::new("agent", command).problem().as_deref(),
            Some("/a/no-such-program is no program")
        );
        assert_eq!(
            Lane::new("sh", Template::of_words(&["sh"]).unwrap()).problem(),
            None
        );
    }
}

//! The settings of a board: `kanban.toml` with its defaults.

use domain::dispatch::Report;
use domain::run::ProcessIdentity;
use domain::time::Timestamp;
use kernel::Clock;
use toml::Spanned;

use super::Config;
use super::cap::{Cap, Machine};
use super::document::{Document, Mistake, Wrong};
use super::file::{File, Folder, LaneTable, PoolTable};
use super::lane::lane;
use super::secrets::Secrets;
use crate::home::Home;
use crate::lanes::Lanes;
use crate::workspaces::{self, Repositories};

/// The settings from `kanban.toml`, or the defaults in its absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub(crate) cap: Cap,
    /// The number of failures in a row after which a task is blocked, unless the task says so
    /// itself.
    pub(crate) failure_limit: Option<u32>,
    pub(crate) lanes: Lanes,
    pub(crate) repositories: Repositories,
    pub(crate) secrets: Secrets,
}

/// The settings' inputs beside the file.
#[derive(Clone, Debug)]
pub(super) struct Circumstances {
    pub(super) config: Config,
    /// True while other machines can reach the server, which may start and end by itself.
    pub(super) is_reachable: bool,
    /// As it was when the dispatcher started: its own workers do not make the cap smaller.
    pub(super) machine: Machine,
}

impl Circumstances {
    pub(super) fn now(home: &Home, config: Config) -> Self {
        Self {
            is_reachable: config.servers.now(home).is_reachable,
            machine: Machine::now(),
            config,
        }
    }
}

impl Settings {
    /// Reads what the board's home folder says. It blocks.
    ///
    /// # Errors
    /// Fails when the file cannot be read or parsed.
    pub fn read(home: &Home, config: &Config) -> Result<Self, Mistake> {
        let now = Circumstances::now(home, config.clone());
        Self::of(&Document::read(home), &now)
    }

    /// The lanes.
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The repositories of which tasks may have worktrees.
    pub fn repositories(&self) -> &Repositories {
        &self.repositories
    }

    /// The reason why the tasks of a lane get no worktrees of its repository. It blocks.
    pub fn repository_problem(&self, lane: &str) -> Option<String> {
        let repository = self.lanes.named(lane)?.repository.as_deref()?;
        let problem = workspaces::repository_problem(repository)?;
        Some(problem.to_string())
    }

    /// The variables that hold secrets of channels.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The cap on concurrent runs, and its reason.
    pub fn cap(&self) -> (u32, &str) {
        (self.cap.limit, &self.cap.reason)
    }

    /// The report of a dispatcher with these settings that has done nothing yet.
    pub(crate) fn report(
        &self,
        claimer: String,
        process: ProcessIdentity,
        now: Timestamp,
    ) -> Report {
        Report {
            claimer,
            process,
            is_running: true,
            last_tick: None,
            next_tick: None,
            cap: self.cap.limit,
            cap_reason: self.cap.reason.clone(),
            bad_ticks: 0,
            problem: None,
            lanes: self.lanes.reports(now),
            fault: None,
            exiting_runs: Vec::new(),
            unrecoverable_runs: Vec::new(),
            is_of_another: false,
        }
    }

    /// Makes settings of a document.
    pub(super) fn of(document: &Document, now: &Circumstances) -> Result<Self, Mistake> {
        Self::read_document(document, now).map_err(|wrong| document.mistake(wrong))
    }

    fn read_document(document: &Document, now: &Circumstances) -> Result<Self, Wrong> {
        let config = &now.config;
        let mut file: File = document.root()?.read()?;
        let cap = match (config.max, file.dispatcher.cap) {
            (Some(limit), _) => Cap {
                limit,
                reason: "asked for on the command line".to_owned(),
            },
            (None, Some(limit)) => Cap {
                limit: limit.get(),
                reason: "dispatcher.cap in kanban.toml".to_owned(),
            },
            (None, None) => now.machine.cap(file.dispatcher.memory_per_run_mib),
        };
        let failure_limit = file.dispatcher.failure_limit.map(Into::into);
        let mut lanes = Lanes::built_in(now.is_reachable);
        for built_in in lanes.names() {
            let nothing = || Spanned::new(0..0, LaneTable::default());
            file.lanes.entry(built_in).or_insert_with(nothing);
        }
        let usual = (file.dispatcher.retry, file.dispatcher.breaker);
        let mut trusted = file.board.trusted_repositories;
        for (name, table) in file.lanes {
            let at = Spanned::new(table.span(), ());
            let table = table.into_inner();
            trusted.extend(table.repository.clone().filter(|_| table.trust_repository));
            let lane = lane(&name, table, lanes.named(&name).cloned(), &usual);
            lanes.put(lane.map_err(|message| Wrong::at(&at, message))?);
        }
        for (name, table) in file.pools {
            let at = Spanned::new(table.span(), ());
            let PoolTable {
                lanes: of_pool,
                hours,
            } = table.into_inner();
            let pooled = lanes.pool(&name, &of_pool, hours.as_ref());
            pooled.map_err(|message| Wrong::at(&at, message))?;
            let moment = Clock::default().now();
            let mut shut = lanes.all().filter(|lane| !lane.is_ever_open(moment));
            if let Some(lane) = shut.next() {
                let message = format!(
                    "the hours of lane {} and of pool {name} are never open together, expected \
                     others",
                    lane.name
                );
                return Err(Wrong::at(&at, message));
            }
        }
        if let Some(name) = file.dispatcher.default_lane {
            let served = lanes.serve_others_by(name.get_ref());
            served.map_err(|message| Wrong::at(&name, message))?;
        }
        let of_lanes = lanes.all().filter_map(|lane| lane.repository.clone());
        let folders = |folders: Vec<Folder>| folders.into_iter().map(|folder| folder.0);
        let repositories = Repositories {
            listed: of_lanes.chain(folders(file.board.repositories)).collect(),
            trusted: folders(trusted).collect(),
        };
        Ok(Self {
            cap,
            failure_limit: config.failure_limit.or(failure_limit),
            lanes,
            repositories,
            secrets: Secrets::of(document),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use domain::dispatch::LaneReport;

    use super::*;
    use crate::lanes::rules::{Meaning, Success};

    fn document(text: &str) -> Document {
        Document::new("/h/kanban.toml".into(), text.to_owned())
    }

    fn config() -> Config {
        Config::new("/nonexistent/kanban".into())
    }

    /// Reads a file as the dispatcher of a server that others can reach, or cannot.
    fn read_by(text: &str, config: &Config, is_reachable: bool) -> Result<Settings, Mistake> {
        let now = Circumstances {
            config: config.clone(),
            is_reachable,
            machine: Machine::now(),
        };
        Settings::of(&document(text), &now)
    }

    fn read(text: &str) -> Result<Settings, Mistake> {
        read_by(text, &config(), false)
    }

    fn mistake(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    fn report(settings: &Settings, name: &str) -> LaneReport {
        let reports = settings.lanes.reports(Timestamp(0));
        reports.into_iter().find(|lane| lane.name == name).unwrap()
    }

    #[test]
    fn without_a_file_there_is_the_shell_and_a_cap_that_fits_the_machine() {
        let home = tempfile::tempdir().unwrap();
        let home = Home::at(home.path()).unwrap();
        let settings = Settings::read(&home, &config()).unwrap();
        assert_eq!(report(&settings, "shell").problem, None);
        assert!(settings.cap.limit >= 1);
        assert!(!settings.cap.reason.is_empty());
    }

    #[test]
    fn everything_that_can_be_said_of_a_lane_is_understood() {
        let settings = read(
            r#"
            [board]
            repositories = ["/srv/other"]
            trusted_repositories = ["/srv/own"]

            [dispatcher]
            cap = 5
            failure_limit = 3
            default_lane = "agent"

            [lanes.agent]
            command = ["sh", "-c", "work on {task_id}"]
            env = { MODEL = "large" }
            cap = 2
            max_run_time = "90m"
            heartbeat_timeout = "30s"
            success = "exit"
            exit_codes = { 3 = "blocked", 75 = "failure" }
            workspace_root = "/srv/work"
            repository = "/srv/src"
            trust_repository = true

            [lanes.other]
            command = ["sh"]
            repository = "/srv/third"
            "#,
        );
        let settings = settings.unwrap();
        assert_eq!(settings.cap(), (5, "dispatcher.cap in kanban.toml"));
        assert_eq!(settings.failure_limit, Some(3));
        let lane = settings.lanes.of("anybody").unwrap();
        assert_eq!((lane.name.as_str(), lane.cap), ("agent", Some(2)));
        assert_eq!(lane.env["MODEL"], "large");
        assert_eq!(lane.limits.max_run_time, Duration::from_mins(90));
        assert_eq!(lane.limits.heartbeat_timeout, Some(Duration::from_secs(30)));
        assert_eq!(lane.rules.success, Success::Exit);
        let meanings = [(3, Meaning::Blocked), (75, Meaning::Failure)];
        assert_eq!(lane.rules.exit_codes, meanings.into());
        assert_eq!(lane.workspace_root.as_deref(), Some(Path::new("/srv/work")));
        assert_eq!(lane.repository.as_deref(), Some(Path::new("/srv/src")));
        let repositories = settings.repositories();
        assert_eq!(
            repositories.listed,
            ["/srv/src", "/srv/third", "/srv/other"].map(Path::new)
        );
        assert_eq!(
            repositories.trusted,
            ["/srv/own", "/srv/src"].map(Path::new)
        );
    }

    #[test]
    fn a_shipped_lane_keeps_what_the_file_does_not_change() {
        let settings = read("[lanes.shell]\ncap = 3").unwrap();
        let shell = settings.lanes.of("shell").unwrap();
        assert_eq!((shell.cap, shell.rules.success), (Some(3), Success::Exit));
        assert_eq!(shell.command.program(), "sh");
        let settings = read("[lanes.hermes]\ncommand = [\"sh\", \"{assignee}\"]").unwrap();
        let hermes = settings.lanes.of("anybody").unwrap();
        assert_eq!(
            (hermes.name.as_str(), hermes.rules.success),
            ("hermes", Success::Reports)
        );
    }

    /// Checks that each of these files is told of in one sentence, with its line and what is expected.
    #[track_caller]
    fn assert_mistakes(cases: &[(&str, u32, &str)]) {
        for (text, line, says) in cases {
            let mistake = mistake(text);
            let begins = format!("/h/kanban.toml, line {line}: ");
            assert!(mistake.starts_with(&begins), "{mistake}");
            assert!(mistake.contains(says), "{mistake}");
            assert!(!mistake.contains('\n'), "{mistake}");
        }
    }

    #[test]
    fn a_mistake_is_one_sentence_with_its_line_and_what_is_expected() {
        let with_lane = |line: &str| format!("[lanes.a]\ncommand = [\"sh\"]\n{line}\n");
        let cases = [
            (
                "[dispatcher]\ncaps = 3",
                2,
                "unknown field `caps`, expected one of `cap`",
            ),
            (
                "[dispatcher]\ncap = 0",
                2,
                "expected a whole number above 0",
            ),
            (
                "[dispatcher]\n\ncap = \"two\"",
                3,
                "expected a whole number above 0",
            ),
            (
                "[dispatcher]\ndefault_lane = \"b\"",
                2,
                "b cannot be the default lane, expected one of hermes",
            ),
            (
                "[lanes.a]\nenabled = true",
                1,
                "expected command = [\"program\"",
            ),
            ("[lanes.a]\ncommand = []", 2, "expected a program's name"),
            (
                "[lanes.a]\ncommand = [\"sh\",\n\"{id}\"]",
                2,
                "expected one of {task_id}",
            ),
            (
                "[lanes.a]\ncommand = [\"sh\", \"{script}\"]",
                1,
                "expected {prompt_file}",
            ),
            (&with_lane("max_run_time = 30"), 3, "expected a string"),
            (
                &with_lane("max_run_time = \"30 minutes\""),
                3,
                "expected one such as 90s, 30m",
            ),
            (
                &with_lane("heartbeat_timeout = \"0s\""),
                3,
                "expected between 1s and 365d",
            ),
            (
                &with_lane("success = \"done\""),
                3,
                "expected `reports` or `exit`",
            ),
            (
                &with_lane("exit_codes = { 0 = \"failure\" }"),
                3,
                "expected one from 1 to 255",
            ),
            (
                &with_lane("exit_codes = { 3 = \"retry\" }"),
                3,
                "lanes.a.exit_codes.3: expected one of `success`",
            ),
            (
                &with_lane("workspace_root = \"work\""),
                3,
                "expected /… or ~/…",
            ),
            (
                &with_lane("trust_repository = true"),
                1,
                "lane a: trust_repository: there is no repository to trust, expected repository = ",
            ),
            ("[lanes.a\n", 1, "expected"),
        ];
        assert_mistakes(&cases);
    }

    #[test]
    fn a_mistake_about_waiting_is_told_in_the_same_way() {
        let with_lane = |line: &str| format!("[lanes.a]\ncommand = [\"sh\"]\n{line}\n");
        assert_mistakes(&[
            (
                &with_lane("ends = [{ says = '(', means = 'quota' }]"),
                3,
                "expected a regular expression",
            ),
            (&with_lane("hours = 5"), 3, "expected hours like"),
            (
                &with_lane("hours = '1:00-2:00 Mars/Base'"),
                3,
                "expected one such as Europe/Berlin",
            ),
            (&with_lane("agent = \"nobody\""), 1, "lane a: agent: "),
            (
                &with_lane("retry = 5"),
                3,
                "lanes.a.retry: expected a table",
            ),
            (&with_lane("[pools.b]"), 3, "expected lanes = ["),
            (&with_lane("[pools.\"\"]\nlanes = ['a']"), 3, "one line"),
            (
                &with_lane(
                    "hours = '9:00-10:00 UTC'\n[pools.b]\nlanes = ['a']\nhours = '11:00-12:00 UTC'",
                ),
                4,
                "never open together",
            ),
        ]);
    }

    #[test]
    fn no_mistake_shows_a_value_but_its_key() {
        for (text, key) in [
            ("[lanes.a]\nenv = { TOKEN = 7415 }", "lanes.a.env.TOKEN: "),
            ("[lanes.a]\ncap = \"7415\"", "lanes.a.cap: "),
            (
                "[lanes.a]\ncommand = [\"sh\", \"7415{\"]",
                "lanes.a.command",
            ),
            ("[dispatcher]\ncap = -7415", "dispatcher.cap: "),
            ("lanes = \"7415\"", "lanes: "),
            ("board.repositories = [\"7415\"]", "board.repositories"),
        ] {
            let mistake = mistake(text);
            assert!(mistake.contains(key), "{mistake}");
            assert!(!mistake.contains("7415"), "{mistake}");
        }
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let config = Config {
            max: Some(3),
            failure_limit: Some(1),
            ..config()
        };
        let text = "[dispatcher]\ncap = 5\nfailure_limit = 2";
        let settings = read_by(text, &config, false).unwrap();
        assert_eq!(settings.cap(), (3, "asked for on the command line"));
        assert_eq!(settings.failure_limit, Some(1));
    }

    #[test]
    fn where_others_can_reach_the_server_the_shell_is_off_unless_it_is_turned_on() {
        let problem = |text: &str| {
            let settings = read_by(text, &config(), true).unwrap();
            report(&settings, "shell").problem
        };
        assert!(problem("").unwrap().starts_with("other machines can reach"));
        assert_eq!(problem("[lanes.shell]\nenabled = true"), None);
        let off = problem("[lanes.shell]\nenabled = false");
        assert_eq!(off.as_deref(), Some("it is turned off in kanban.toml"));
    }
}

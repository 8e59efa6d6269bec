//! The first steps with agents: what this machine has, in words for the terminal and for the page of an
//! empty board. It shows commands and runs none of them.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dispatcher::Home;
use dispatcher::agents::{self, Found};
use domain::dispatch::LaneReport;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use crate::plain_page::escape;

/// The time after which the machine is looked at again, when somebody asks.
const FRESH: Duration = Duration::from_mins(1);

/// The longest that a page waits for the first look. Whoever is faster sees it when they load again.
const PATIENCE: Duration = Duration::from_secs(2);

/// The agents of this machine, as they were last found. Nobody looks unless the page of an empty board
/// is asked for, and never two at once.
#[derive(Clone)]
pub(crate) struct Agents(Arc<Looks>);

struct Looks {
    last: watch::Sender<Option<(Instant, Arc<[Found]>)>>,
    is_looking: AtomicBool,
}

impl Default for Agents {
    fn default() -> Self {
        Self(Arc::new(Looks {
            last: watch::Sender::new(None),
            is_looking: AtomicBool::new(false),
        }))
    }
}

impl Agents {
    /// The last findings; `None` while the first look takes its time.
    pub(crate) async fn found(&self) -> Option<Arc<[Found]>> {
        let is_fresh = matches!(&*self.0.last.borrow(), Some((at, _)) if at.elapsed() < FRESH);
        if !is_fresh && !self.0.is_looking.swap(true, Ordering::AcqRel) {
            let looks = self.0.clone();
            // It starts programs and reads files, which may hang; whoever asks waits on the channel.
            drop(spawn_blocking(move || {
                let found = agents::look().into();
                looks.last.send_replace(Some((Instant::now(), found)));
                looks.is_looking.store(false, Ordering::Release);
            }));
        }
        let mut last = self.0.last.subscribe();
        let last = timeout(PATIENCE, last.wait_for(Option::is_some)).await;
        let last = last.ok()?.ok()?;
        last.as_ref().map(|(_, found)| found.clone())
    }
}

/// An agent in a few words: `Claude Code 2.1.197, looks logged in`.
pub(crate) fn words(found: &Found) -> String {
    let version = found
        .version
        .as_deref()
        .map(|version| format!(" {version}"));
    let version = version.unwrap_or_default();
    let state = if found.is_logged_in {
        "looks logged in".to_owned()
    } else {
        format!("not logged in ({})", found.agent.log_in)
    };
    format!("{}{version}, {state}", found.agent.title)
}

/// The next step with an agent, or the reason why there is none.
pub(crate) enum Next {
    /// This command adds its lane.
    Add(String),
    HasLane,
    /// It cannot be given a task.
    NoLane,
}

impl Next {
    pub(crate) fn of(found: &Found, lanes: &[LaneReport], kanban: &str) -> Self {
        let name = &found.agent.name;
        match (
            &found.agent.lane,
            lanes.iter().any(|lane| lane.name == *name),
        ) {
            (_, true) => Self::HasLane,
            (Some(_), false) => Self::Add(format!("{kanban} lanes add {name}")),
            (None, false) => Self::NoLane,
        }
    }
}

/// The name of the program in a command about this board: with `--home`, unless it is the one that is
/// meant without.
pub(crate) fn kanban(home: &Home) -> String {
    let usual = std::env::home_dir().map(|folder| folder.join(".kanban"));
    if usual.as_deref() == Some(home.root()) {
        return "kanban".to_owned();
    }
    let root = home.root().display().to_string();
    match shlex::try_quote(&root) {
        Ok(root) => format!("kanban --home {root}"),
        Err(_) => "kanban".to_owned(),
    }
}

/// The steps as HTML.
pub(crate) fn steps(found: Option<&[Found]>, lanes: &[LaneReport], home: &Home) -> String {
    let kanban = kanban(home);
    let mut agents = String::new();
    for found in found.unwrap_or_default() {
        let next = match Next::of(found, lanes, &kanban) {
            Next::Add(command) => format!("<code>{}</code>", escape(&command)),
            Next::HasLane => "it has its lane".to_owned(),
            Next::NoLane => "no lane is shipped for it".to_owned(),
        };
        // Writing to a String cannot fail.
        write!(agents, "<li>{}: {next}</li>", escape(&words(found))).ok();
    }
    let agents = match found {
        Some([]) => format!(
            "None was found on the server’s PATH. Install one, such as <code>{}</code>, then <code>{}</code>.",
            escape(agents::known().first().map_or("", |agent| &agent.install)),
            escape(&format!("{kanban} lanes add claude")),
        ),
        Some(_) => format!("On this machine:<ul>{agents}</ul>"),
        None => "This machine is being looked at; load the page again.".to_owned(),
    };
    let usable = found.unwrap_or_default().iter();
    let mut usable = usable.filter(|found| found.agent.lane.is_some());
    let best = usable.clone().find(|found| found.is_logged_in);
    let name = best
        .or(usable.next())
        .map_or("claude", |found| &found.agent.name);
    let test = escape(&format!("{kanban} lanes test {name}"));
    format!(
        "<ol><li><b>Give an agent a lane</b> in a terminal. {agents}</li>\
         <li><b>Try it</b> with a tiny task: <code>{test}</code></li>\
         <li><b>Create a task</b> and assign it to <code>{name}</code>: it starts by itself.</li></ol>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, is_logged_in: bool) -> Found {
        Found {
            agent: agents::named(name).unwrap(),
            program: format!("/usr/bin/{name}").into(),
            version: Some("<b>1.0".to_owned()),
            is_logged_in,
        }
    }

    #[test]
    fn the_steps_name_what_was_found_and_the_commands_to_copy() {
        let home = Home::at("/srv/my board").unwrap();
        let all = [
            found("aider", true),
            found("codex", false),
            found("claude", true),
        ];
        let html = steps(Some(&all), &[], &home);
        for part in [
            "aider &lt;b>1.0, looks logged in: no lane is shipped for it",
            "Codex &lt;b>1.0, not logged in (codex login)",
            "lanes add codex</code>",
            "lanes test claude</code>",
            "assign it to <code>claude</code>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(
            html.contains("my board") && !html.contains("<b>1.0"),
            "{html}"
        );
        let lane = LaneReport {
            name: "claude".to_owned(),
            program: None,
            cap: None,
            serves_others: false,
            problem: None,
            pool: None,
            opens_at: None,
            review: None,
        };
        assert!(steps(Some(&all), &[lane], &home).contains("it has its lane"));
        assert!(steps(Some(&[]), &[], &home).contains("npm install --global"));
        assert!(steps(None, &[], &home).contains("load the page again"));
    }

    #[test]
    fn a_command_names_the_home_where_it_is_not_the_usual_one() {
        let usual = std::env::home_dir().unwrap().join(".kanban");
        assert_eq!(kanban(&Home::at(usual).unwrap()), "kanban");
        let other = Home::at("/srv/my board").unwrap();
        assert_eq!(kanban(&other), "kanban --home '/srv/my board'");
    }
}

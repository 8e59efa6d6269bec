//! What an assignee's name stands for.

use std::path::Path;

use domain::command::SHELL;

/// Stands in an argv for the file that holds the task's text.
const SCRIPT: &str = "{script}";

/// A way to start workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The assignee that it serves.
    pub name: String,
    /// The program and its arguments; `{script}` is the file that holds the task's text.
    pub argv: Vec<String>,
    /// How many of its workers may run at once, where that is less than the board's cap.
    pub cap: Option<u32>,
}

impl Lane {
    /// The built-in lane that needs nothing else: the task's text is a `sh` script.
    fn shell() -> Self {
        Self {
            name: SHELL.to_owned(),
            argv: vec!["sh".to_owned(), SCRIPT.to_owned()],
            cap: None,
        }
    }

    /// The command line for a task whose text is in the file `script`.
    ///
    /// The path is an argument of its own and never part of a shell's text.
    pub(crate) fn argv_for(&self, script: &Path) -> Vec<String> {
        let fill = |word: &String| match word.as_str() {
            SCRIPT => script.display().to_string(),
            word => word.to_owned(),
        };
        self.argv.iter().map(fill).collect()
    }
}

/// Every lane of the board.
#[derive(Clone, Debug)]
pub struct Lanes(Vec<Lane>);

impl Lanes {
    /// Those that need no configuration.
    pub fn built_in() -> Self {
        Self(vec![Lane::shell()])
    }

    /// The same but for the lane that runs a task's text.
    #[must_use]
    pub fn without_shell(mut self) -> Self {
        self.0.retain(|lane| lane.name != SHELL);
        self
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Lane> {
        self.0.iter()
    }

    /// The lane of an assignee. A task without one is not started.
    pub fn of(&self, assignee: &str) -> Option<&Lane> {
        self.0.iter().find(|lane| lane.name == assignee)
    }
}

#[cfg(test)]
impl Lanes {
    pub(crate) fn of_lanes(lanes: Vec<Lane>) -> Self {
        Self(lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_spaces_and_quotes_stays_one_argument() {
        let script = "/home/o'brien/my boards/$x/script";
        let argv = Lane::shell().argv_for(Path::new(script));
        assert_eq!(argv, ["sh", script]);
    }

    #[test]
    fn without_the_shell_no_task_text_is_run() {
        assert_eq!(Lanes::built_in().without_shell().of("shell"), None);
    }

    #[test]
    fn an_assignee_that_no_lane_serves_has_none() {
        let lanes = Lanes::built_in();
        assert_eq!(
            lanes.of("shell").map(|lane| lane.name.as_str()),
            Some("shell")
        );
        assert_eq!(lanes.of("Shell"), None);
        assert_eq!(lanes.of(""), None);
    }
}

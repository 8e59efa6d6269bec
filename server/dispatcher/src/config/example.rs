//! The `kanban.toml` that explains itself.

/// The commented `kanban.toml` that is written where a board has none yet.
pub const EXAMPLE: &str = include_str!("../kanban.toml");

#[cfg(test)]
mod tests {
    use super::super::cap::Machine;
    use super::super::document::Document;
    use super::super::settings::{Circumstances, Settings};
    use super::super::{Config, EXAMPLE};
    use crate::lanes::rules::Success;

    fn read(text: &str) -> Settings {
        let now = Circumstances {
            config: Config::new("/nonexistent/kanban".into()),
            is_reachable: false,
            machine: Machine::now(),
        };
        let document = Document::new("/h/kanban.toml".into(), text.to_owned());
        Settings::of(&document, &now).unwrap()
    }

    /// Its lines, what is only an example in them too.
    fn lines() -> impl Iterator<Item = &'static str> {
        let lines = EXAMPLE.lines();
        lines.map(|line| line.strip_prefix("# ").unwrap_or(line))
    }

    #[test]
    fn the_example_can_be_used_as_it_is_and_with_everything_turned_on() {
        assert_eq!(read(EXAMPLE).lanes, read("").lanes);
        // What is an example of the file, and not of English, has a value, a table or a bracket.
        let is_toml = |line: &&str| {
            line.starts_with('[')
                || line.starts_with("    \"")
                || line.starts_with(']')
                || line
                    .split_once(" = ")
                    .is_some_and(|(name, _)| !name.contains(' '))
        };
        let turned_on: Vec<&str> = lines().filter(is_toml).collect();
        let settings = read(&turned_on.join("\n"));
        let lanes: Vec<_> = settings
            .lanes
            .all()
            .map(|lane| lane.name.as_str())
            .collect();
        assert_eq!(lanes, ["shell", "hermes", "example", "make"]);
        assert_eq!(settings.cap.limit, 2);
        let make = settings.lanes.named("make").unwrap();
        assert_eq!(make.rules.success, Success::Exit);
    }

    #[test]
    fn what_the_example_calls_the_default_is_the_default() {
        let of_hermes: Vec<&str> = lines()
            .skip_while(|line| *line != "[lanes.hermes]")
            .take(2)
            .collect();
        let written = read(&of_hermes.join("\n"));
        assert_eq!(written.lanes, read("").lanes);
    }
}

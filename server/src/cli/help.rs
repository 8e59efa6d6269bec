//! The help of the whole program: its verbs in groups, as there are too many for one list.

use std::fmt::Write as _;

use clap::builder::StyledStr;
use clap::{Command, CommandFactory};

use super::Cli;
use super::verbs::GROUPS;

const EXAMPLES: &str = "\
Examples:
  kanban serve                                            a board to look at, which runs its tasks
  kanban create 'say hello' --assignee shell --body 'echo hello'
  kanban list --status blocked
  kanban create --help                                    the flags of a verb
  kanban guide                                            what all of this is about
";

/// The help, without colours.
pub(super) fn of_program() -> StyledStr {
    with_groups(Cli::command()).render_help()
}

/// The program with its verbs in groups.
pub(super) fn with_groups(program: Command) -> Command {
    let verbs = groups(&program);
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{verbs}Options:\n{{options}}\n\n{EXAMPLES}"
    );
    program.help_template(template)
}

fn groups(program: &Command) -> String {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        // Writing to a `String` cannot fail.
        writeln!(text, "{heading}:").ok();
        for name in names {
            let verb = program.find_subcommand(name);
            let about = verb.and_then(Command::get_about).map(ToString::to_string);
            let about = about.unwrap_or_default();
            // The rest stands in the help of the verb.
            let gist = about.split([':', ';']).next().unwrap_or_default();
            writeln!(text, "  {name:18}  {gist}").ok();
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_that_can_be_seen_stands_in_one_group() {
        let program = Cli::command();
        let seen = program.get_subcommands().filter(|verb| !verb.is_hide_set());
        let mut seen: Vec<&str> = seen.map(Command::get_name).collect();
        let mut grouped = GROUPS.map(|(_, names)| names).concat();
        seen.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, seen);
    }
}

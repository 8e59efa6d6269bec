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
    use crate::plain_words::is_riddle;

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

    /// The riddles in the help of a command and of those below it.
    fn in_help(command: &Command, found: &mut Vec<String>) {
        let abouts = [command.get_about(), command.get_long_about()];
        let arguments = command.get_arguments();
        let helps = arguments.flat_map(|it| [it.get_help(), it.get_long_help()]);
        let texts = abouts.into_iter().chain(helps).flatten();
        found.extend(texts.map(ToString::to_string).filter(|it| is_riddle(it)));
        command.get_subcommands().for_each(|it| in_help(it, found));
    }

    #[test]
    fn no_help_of_a_verb_or_flag_is_a_riddle() {
        let mut found = Vec::new();
        in_help(&Cli::command(), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}

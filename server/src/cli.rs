//! The command line: one file a verb. Verbs open the board through the kernel, as the server does,
//! so they work with and without one. They translate and decide nothing.

mod address;
mod body;
mod bulk;
mod follow;
mod help;
mod hidden;
mod json;
mod output;
mod paint;
mod progress;
mod session;
mod text;
mod usage;
mod verbs;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory, FromArgMatches, Parser};
use dispatcher::Home;
use rustix::fs::Mode;
use rustix::process::umask;

use output::Output;
use paint::Paint;
use usage::Senseless;
use verbs::Verb;

/// The position of the global flags in the help of a verb.
const AFTER_THE_VERBS_OWN: usize = 900;

/// The umask of all that we make: nobody else may read what is on the board.
const OURS_ALONE: Mode = Mode::RWXG.union(Mode::RWXO);

/// A kanban board that runs its tasks by itself.
#[derive(Debug, Parser)]
#[command(name = "kanban", version)]
struct Cli {
    /// The board's home folder [default: ~/.kanban]
    #[arg(
        long,
        global = true,
        env = "KANBAN_HOME",
        value_name = "DIR",
        hide_env_values = true,
        display_order = AFTER_THE_VERBS_OWN
    )]
    home: Option<PathBuf>,
    /// The use of colours; `NO_COLOR` is heeded
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        display_order = AFTER_THE_VERBS_OWN
    )]
    color: paint::When,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// Runs the program: 0 when all went well, 1 when something was refused, 2 when the command line
/// makes no sense.
pub fn main() -> ExitCode {
    if let Some(code) = hidden::run() {
        return code;
    }
    let parsed = help::with_groups(Cli::command())
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        // Help and the version come this way too; clap knows where they go.
        Err(error) if usage::is_answer(&error) => error.exit(),
        Err(error) => {
            let mut output = Output::default();
            let words = std::env::args_os().skip(1);
            let words = words.map(|word| word.to_string_lossy().into_owned());
            output.complain(format_args!("kanban: {}", usage::sentence(&error, words)));
            output.flush();
            return ExitCode::from(usage::EXIT_CODE);
        }
    };
    // Before anything is made.
    let umask = umask(OURS_ALONE);
    let mut output = Output::painted(Paint::new(cli.color));
    let home = || home(cli.home);
    let authority = session::authority();
    let refused = cli
        .verb
        .as_ref()
        .and_then(|verb| verb.refused_to(&authority));
    if let Some(refusal) = refused {
        output.complain(format_args!("kanban: {refusal}"));
        return output.flush();
    }
    let done = match cli.verb {
        None => {
            output.text(&help::of_program().to_string());
            Ok(())
        }
        Some(verb) => verb.carry_out(home, umask, &mut output),
    };
    let makes_no_sense = match done {
        Ok(()) => false,
        Err(error) => {
            output.complain(format_args!("kanban: {error:#}"));
            error.is::<Senseless>()
        }
    };
    let code = output.flush();
    if makes_no_sense {
        ExitCode::from(usage::EXIT_CODE)
    } else {
        code
    }
}

/// The home folder of the board: as asked for, else that of the user.
fn home(asked: Option<PathBuf>) -> anyhow::Result<Home> {
    let root = match asked {
        Some(root) => root,
        None => std::env::home_dir()
            .context("no home folder is known; say where the board is with --home")?
            .join(".kanban"),
    };
    Home::at(&root).with_context(|| format!("cannot use {} as the home folder", root.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_home_folder_may_stand_before_or_after_the_verb() {
        for line in [
            ["kanban", "--home", "/h", "list"],
            ["kanban", "list", "--home", "/h"],
        ] {
            assert_eq!(
                Cli::try_parse_from(line).unwrap().home,
                Some(PathBuf::from("/h"))
            );
        }
    }
}

//! The command line: one file a verb. Verbs open the board through the kernel, as the server does,
//! so they work with and without one. They translate and decide nothing.

mod block;
mod claim;
mod comment;
mod complete;
mod context;
mod create;
mod json;
mod list;
mod open;
mod output;
mod promote;
mod sample;
mod serve;
mod session;
mod shim;
mod show;
mod text;
mod unblock;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory, Parser, Subcommand};
use dispatcher::Home;
use rustix::fs::Mode;
use rustix::process::umask;

use output::Output;
use session::Session;

/// A kanban board that runs its tasks by itself.
#[derive(Debug, Parser)]
#[command(name = "kanban", version, disable_help_subcommand = true)]
struct Cli {
    /// The board's home folder [default: ~/.kanban]
    #[arg(
        long,
        global = true,
        env = "KANBAN_HOME",
        value_name = "DIR",
        hide_env_values = true
    )]
    home: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::Args),
    Open(open::Args),
    #[command(flatten)]
    OnBoard(OnBoard),
    #[command(hide = true)]
    Shim(shim::Args),
}

/// The verbs that need the board to be open, and no server.
#[derive(Debug, Subcommand)]
enum OnBoard {
    Sample(sample::Args),
    Create(create::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Show(show::Args),
    Context(context::Args),
    Claim(claim::Args),
    Comment(comment::Args),
    Complete(complete::Args),
    Block(block::Args),
    Unblock(unblock::Args),
    Promote(promote::Args),
}

/// Runs the program: 0 when all went well, 1 when something was refused, 2 when the command line
/// makes no sense.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and the version come this way too; clap knows where each goes and its exit code.
        Err(error) => error.exit(),
    };
    // Before anything is made: nobody else may read what is on the board.
    let umask = umask(Mode::RWXG | Mode::RWXO);
    let mut output = Output::default();
    let home = || home(cli.home);
    let done = match cli.verb {
        None => {
            output.line(Cli::command().render_help());
            Ok(())
        }
        Some(Verb::Shim(args)) => return shim::run(&args),
        Some(Verb::Serve(args)) => home().and_then(|home| serve::run(args, home, umask)),
        Some(Verb::Open(args)) => home().and_then(|home| open::run(&args, &home, &mut output)),
        Some(Verb::OnBoard(verb)) => home().and_then(|home| verb.run(home, &mut output)),
    };
    if let Err(error) = done {
        output.complain(format_args!("kanban: {error:#}"));
    }
    output.flush()
}

impl OnBoard {
    fn run(self, home: Home, output: &mut Output) -> anyhow::Result<()> {
        let session = Session::open(home)?;
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(self.carry_out(&session, output))
    }

    async fn carry_out(self, session: &Session, output: &mut Output) -> anyhow::Result<()> {
        match self {
            Self::Sample(args) => sample::run(args, session, output).await,
            Self::Create(args) => create::run(args, session, output).await,
            Self::List(args) => list::run(args, session, output).await,
            Self::Show(args) => show::run(args, session, output).await,
            Self::Context(args) => context::run(args, session, output).await,
            Self::Claim(args) => claim::run(args, session, output).await,
            Self::Comment(args) => comment::run(args, session, output).await,
            Self::Complete(args) => complete::run(args, session, output).await,
            Self::Block(args) => block::run(args, session, output).await,
            Self::Unblock(args) => unblock::run(args, session, output).await,
            Self::Promote(args) => promote::run(args, session, output).await,
        }
    }
}

/// Where the board is: as asked for, else in the home folder of the user.
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

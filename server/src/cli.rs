//! The command line: one file a verb. Verbs open the board through the kernel, as the server does,
//! so they work with and without one. They translate and decide nothing.

mod address;
mod archive;
mod assign;
mod backup;
mod block;
mod body;
mod bulk;
mod cancel;
mod claim;
mod comment;
mod complete;
mod completions;
mod context;
mod create;
mod daemon;
mod dispatch;
mod doctor;
mod edit;
mod export;
mod follow;
mod gc;
mod guide;
mod heartbeat;
mod help;
mod import;
mod inbox;
mod init;
mod json;
mod lanes;
mod link;
mod list;
mod log;
mod man;
mod move_task;
mod notify_list;
mod notify_subscribe;
mod notify_unsubscribe;
mod open;
mod output;
mod paint;
mod pause;
mod progress;
mod promote;
mod restore;
mod resume;
mod runs;
mod sample;
mod serve;
mod session;
mod shim;
mod show;
mod slash;
mod stats;
mod tail;
mod text;
mod token;
mod unblock;
mod undo;
mod unlink;
mod usage;
mod watch;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use dispatcher::Home;
use domain::actor::Authority;
use domain::authority::{Act, Grant};
use rustix::fs::Mode;
use rustix::process::umask;

use output::Output;
use paint::Paint;
use session::Session;
use usage::Senseless;

pub(crate) use text::moment;

/// The position of the global flags in the help of a verb.
const AFTER_THE_VERBS_OWN: usize = 900;

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
        hide_env_values = true,
        display_order = AFTER_THE_VERBS_OWN
    )]
    home: Option<PathBuf>,
    /// When to use colours; `NO_COLOR` is heeded
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

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::Args),
    Daemon(daemon::Args),
    Dispatch(dispatch::Args),
    #[command(flatten)]
    OnBoard(OnBoard),
    #[command(flatten)]
    Following(Following),
    #[command(flatten)]
    OnMachine(OnMachine),
    Guide(guide::Args),
    Slash(slash::Args),
    #[command(hide = true)]
    Shim(shim::Args),
}

/// The verbs that follow the open board and do not end by themselves.
#[derive(Debug, Subcommand)]
enum Following {
    Tail(tail::Args),
    Watch(watch::Args),
}

/// The verbs that are about the program or the machine, or about a board that cannot be opened.
#[derive(Debug, Subcommand)]
enum OnMachine {
    Open(open::Args),
    Token(token::Args),
    Doctor(doctor::Args),
    Restore(restore::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The verbs that need the board to be open, and no server.
#[derive(Debug, Subcommand)]
enum OnBoard {
    Init(init::Args),
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
    Assign(assign::Args),
    Link(link::Args),
    Unlink(unlink::Args),
    Archive(archive::Args),
    Edit(edit::Args),
    Move(move_task::Args),
    Inbox(inbox::Args),
    NotifySubscribe(notify_subscribe::Args),
    NotifyList(notify_list::Args),
    NotifyUnsubscribe(notify_unsubscribe::Args),
    Backup(backup::Args),
    Export(export::Args),
    Import(import::Args),
    Why(why::Args),
    Runs(runs::Args),
    Log(log::Args),
    Heartbeat(heartbeat::Args),
    Cancel(cancel::Args),
    Undo(undo::Args),
    Lanes(lanes::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    Stats(stats::Args),
    Gc(gc::Args),
}

/// Runs the program: 0 when all went well, 1 when something was refused, 2 when the command line
/// makes no sense.
pub fn main() -> ExitCode {
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
    // Before anything is made: nobody else may read what is on the board.
    let umask = umask(Mode::RWXG | Mode::RWXO);
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
        Some(Verb::Shim(args)) => return shim::run(&args),
        Some(Verb::Serve(args)) => home().and_then(|home| serve::run(args, home, umask)),
        Some(Verb::Daemon(args)) => {
            home().and_then(|home| daemon::run(args, home, umask, &mut output))
        }
        Some(Verb::Dispatch(args)) => {
            home().and_then(|home| dispatch::run(&args, home, umask, &mut output))
        }
        Some(Verb::OnBoard(verb)) => home().and_then(|home| {
            let opening = match &verb {
                OnBoard::Init(_) => Session::open_or_make,
                _ => Session::open,
            };
            on_board(&opening(home)?, async |session| {
                verb.carry_out(session, &mut output).await
            })
        }),
        Some(Verb::Following(verb)) => home().and_then(|home| {
            on_board(&Session::open(home)?, async |session| {
                verb.carry_out(session, &mut output).await
            })
        }),
        Some(Verb::Slash(args)) => home().and_then(|home| {
            on_board(&Session::open(home)?, async |session| {
                slash::run(&args, session, &mut output).await
            })
        }),
        Some(Verb::OnMachine(verb)) => verb.carry_out(home, &mut output),
        Some(Verb::Guide(args)) => guide::run(&args, &mut output),
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

impl Verb {
    /// The refusal where this authority may not use the verb at all. What its commands may do is
    /// the kernel's to say.
    fn refused_to(&self, authority: &Authority) -> Option<domain::error::Error> {
        let act = self.act();
        (authority.grant(act) == Grant::Never).then(|| authority.refusal(act))
    }

    /// The act that the table of [`domain::authority`] knows this verb by.
    fn act(&self) -> Act {
        match self {
            Self::OnBoard(verb) => verb.act(),
            Self::Dispatch(args) if args.is_dry() => Act::Read,
            Self::Dispatch(_) | Self::Shim(_) => Act::Dispatch,
            Self::Following(Following::Tail(_) | Following::Watch(_)) => Act::Follow,
            Self::Guide(_) | Self::OnMachine(OnMachine::Completions(_) | OnMachine::Man(_)) => {
                Act::ReadGuide
            }
            Self::Serve(_)
            | Self::Daemon(_)
            | Self::Slash(_)
            | Self::OnMachine(
                OnMachine::Open(_)
                | OnMachine::Token(_)
                | OnMachine::Doctor(_)
                | OnMachine::Restore(_),
            ) => Act::Administer,
        }
    }
}

/// Does something with the board.
fn on_board(
    session: &Session,
    act: impl AsyncFnOnce(&Session) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(act(session))
}

impl OnBoard {
    const fn act(&self) -> Act {
        match self {
            Self::List(_)
            | Self::Show(_)
            | Self::Context(_)
            | Self::Why(_)
            | Self::Runs(_)
            | Self::Lanes(_)
            | Self::Stats(_) => Act::Read,
            Self::Log(_) => Act::ReadLog,
            Self::Inbox(_) | Self::NotifyList(_) => Act::ReadNews,
            Self::Create(_) => Act::Create,
            Self::Comment(_) => Act::Comment,
            Self::Heartbeat(_) => Act::Heartbeat,
            Self::Complete(_) => Act::Complete,
            Self::Block(_) => Act::Block,
            Self::Unblock(_) => Act::Unblock,
            Self::Claim(_) => Act::Claim,
            Self::Promote(_) | Self::Move(_) => Act::Move,
            Self::Assign(_) => Act::Assign,
            Self::Edit(_) => Act::Edit,
            Self::Archive(_) => Act::Archive,
            Self::Link(_) => Act::Link,
            Self::Unlink(_) => Act::Unlink,
            Self::Cancel(_) => Act::Cancel,
            Self::Pause(_) | Self::Resume(_) => Act::Pause,
            Self::NotifySubscribe(_) | Self::NotifyUnsubscribe(_) => Act::Subscribe,
            Self::Undo(_) => Act::Undo,
            Self::Init(_)
            | Self::Sample(_)
            | Self::Backup(_)
            | Self::Export(_)
            | Self::Import(_)
            | Self::Gc(_) => Act::Administer,
        }
    }

    async fn carry_out(self, session: &Session, output: &mut Output) -> anyhow::Result<()> {
        match self {
            Self::Init(args) => init::run(&args, session, output),
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
            Self::Assign(args) => assign::run(args, session, output).await,
            Self::Link(args) => link::run(args, session, output).await,
            Self::Unlink(args) => unlink::run(args, session, output).await,
            Self::Archive(args) => archive::run(args, session, output).await,
            Self::Edit(args) => edit::run(args, session, output).await,
            Self::Move(args) => move_task::run(args, session, output).await,
            Self::Inbox(args) => inbox::run(args, session, output).await,
            Self::NotifySubscribe(args) => notify_subscribe::run(args, session, output).await,
            Self::NotifyList(args) => notify_list::run(args, session, output).await,
            Self::NotifyUnsubscribe(args) => notify_unsubscribe::run(args, session, output).await,
            Self::Backup(args) => backup::run(args, session, output).await,
            Self::Export(args) => export::run(args, session, output).await,
            Self::Import(args) => import::run(args, session, output).await,
            Self::Why(args) => why::run(args, session, output).await,
            Self::Runs(args) => runs::run(args, session, output).await,
            Self::Log(args) => log::run(args, session, output).await,
            Self::Heartbeat(args) => heartbeat::run(args, session, output).await,
            Self::Cancel(args) => cancel::run(args, session, output).await,
            Self::Undo(args) => undo::run(args, session, output).await,
            Self::Lanes(args) => lanes::run(args, session, output).await,
            Self::Pause(args) => pause::run(args, session, output).await,
            Self::Resume(args) => resume::run(args, session, output).await,
            Self::Stats(args) => stats::run(args, session, output).await,
            Self::Gc(args) => gc::run(args, session, output).await,
        }
    }
}

impl Following {
    async fn carry_out(self, session: &Session, output: &mut Output) -> anyhow::Result<()> {
        match self {
            Self::Tail(args) => tail::run(args, session, output).await,
            Self::Watch(args) => watch::run(args, session, output).await,
        }
    }
}

impl OnMachine {
    fn carry_out(
        self,
        home: impl FnOnce() -> anyhow::Result<Home>,
        output: &mut Output,
    ) -> anyhow::Result<()> {
        match self {
            Self::Open(args) => open::run(&args, &home()?, output),
            Self::Token(args) => token::run(&args, &home()?, output),
            Self::Doctor(args) => doctor::run(&args, &home()?, output),
            Self::Restore(args) => restore::run(&args, &home()?, output),
            Self::Completions(args) => completions::run(&args, output),
            Self::Man(args) => man::run(&args, output),
        }
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

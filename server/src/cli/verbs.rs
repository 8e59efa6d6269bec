//! The verbs of the command line, one file each.

mod archive;
mod assign;
mod backup;
mod block;
mod cancel;
mod channel_program;
mod claim;
mod comment;
mod complete;
mod completions;
mod context;
mod create;
mod daemon;
mod declared;
mod defer;
mod diff;
mod dispatch;
mod doctor;
mod edit;
mod export;
mod gc;
mod guide;
mod heartbeat;
mod hold;
mod import;
mod inbox;
mod init;
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
mod pause;
mod promote;
mod release;
mod restore;
mod resume;
mod runs;
mod sample;
mod self_update;
mod serve;
mod show;
mod slash;
mod snooze;
mod stats;
mod tail;
mod token;
mod unblock;
mod undo;
mod unlink;
mod watch;
mod why;

use clap::Subcommand;
use dispatcher::Home;
use domain::actor::Authority;
use domain::authority::{Act, Grant};
use rustix::fs::Mode;

use declared::Declared;

use super::output::Output;
use super::session::Session;

/// A verb, with its arguments.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub(super) enum Verb {
    Serve(serve::Args),
    Daemon(daemon::Args),
    Dispatch(dispatch::Args),
    Init(init::Args),
    #[command(flatten)]
    OnBoard(OnBoard),
    #[command(flatten)]
    Declared(Declared),
    #[command(flatten)]
    Following(Following),
    #[command(flatten)]
    OnMachine(OnMachine),
    Guide(guide::Args),
    Slash(slash::Args),
    #[command(hide = true)]
    ChannelProgram(channel_program::Args),
}

/// The verbs by what they are for. Every verb that can be seen stands here once.
pub(super) const GROUPS: [(&str, &[&str]); 7] = [
    (
        "Tasks",
        &[
            "create", "list", "show", "edit", "assign", "move", "link", "unlink", "promote",
            "block", "unblock", "snooze", "comment", "archive", "undo",
        ],
    ),
    (
        "Work",
        &[
            "claim",
            "context",
            "heartbeat",
            "complete",
            "approve",
            "request-changes",
            "land",
            "defer",
            "cancel",
            "reclaim",
            "runs",
            "log",
            "diff",
            "why",
        ],
    ),
    ("Activity", &["inbox", "tail", "watch", "stats"]),
    (
        "Notifications",
        &[
            "notify-subscribe",
            "notify-list",
            "notify-unsubscribe",
            "slash",
        ],
    ),
    (
        "Server and dispatcher",
        &[
            "serve", "daemon", "dispatch", "lanes", "pause", "resume", "hold", "release", "open",
            "token",
        ],
    ),
    (
        "The board itself",
        &[
            "init", "sample", "doctor", "backup", "restore", "export", "import", "gc",
        ],
    ),
    ("Help", &["guide", "man", "completions", "self-update"]),
];

/// The verbs that follow the open board and do not end by themselves.
#[derive(Debug, Subcommand)]
pub(super) enum Following {
    Tail(tail::Args),
    Watch(watch::Args),
}

/// The verbs that are about the program or the machine, or about a board that cannot be opened.
#[derive(Debug, Subcommand)]
pub(super) enum OnMachine {
    Open(open::Args),
    Token(token::Args),
    Doctor(doctor::Args),
    Restore(restore::Args),
    Completions(completions::Args),
    Man(man::Args),
    SelfUpdate(self_update::Args),
}

/// Declares the verbs that need the board to be open, and no server: the file of each, and the act
/// that the table of [`domain::authority`] knows it by.
macro_rules! on_board {
    ($($(#[$attribute:meta])* $verb:ident($file:ident) => $act:ident,)*) => {
        /// The verbs that need the board to be open, and no server.
        #[derive(Debug, Subcommand)]
        pub(super) enum OnBoard {
            $($(#[$attribute])* $verb($file::Args),)*
        }

        impl OnBoard {
            const fn act(&self) -> Act {
                match self {
                    $(Self::$verb(_) => Act::$act,)*
                }
            }

            async fn carry_out(
                self,
                session: &Session,
                output: &mut Output,
            ) -> anyhow::Result<()> {
                match self {
                    $(Self::$verb(args) => $file::run(args, session, output).await,)*
                }
            }
        }
    };
}

on_board! {
    Sample(sample) => Administer,
    #[command(alias = "add", alias = "new")]
    Create(create) => Create,
    #[command(visible_alias = "ls")]
    List(list) => Read,
    Show(show) => Read,
    Context(context) => Read,
    Claim(claim) => Claim,
    Comment(comment) => Comment,
    #[command(alias = "done")]
    Complete(complete) => Complete,
    Block(block) => Block,
    Unblock(unblock) => Unblock,
    Snooze(snooze) => Prioritize,
    Defer(defer) => Defer,
    Promote(promote) => Move,
    Assign(assign) => Assign,
    Link(link) => Link,
    Unlink(unlink) => Unlink,
    #[command(alias = "rm")]
    Archive(archive) => Archive,
    Edit(edit) => Edit,
    Move(move_task) => Move,
    Inbox(inbox) => ReadNews,
    NotifySubscribe(notify_subscribe) => Subscribe,
    NotifyList(notify_list) => ReadNews,
    NotifyUnsubscribe(notify_unsubscribe) => Subscribe,
    Backup(backup) => Administer,
    Export(export) => Administer,
    Import(import) => Administer,
    Why(why) => Read,
    Runs(runs) => Read,
    Log(log) => ReadLog,
    Diff(diff) => ReadLog,
    Heartbeat(heartbeat) => Heartbeat,
    Cancel(cancel) => Cancel,
    Undo(undo) => Undo,
    Lanes(lanes) => Read,
    Pause(pause) => Pause,
    Resume(resume) => Pause,
    Hold(hold) => Pause,
    Release(release) => Pause,
    Stats(stats) => Read,
    Gc(gc) => Administer,
}

impl Verb {
    /// The refusal where this authority may not use the verb at all. What its commands may do is
    /// the kernel's to say.
    pub(super) fn refused_to(&self, authority: &Authority) -> Option<domain::error::Error> {
        let act = self.act();
        (authority.grant(act) == Grant::Never).then(|| authority.refusal(act))
    }

    /// The act that the table of [`domain::authority`] knows this verb by.
    fn act(&self) -> Act {
        match self {
            // What names programs, and what starts one, is for whoever owns the machine.
            Self::OnBoard(OnBoard::Lanes(args)) if !args.is_list() => Act::Administer,
            Self::OnBoard(verb) => verb.act(),
            Self::Declared(verb) => verb.act(),
            Self::Dispatch(args) if args.is_dry() => Act::Read,
            Self::Dispatch(_) => Act::Dispatch,
            Self::Following(Following::Tail(_) | Following::Watch(_)) => Act::Follow,
            Self::Guide(_) | Self::OnMachine(OnMachine::Completions(_) | OnMachine::Man(_)) => {
                Act::ReadGuide
            }
            Self::Serve(_)
            | Self::Daemon(_)
            | Self::Init(_)
            | Self::Slash(_)
            | Self::ChannelProgram(_)
            | Self::OnMachine(
                OnMachine::Open(_)
                | OnMachine::Token(_)
                | OnMachine::Doctor(_)
                | OnMachine::Restore(_)
                | OnMachine::SelfUpdate(_),
            ) => Act::Administer,
        }
    }

    /// Carries it out in a terminal. `umask` is that of the person who started the program.
    pub(super) fn carry_out(
        self,
        home: impl FnOnce() -> anyhow::Result<Home>,
        umask: Mode,
        output: &mut Output,
    ) -> anyhow::Result<()> {
        match self {
            Self::ChannelProgram(args) => channel_program::run(&args),
            Self::Serve(args) => serve::run(&args, home()?, umask, output),
            Self::Daemon(args) => daemon::run(args, home()?, umask, output),
            Self::Dispatch(args) => dispatch::run(&args, home()?, umask, output),
            Self::Init(args) => init::run(&args, &Session::open_or_make(home()?)?, output),
            Self::OnBoard(verb) => on_board(&Session::open(home()?)?, async |session| {
                verb.carry_out(session, output).await
            }),
            Self::Declared(verb) => on_board(&Session::open(home()?)?, async |session| {
                verb.carry_out(session, output).await
            }),
            Self::Following(verb) => on_board(&Session::open(home()?)?, async |session| {
                verb.carry_out(session, output).await
            }),
            Self::Slash(args) => on_board(&Session::open(home()?)?, async |session| {
                slash::run(&args, session, output).await
            }),
            Self::OnMachine(verb) => verb.carry_out(home, output),
            Self::Guide(args) => guide::run(&args, output),
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
            Self::SelfUpdate(args) => self_update::run(&args, output),
        }
    }
}

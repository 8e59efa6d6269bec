//! `kanban serve`.

use std::net::SocketAddr;

use dispatcher::Home;
use rustix::fs::Mode;

use super::slash::run_slash;
use crate::auth::PublicUrl;
use crate::serve::{self, Dispatching, Settings};
use crate::shutdown::{WhenStopped, run_to_the_end};

/// Serve the board to browsers and programs, and run its dispatcher
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban serve\n  \
    kanban serve --listen 127.0.0.1:9000 --no-dispatch\n  \
    kanban serve --listen 0.0.0.0:8420 --behind-proxy https://board.example")]
pub(crate) struct Args {
    /// The address to listen on; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:8420", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Serve the board only: start no task
    #[arg(long)]
    no_dispatch: bool,
    /// Wait for the running workers at the end; a second signal leaves them to the next server
    #[arg(long)]
    drain: bool,
    /// Browsers reach the board at this address, of a proxy with TLS and a login of its own; needed
    /// to listen beyond this machine
    #[arg(long, value_name = "URL")]
    behind_proxy: Option<PublicUrl>,
}

/// `umask` is that of the person who started the program.
pub(super) fn run(args: Args, home: Home, umask: Mode) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.listen.ip().is_loopback() || args.behind_proxy.is_some(),
        "{} can be reached from other machines; put a proxy with TLS and a login in front and say \
         where it is with --behind-proxy https://…, or listen on 127.0.0.1",
        args.listen
    );
    let _last_lines = crate::telemetry::start()?;
    let dispatching = if args.no_dispatch {
        Dispatching::Off
    } else {
        Dispatching::On
    };
    let settings = Settings {
        home,
        listen: args.listen,
        public_url: args.behind_proxy,
        dispatching,
        when_stopped: WhenStopped::from_flag(args.drain),
        umask,
        run_line: run_slash,
    };
    run_to_the_end(serve::serve(settings))
}

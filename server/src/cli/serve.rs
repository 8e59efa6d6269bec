//! `kanban serve`.

use std::net::SocketAddr;

use dispatcher::Home;

use crate::serve::{self, Dispatching};

/// Serve the board to browsers and programs, and start its tasks
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:8420", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Serve the board only: start no task
    #[arg(long)]
    no_dispatch: bool,
    /// A proxy with TLS and a login of its own stands in front; needed to listen beyond this machine
    #[arg(long)]
    behind_proxy: bool,
}

pub(super) fn run(args: &Args, home: &Home) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.listen.ip().is_loopback() || args.behind_proxy,
        "{} can be reached from other machines; put a proxy with TLS and a login in front and say \
         --behind-proxy, or listen on 127.0.0.1",
        args.listen
    );
    crate::telemetry::start();
    let dispatching = if args.no_dispatch {
        Dispatching::Off
    } else {
        Dispatching::On
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve::serve(home, args.listen, dispatching))
}

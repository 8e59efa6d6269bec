//! `kanban serve`.

use std::io;
use std::net::SocketAddr;
use std::path::{self, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use dispatcher::Home;
use rustix::fs::Mode;

use super::slash::run_slash;
use crate::auth::{Exposure, PublicUrl};
use crate::cli::output::Output;
use crate::serve::{self, Dispatching, Settings};
use crate::shutdown::{WhenStopped, run_to_the_end};
use crate::systemd::{self, unit};
use crate::tls::Certificate;

/// Serve the board to browsers and programs, and run its dispatcher
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban serve\n  \
    kanban serve --listen 127.0.0.1:9000 --no-dispatch\n  \
    kanban serve --listen 0.0.0.0:8420 --behind-proxy https://board.example\n  \
    kanban serve --listen 0.0.0.0:8420 --tls-cert board.pem --tls-key board.key")]
pub(crate) struct Args {
    /// The address to listen on; port 0 picks a free one
    #[arg(
        long,
        env = "KANBAN_LISTEN",
        default_value = "127.0.0.1:8420",
        value_name = "ADDRESS:PORT"
    )]
    listen: SocketAddr,
    /// Serve the board only: start no task
    #[arg(long)]
    no_dispatch: bool,
    /// Wait for the running workers at the end; a second signal leaves them to the next server
    #[arg(long)]
    drain: bool,
    /// Print a unit that runs this program as a service of systemd, and do nothing else
    #[arg(long)]
    print_systemd_unit: bool,
    /// Browsers reach the board at this address, of a proxy with TLS and a login of its own; needed
    /// to listen beyond this machine
    #[arg(
        long,
        env = "KANBAN_BEHIND_PROXY",
        value_name = "URL",
        conflicts_with = "tls_cert"
    )]
    behind_proxy: Option<PublicUrl>,
    /// The certificate chain for TLS without a proxy, as PEM; read again when it changes. Lets the board
    /// be reached from other machines
    #[arg(
        long,
        env = "KANBAN_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate, as PEM
    #[arg(
        long,
        env = "KANBAN_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,
}

impl Args {
    /// The verb and these options, as a unit has them.
    fn words(&self) -> io::Result<String> {
        let mut words = vec!["serve --listen".to_owned(), self.listen.to_string()];
        let flags = [("--no-dispatch", self.no_dispatch), ("--drain", self.drain)];
        let set = flags.into_iter().filter(|(_, is_set)| *is_set);
        words.extend(set.map(|(flag, _)| flag.to_owned()));
        if let Some(url) = &self.behind_proxy {
            words.extend(["--behind-proxy".to_owned(), url.to_string()]);
        }
        for (flag, file) in [("--tls-cert", &self.tls_cert), ("--tls-key", &self.tls_key)] {
            if let Some(file) = file {
                // A unit has a working directory of its own.
                words.extend([flag.to_owned(), unit::word(&path::absolute(file)?)]);
            }
        }
        Ok(words.join(" "))
    }

    fn exposure(&self) -> anyhow::Result<Exposure> {
        match (&self.behind_proxy, &self.tls_cert, &self.tls_key) {
            (Some(url), ..) => Ok(Exposure::Proxy(url.clone())),
            (None, Some(certificate), Some(key)) => Ok(Exposure::Tls(Arc::new(Certificate::load(
                certificate,
                key,
            )?))),
            _ => Ok(Exposure::None),
        }
    }
}

/// `umask` is that of the person who started the program.
pub(super) fn run(args: &Args, home: Home, umask: Mode, output: &mut Output) -> anyhow::Result<()> {
    if args.print_systemd_unit {
        output.text(&unit::of_this_program(&home, &args.words()?)?);
        return Ok(());
    }
    let exposure = args.exposure()?;
    let inherited = systemd::listener().context("cannot take over the socket of systemd")?;
    let listen = match &inherited {
        Some(socket) => socket.local_addr()?,
        None => args.listen,
    };
    anyhow::ensure!(
        listen.ip().is_loopback() || !matches!(exposure, Exposure::None),
        "{listen} can be reached from other machines; put a proxy with TLS and a login in front and say \
         where it is with --behind-proxy https://…, or give a certificate with --tls-cert and \
         --tls-key, or listen on 127.0.0.1"
    );
    let _last_lines = crate::telemetry::start()?;
    let dispatching = if args.no_dispatch {
        Dispatching::Off
    } else {
        Dispatching::On
    };
    let settings = Settings {
        home,
        listen,
        inherited,
        exposure,
        dispatching,
        when_stopped: WhenStopped::from_flag(args.drain),
        umask,
        run_line: run_slash,
    };
    run_to_the_end(serve::serve(settings))
}

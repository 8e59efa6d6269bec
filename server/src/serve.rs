//! A running server: opens the board, listens, starts the dispatcher, and ends everything in order.

use std::fs::create_dir_all;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use dispatcher::{Config, FindServers, Home, Servers};
use domain::time::Timestamp;
use notifier::{Host, Notifier, RunLine};
use rustix::fs::Mode;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{interval, timeout};

use crate::address::{self, Reachable};
use crate::auth::{self, Exposure, FrontDoor, LeftSessions, Token, launch_link};
use crate::other_boards;
use crate::server_dispatcher::{HandleSlot, ServerDispatcher};
use crate::shutdown::{Shutdown, Signals, WhenStopped, in_time};
use crate::{AppState, board_file, router, systemd};

/// The time limit for open requests and sockets on shutdown. The dispatcher's workers are not: they
/// have supervisors of their own and work on.
const GRACE: Duration = Duration::from_secs(5);

/// The server's role in starting tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dispatching {
    /// It does, unless another process does so for this board.
    On,
    /// It only shows the board.
    Off,
}

/// The settings of a server.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The home folder of the board.
    pub(crate) home: Home,
    /// The address to listen on.
    pub(crate) listen: SocketAddr,
    /// The socket of whoever started the program, instead of one at that address.
    pub(crate) inherited: Option<std::net::TcpListener>,
    /// What stands between it and browsers.
    pub(crate) exposure: Exposure,
    /// The server's role in starting tasks.
    pub(crate) dispatching: Dispatching,
    /// The fate of the running workers on shutdown.
    pub(crate) when_stopped: WhenStopped,
    /// The umask of the person who started the program, for the workers.
    pub(crate) umask: Mode,
    /// Carries out a line from a chat.
    pub(crate) run_line: RunLine,
}

/// Serves a board until the process is asked to end.
pub(crate) async fn serve(mut settings: Settings) -> anyhow::Result<()> {
    let inherited = settings.inherited.take();
    let Settings { home, listen, .. } = &settings;
    let at = home.clone();
    let kernel = spawn_blocking(move || board_file::open(&at)).await??;
    let token = Token::load_or_create(&home.token())
        .with_context(|| format!("cannot use {}", home.token().display()))?;
    let listener = match inherited {
        Some(inherited) => {
            inherited.set_nonblocking(true)?;
            TcpListener::from_std(inherited)?
        }
        None => match TcpListener::bind(*listen).await {
            Ok(listener) => listener,
            Err(error) => return Err(cannot_listen(home, *listen, error)),
        },
    };
    let address = listener.local_addr()?;
    let url = settings.exposure.url(address);
    let published = publish(home, &url)?;
    let _reachable = publish_reachable(&settings, address)?;
    let mut signals = Signals::listen()?;

    let config = dispatcher_config(&settings)?;
    let host = Host::new(kernel.clone(), home.clone(), settings.run_line);
    let notifier = Notifier::start(host, config.servers.clone()).await?;
    let dispatcher = HandleSlot::default();
    let post = match settings.dispatching {
        Dispatching::On => {
            ServerDispatcher::take(&kernel, home, config.clone(), &dispatcher).await?
        }
        Dispatching::Off => ServerDispatcher::Off,
    };
    let shutdown = Shutdown::default();
    // One moment for both: a link of before the door opened would be refused.
    let started_at = kernel.now();
    let launch_link = launch_link(&token, &url, started_at);
    let door = FrontDoor::new(
        token,
        left_sessions(home, kernel.now()).await?,
        address,
        &settings.exposure,
        started_at,
    );
    let state = AppState::new(
        kernel.clone(),
        home.clone(),
        dispatcher,
        config,
        door,
        shutdown.clone(),
    );
    announce(&settings.exposure, address, &launch_link);
    let others = home.clone();
    if let Some((told, remedy)) = spawn_blocking(move || other_boards::told(&others)).await? {
        tracing::warn!("{told}; {remedy}");
    }

    let looking = tokio::spawn(board_file::look_for_damage(kernel.clone()));
    let beating = tokio::spawn(systemd::keep_alive(kernel.clone()));
    let rotation = tokio::spawn(auth::follow(state.clone(), home.token()));
    let (tls, renewal) = match &settings.exposure {
        Exposure::Tls(certificate) => (
            Some(certificate.acceptor()?),
            tokio::spawn(certificate.clone().follow()),
        ),
        Exposure::None | Exposure::Proxy(_) => (None, tokio::spawn(async {})),
    };
    let metrics = state.metrics.clone();
    let serving = crate::listen::listen(
        listener,
        tls,
        router(state, notifier.routes()),
        metrics,
        shutdown.clone(),
    );
    let mut serving = tokio::spawn(serving);
    systemd::ready();
    signals.asked_to_end().await;
    systemd::stopping();
    tracing::info!("stopping");
    // Whoever waits for the workers can watch them.
    post.leave(settings.when_stopped, &mut signals).await;
    in_time("the notifier", notifier.stop()).await;
    shutdown.begin();
    let left = async {
        let everybody = async { tokio::join!((&mut serving), shutdown.finished()) };
        if timeout(GRACE, everybody).await.is_err() {
            tracing::warn!("some connections did not end in time and are cut");
            serving.abort();
        }
    };
    left.await;
    published.abort();
    for helper in [rotation, looking, renewal, beating] {
        helper.abort();
        // What was ended has nothing to say.
        helper.await.ok();
    }
    Ok(())
}

/// Says who else may listen there. It blocks for a moment, and nothing runs yet.
fn cannot_listen(home: &Home, listen: SocketAddr, error: io::Error) -> anyhow::Error {
    let is_taken = error.kind() == io::ErrorKind::AddrInUse;
    match url_of(home) {
        Ok(Some(url)) if is_taken => anyhow!(
            "cannot listen on {listen}: this board is served already, at {url}; `kanban open` prints a link"
        ),
        _ if is_taken => anyhow!(
            "cannot listen on {listen}: another program does; choose another port with --listen"
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {listen}")),
    }
}

/// The sessions that stay out.
async fn left_sessions(home: &Home, now: Timestamp) -> anyhow::Result<LeftSessions> {
    let path = home.root().join("kanban/left-sessions");
    let shown = path.display().to_string();
    spawn_blocking(move || LeftSessions::load(path, now))
        .await?
        .with_context(|| format!("cannot use {shown}"))
}

/// The configuration of this server's dispatcher.
fn dispatcher_config(settings: &Settings) -> anyhow::Result<Config> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    Ok(Config {
        umask: Some(settings.umask.bits()),
        servers: FindServers::By(servers_of),
        ..Config::new(program)
    })
}

/// Prints the board's address, for people and for programs that started us on port 0. Where it cannot, on a
/// full disk, the board is served all the same.
fn announce(exposure: &Exposure, address: SocketAddr, launch_link: &str) {
    let scheme = match exposure {
        Exposure::Tls(_) => "https",
        Exposure::None | Exposure::Proxy(_) => "http",
    };
    let mut stdout = io::stdout().lock();
    let said = writeln!(
        stdout,
        "listening on {scheme}://{address}\nopen {launch_link}"
    )
    .and_then(|()| stdout.flush());
    match said {
        // Whoever started us does not want to know.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => tracing::warn!(%error, "the address is not printed"),
        Ok(()) => {}
    }
}

/// The address of the server of `home` for browsers, if one is running.
pub(crate) fn url_of(home: &Home) -> io::Result<Option<String>> {
    address::find(&address::file(home))
}

/// The servers of `home`, as every dispatcher and verb has to know of them. It blocks. What cannot be
/// read counts as reachable.
pub(crate) fn servers_of(home: &Home) -> Servers {
    let url = url_of(home).unwrap_or_else(|error| {
        tracing::warn!(%error, "the address of the server cannot be read");
        None
    });
    let is_reachable = address::is_reachable(&reachable_file(home)).unwrap_or_else(|error| {
        tracing::warn!(%error, "it cannot be read whether others can reach the server");
        true
    });
    Servers { url, is_reachable }
}

fn reachable_file(home: &Home) -> PathBuf {
    home.root().join("kanban/server.reachable")
}

/// Records that others can reach this server: it listens beyond this machine, or a proxy hands on
/// to it what comes from anywhere.
fn publish_reachable(settings: &Settings, listen: SocketAddr) -> anyhow::Result<Option<Reachable>> {
    let is_proxied = matches!(settings.exposure, Exposure::Proxy(_));
    if listen.ip().is_loopback() && !is_proxied {
        return Ok(None);
    }
    let path = reachable_file(&settings.home);
    let reachable = address::publish_reachable(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Some(reachable))
}

/// The interval at which a server tries to be the one that is found, while another one is.
const PUBLISH_AGAIN: Duration = Duration::from_secs(1);

/// Makes the server known to other commands until the task is aborted: at once, or when the one that is
/// known has gone.
fn publish(home: &Home, url: &str) -> anyhow::Result<JoinHandle<()>> {
    let (path, url) = (address::file(home), url.to_owned());
    path.parent().map(create_dir_all).transpose()?;
    let mut published = address::publish(&path, &url)
        .with_context(|| format!("cannot write {}", path.display()))?;
    if published.is_none() {
        tracing::warn!(
            "another server of this home folder is running; `kanban open` finds that one"
        );
    }
    Ok(tokio::spawn(async move {
        let mut again = interval(PUBLISH_AGAIN);
        while published.is_none() {
            again.tick().await;
            let (path, url) = (path.clone(), url.clone());
            let publishing = spawn_blocking(move || address::publish(&path, &url));
            published = publishing.await.ok().and_then(Result::ok).flatten();
            if published.is_some() {
                tracing::info!("the other server is gone; `kanban open` finds this one now");
            }
        }
        std::future::pending::<()>().await;
    }))
}

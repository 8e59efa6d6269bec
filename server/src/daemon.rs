//! The dispatcher without a web server, until it is asked to end.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use dispatcher::{Config, Dispatcher, FindServers, Home};
use domain::event::Event;
use domain::time::Timestamp;
use notifier::{Host, Notifier, RunLine};
use rustix::fs::Mode;

use crate::lines::{LastLines, Lines};
use crate::serve::servers_of;
use crate::shutdown::{Signals, WhenStopped, in_time};
use crate::{board_file, systemd};

/// The settings of a dispatcher without a server.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The home folder of the board.
    pub(crate) home: Home,
    /// The longest time without a tick.
    pub(crate) interval: Duration,
    /// The cap on concurrent runs, above the configuration.
    pub(crate) max: Option<u32>,
    /// The number of failures in a row after which a task is blocked, unless the task says
    /// otherwise.
    pub(crate) failure_limit: Option<u32>,
    /// The file for the id of this process.
    pub(crate) pidfile: Option<PathBuf>,
    /// The verbosity.
    pub(crate) telling: Telling,
    /// The fate of the running workers on shutdown.
    pub(crate) when_stopped: WhenStopped,
    /// The umask of the person who started the program, for the workers.
    pub(crate) umask: Mode,
    /// Carries out a line from a chat.
    pub(crate) run_line: RunLine,
}

/// The verbosity of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Only that it has ended.
    Little,
    /// A line for each time that something was done.
    Everything,
}

/// Works on the board until the process is asked to end. What is returned sees to its last lines.
pub(crate) async fn run(settings: Settings) -> anyhow::Result<LastLines> {
    let home = &settings.home;
    let at = home.clone();
    let kernel = tokio::task::spawn_blocking(move || board_file::open(&at)).await??;
    let mut signals = Signals::listen()?;
    let servers = FindServers::By(servers_of);
    let config = Config {
        servers: servers.clone(),
        umask: Some(settings.umask.bits()),
        max: settings.max,
        failure_limit: settings.failure_limit,
        interval: settings.interval,
        ..Config::new(std::env::current_exe().context("cannot find this program's own file")?)
    };
    let looking = tokio::spawn(board_file::look_for_damage(kernel.clone()));
    let beating = tokio::spawn(systemd::keep_alive(kernel.clone()));
    let mut feed = kernel.feed(*kernel.newest_event().borrow());
    let host = Host::new(kernel.clone(), home.clone(), settings.run_line);
    let notifier = Notifier::start(host, servers).await?;
    let dispatcher = Dispatcher::start(kernel.clone(), home.clone(), config).await?;
    let pidfile = settings.pidfile.and_then(PidFile::write);
    announce(settings.interval);
    systemd::ready();
    let (mut told, last_lines) = Lines::to(io::stdout())?;
    let telling = async {
        if settings.telling == Telling::Everything {
            while let Ok(frame) = feed.next().await {
                if let Some(line) = what_was_done(&frame.events, kernel.now()) {
                    told.say(&format!("{line}\n"));
                }
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = signals.asked_to_end() => {}
        () = telling => {}
    }
    systemd::stopping();
    // Before the lock is free: the next dispatcher may use the same file.
    drop(pidfile);
    settings.when_stopped.end(dispatcher, &mut signals).await;
    in_time("the notifier", notifier.stop()).await;
    looking.abort();
    beating.abort();
    told.say("(dispatcher stopped)\n");
    Ok(last_lines)
}

fn announce(interval: Duration) {
    let (seconds, pid) = (interval.as_secs_f64(), std::process::id());
    // Whoever started us may not want to know, and a disk that is full under the log is no reason to stop.
    writeln!(
        io::stderr().lock(),
        "kanban dispatcher is running (interval={seconds}s, pid={pid}); Ctrl-C stops it"
    )
    .ok();
}

/// Counts what the dispatcher did, in the words of the original; `None` when it did nothing.
fn what_was_done(events: &[Event], now: Timestamp) -> Option<String> {
    let count = |kinds: &[&str]| {
        let of_kind = |event: &&Event| kinds.contains(&event.kind.as_str());
        events.iter().filter(of_kind).count()
    };
    let counts = [
        ("reclaimed", count(&["reclaimed"])),
        ("crashed", count(&["crashed"])),
        ("promoted", count(&["ready"])),
        ("spawned", count(&["spawned"])),
        ("auto_blocked", count(&["spawn_auto_blocked", "gave_up"])),
    ];
    if counts.iter().all(|(_, count)| *count == 0) {
        return None;
    }
    let counts = counts.map(|(name, count)| format!("{name}={count}"));
    Some(format!(
        "[{}] {}",
        crate::moment::moment(now),
        counts.join(" ")
    ))
}

/// The file that holds the id of this process; it goes when this is dropped.
struct PidFile(PathBuf);

impl PidFile {
    /// Writes it. Without it the dispatcher works all the same.
    fn write(path: PathBuf) -> Option<Self> {
        match write_pid(&path) {
            Ok(()) => Some(Self(path)),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "the pidfile was not written");
                None
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(%error, "the pidfile was gone already");
        }
    }
}

fn write_pid(path: &Path) -> io::Result<()> {
    path.parent().map(std::fs::create_dir_all).transpose()?;
    std::fs::write(path, format!("{}\n", std::process::id()))
}

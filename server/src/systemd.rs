//! systemd, where it has started this program: takes over its socket, says when the program is ready,
//! and that it is alive (`sd_notify(3)`, `sd_listen_fds(3)`).

pub(crate) mod unit;

use std::io::{self, ErrorKind};
use std::net::TcpListener;

use kernel::Kernel;
use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

/// The socket of the unit that has started this program; `None` without one. Only the first is taken.
///
/// # Errors
/// Fails when it is no TCP socket that listens.
pub(crate) fn listener() -> io::Result<Option<TcpListener>> {
    let Some(listener) = ListenFd::from_env().take_tcp_listener(0)? else {
        return Ok(None);
    };
    // A connection (`Accept=yes` in the unit of the socket) is TCP too.
    if !socket_acceptconn(&listener)? {
        let why = "it does not listen; its unit needs Accept=no";
        return Err(io::Error::new(ErrorKind::InvalidInput, why));
    }
    Ok(Some(listener))
}

/// Says that the program is ready.
pub(crate) fn ready() {
    say(NotifyState::Ready);
}

/// Says that the program is about to end.
pub(crate) fn stopping() {
    say(NotifyState::Stopping);
}

/// Says that the program is alive, twice in each period of the unit's watchdog, for as long as it is
/// awaited: the executor runs this, and the board answers.
pub(crate) async fn keep_alive(kernel: Kernel) {
    let period = sd_notify::watchdog_enabled().filter(|period| !period.is_zero());
    let Some(period) = period else {
        return;
    };
    let mut ticks = interval(period / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A board that cannot be read answers too: another start would not mend it.
        kernel.cursor().await.ok();
        say(NotifyState::Watchdog);
    }
}

/// Nothing where systemd has not started us, or does not want to know.
fn say(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd was not told");
    }
}

//! Something that may take longer than a second: whoever waits in a terminal sees that it goes on.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tokio::time::{Instant, interval_at};

/// The time without progress messages at first, and between them.
const SECOND: Duration = Duration::from_secs(1);

/// Awaits `work`, and from the first second on says each second how long it has taken.
pub(super) async fn during<T>(what: &str, work: impl Future<Output = T>) -> T {
    if !io::stderr().is_terminal() {
        return work.await;
    }
    let began = Instant::now();
    let mut seconds = interval_at(began + SECOND, SECOND);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                if began.elapsed() >= SECOND {
                    clear();
                }
                return done;
            }
            _ = seconds.tick() => report(what, began.elapsed()),
        }
    }
}

/// Does `work`, which blocks, and says the same.
pub(super) fn blocking<T>(what: &str, work: impl FnOnce() -> T) -> T {
    if !io::stderr().is_terminal() {
        return work();
    }
    let began = std::time::Instant::now();
    let (done, waits) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while waits.recv_timeout(SECOND) == Err(RecvTimeoutError::Timeout) {
                report(what, began.elapsed());
            }
            if began.elapsed() >= SECOND {
                clear();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

fn report(what: &str, took: Duration) {
    say(&format!("\r{what} … {} s", took.as_secs()));
}

fn clear() {
    say("\r\u{1b}[K");
}

fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    // Whoever does not want to know loses nothing.
    stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush())
        .ok();
}

//! Something that may take longer than a second: whoever waits in a terminal sees that it goes on.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::time::{Instant, interval_at};

/// Awaits `work`, and from the first second on says each second how long it has taken.
pub(super) async fn during<T>(what: &str, work: impl Future<Output = T>) -> T {
    if !io::stderr().is_terminal() {
        return work.await;
    }
    let second = Duration::from_secs(1);
    let began = Instant::now();
    let mut seconds = interval_at(began + second, second);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                if began.elapsed() >= second {
                    say("\r\u{1b}[K");
                }
                return done;
            }
            _ = seconds.tick() => say(&format!("\r{what} … {} s", began.elapsed().as_secs())),
        }
    }
}

fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    // Whoever does not want to know loses nothing.
    stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush())
        .ok();
}

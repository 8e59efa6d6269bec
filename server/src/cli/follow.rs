//! Verbs that follow the board until somebody has seen enough.

use std::thread;
use std::time::Duration;

use domain::board::Frame;
use domain::id::EventId;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::output::Output;
use super::session::Session;
use crate::shutdown::Signals;

/// The polling of the two verbs that follow.
#[derive(Debug, clap::Args)]
pub(super) struct Pace {
    /// The polling interval in seconds, 0.1 at least
    #[arg(long, value_name = "SECONDS", value_parser = pace, allow_negative_numbers = true)]
    interval: Option<Duration>,
}

/// The shortest interval, as in the original.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest: a day. Whoever means longer means something else.
const LONGEST: Duration = Duration::from_hours(24);

fn pace(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "this is no number of seconds")?;
    let interval = Duration::try_from_secs_f64(seconds).ok();
    interval
        .filter(|interval| *interval <= LONGEST)
        .map(|interval| interval.max(SHORTEST))
        .ok_or_else(|| "write a number of seconds between 0.1 and 86400".to_owned())
}

/// Prints everything after `since` until the process is asked to end or nobody reads any more.
/// Frames come at once, but at least `pace` apart, or else `usual`.
pub(super) async fn follow(
    session: &Session,
    output: &mut Output,
    since: EventId,
    (pace, usual): (&Pace, Duration),
    mut tell: impl FnMut(&Frame, &mut Output) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let mut feed = session.kernel.feed(since);
    let pause = pace.interval.unwrap_or(usual);
    let mut reader = Reader::watched();
    let mut turns = interval_at(Instant::now() + pause, pause);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let frame = tokio::select! {
            frame = feed.next() => frame?,
            () = signals.asked_to_end() => break,
            () = reader.gone() => return Ok(()),
        };
        tell(&frame, output)?;
        if !output.pour()? {
            return Ok(());
        }
        tokio::select! {
            _ = turns.tick() => {}
            () = signals.asked_to_end() => break,
            () = reader.gone() => return Ok(()),
        }
    }
    output.note("(stopped)");
    Ok(())
}

/// The reader of standard output.
struct Reader(oneshot::Receiver<()>);

impl Reader {
    /// Finds out that they are gone as soon as they are, not only when there is something to say. The
    /// thread waits for as long as they read; nobody waits for the thread.
    fn watched() -> Self {
        let (leave, left) = oneshot::channel();
        thread::spawn(move || {
            let stdout = std::io::stdout();
            loop {
                // Errors of the other end are told without being asked for.
                let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
                match poll(&mut watched, None) {
                    Err(Errno::INTR) => {}
                    Ok(_) | Err(_) => break,
                }
            }
            // Whoever followed may have ended on their own.
            leave.send(()).ok();
        });
        Self(left)
    }

    /// Waits until they are.
    async fn gone(&mut self) {
        if (&mut self.0).await.is_err() {
            // No thread could be started; then it shows when something is said.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_sensible_number_of_seconds() {
        assert_eq!(pace("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(pace("0"), Ok(SHORTEST));
        for text in ["-1", "NaN", "inf", "1e99", "", "soon"] {
            assert!(pace(text).is_err(), "{text}");
        }
    }
}

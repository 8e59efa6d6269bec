//! The processes of a run whose supervisor was killed.

use std::fs;
use std::io;
use std::time::Duration;

use domain::id::RunToken;
use rustix::process::{Signal, pidfd_send_signal};
use tokio::task::spawn_blocking;
use tokio::time::interval;

use crate::process;

/// How often we look, and how long after each other, while somebody waits: a tenth of a second in all.
/// What is killed is gone within a few thousandths, unless it hangs in the kernel.
const LOOKS: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How many looks in a row have to find nothing: a process that is just being replaced by another
/// program shows no environment for a moment.
const SURE: u32 = 2;

/// How often we try again to end what hangs in the kernel.
const REST: Duration = Duration::from_secs(1);

/// Ends what a run left behind, before its task may be started again, and says whether all of it is
/// gone.
///
/// With the supervisor gone, nothing says any more whose children they are; but each of them got the
/// run's secret with its environment, unless it was started with another one on purpose.
pub(crate) async fn end(token: &RunToken) -> bool {
    let mut look_again = interval(LOOK_AGAIN);
    let mut found_nothing = 0;
    for _ in 0..LOOKS {
        look_again.tick().await;
        let secret = token.clone();
        let found = spawn_blocking(move || kill_all_with(&secret)).await;
        match found {
            Ok(Ok(0)) => found_nothing += 1,
            _ => found_nothing = 0,
        }
        if found_nothing == SURE {
            return true;
        }
    }
    false
}

/// [`end`], however long it takes.
pub(crate) async fn outlast(token: &RunToken) {
    let mut again = interval(REST);
    while !end(token).await {
        again.tick().await;
    }
}

/// Kills every process that holds the secret, and says how many there were.
fn kill_all_with(token: &RunToken) -> io::Result<usize> {
    let variable = format!("KANBAN_RUN_TOKEN={}", token.as_str());
    let mut found = 0;
    for pid in process::all()? {
        // The handle stands for the process that holds the secret only if that still does.
        if holds(pid, variable.as_bytes())
            && let Some(handle) = process::handle(pid)?
            && holds(pid, variable.as_bytes())
        {
            found += 1;
            if let Err(error) = pidfd_send_signal(handle, Signal::KILL) {
                tracing::debug!(%error, "a process ended before it was killed");
            }
        }
    }
    Ok(found)
}

/// Whether the environment of a process has this variable. That of other users' processes cannot be
/// read, and that of one that has ended is empty.
fn holds(pid: i32, variable: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|one| one == variable))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn only_what_holds_the_secret_of_the_run_is_ended() {
        let start = |token: &RunToken| {
            Command::new("sleep")
                .arg("1000")
                .env("KANBAN_RUN_TOKEN", token.as_str())
                .spawn()
                .unwrap()
        };
        let (ours, others) = (
            RunToken::from_bits(1 << 99 | 1),
            RunToken::from_bits(1 << 99 | 2),
        );
        let (mut left_behind, mut other) = (start(&ours), start(&others));
        assert!(end(&ours).await);
        assert_eq!(left_behind.wait().unwrap().signal(), Some(9));
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}

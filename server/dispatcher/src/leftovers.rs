//! The processes of a run whose supervisor was killed.

use std::fs;
use std::io;
use std::time::Duration;

use domain::id::RunToken;
use rustix::process::{Pid, Signal, kill_process};

use crate::process;

/// How often we look before we give up for now: one second. Only a process that hangs in the kernel
/// stays longer.
const TRIES: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Ends what a run left behind, before its task may be started again, and says whether all of it is
/// gone.
///
/// With the supervisor gone, nothing says any more whose children they are; but each of them got the
/// run's secret with its environment, unless it was started with another one on purpose.
pub(crate) async fn end(token: &RunToken) -> bool {
    let mut look_again = tokio::time::interval(LOOK_AGAIN);
    for _ in 0..TRIES {
        look_again.tick().await;
        let secret = token.clone();
        let found = tokio::task::spawn_blocking(move || kill_all_with(&secret)).await;
        if matches!(found, Ok(Ok(0))) {
            return true;
        }
    }
    false
}

/// Kills every process that holds the secret, and says how many there were.
fn kill_all_with(token: &RunToken) -> io::Result<usize> {
    let variable = format!("KANBAN_RUN_TOKEN={}", token.as_str());
    let holders: Vec<Pid> = process::all()?
        .filter(|pid| holds(*pid, variable.as_bytes()))
        .filter_map(Pid::from_raw)
        .collect();
    for pid in &holders {
        if let Err(error) = kill_process(*pid, Signal::KILL) {
            tracing::debug!(%error, "a process ended before it was killed");
        }
    }
    Ok(holders.len())
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

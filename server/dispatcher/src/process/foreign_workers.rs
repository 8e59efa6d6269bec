//! Workers that another program has started on this machine and that are gone.

use std::io;

use kernel::ForeignWorker;
use tokio::task::spawn_blocking;

use crate::error::Error;
use crate::process;

/// Returns the workers that are gone. One on another machine counts as there: nothing is known of it here.
pub(crate) async fn crashed(mut workers: Vec<ForeignWorker>) -> Result<Vec<ForeignWorker>, Error> {
    if workers.is_empty() {
        return Ok(workers);
    }
    let keep_gone = move || {
        let host = process::host_name();
        workers.retain(|worker| is_on(&host, &worker.lock) && is_gone(worker.pid).unwrap_or(false));
        workers
    };
    spawn_blocking(keep_gone)
        .await
        .map_err(Error::system("look for workers"))
}

/// Returns true when a claim, `host:pid`, was made on this host.
fn is_on(host: &str, lock: &str) -> bool {
    lock.split_once(':').is_some_and(|(of, _)| of == host)
}

/// Returns true when no process has this pid. A later process may have reused it: then only the end
/// of the lease tells that the worker is gone. An invalid pid counts as gone, as in the original.
fn is_gone(pid: i64) -> io::Result<bool> {
    let Some(pid) = i32::try_from(pid).ok().filter(|pid| *pid > 0) else {
        return Ok(true);
    };
    // Of a process of somebody else the system may say no more than that it is there.
    let is_there = process::handle(pid)?.is_some();
    Ok(!is_there || process::stat(pid)?.is_some_and(|stat| stat.has_ended))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_worker_is_gone_when_no_process_has_its_number() {
        let mut worker = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = i64::from(worker.id());
        assert!(!is_gone(pid).unwrap());
        worker.kill().unwrap();
        worker.wait().unwrap();
        assert!(is_gone(pid).unwrap());
        assert!(!is_gone(1).unwrap(), "a process of somebody else");
        for nonsense in [0, -1, i64::MAX] {
            assert!(is_gone(nonsense).unwrap());
        }
    }

    #[test]
    fn a_claim_is_of_this_host_when_it_says_exactly_that() {
        assert!(is_on("host", "host:1"));
        for other in ["hos:1", "host2:1", "host", "", "unknown:0"] {
            assert!(!is_on("host", other), "{other}");
        }
    }
}

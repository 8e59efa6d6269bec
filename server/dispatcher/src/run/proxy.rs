//! Verbs of a supervisor that the dispatcher carries out for it, as long as the one that started it is
//! there. The supervisor need not open the board's file then, and verbs that come together share a commit.
//!
//! They go over a socket that is the supervisor's standard input, as lines of JSON, each answered by one.
//! Once the dispatcher is gone the socket ends, and the supervisor opens the file itself. What it has asked
//! for may have been carried out by then, so it asks for verbs only that may be carried out twice.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::time::Duration;

use domain::actor::Actor;
use domain::command::Command;
use kernel::Kernel;
use rustix::fs::{FileType, fstat};
use rustix::stdio::dup2_stdin;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// The longest line, in bytes: a verb of a supervisor names a folder at most.
const LONGEST: u64 = 64 * 1024;

/// The time after which a dispatcher that does not answer counts as gone: it may have been stopped.
const PATIENCE: Duration = Duration::from_secs(5);

/// The answer to a verb.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done,
    Refused(String),
    /// The board could not be written. The supervisor may have more luck, or learn why.
    Failed,
}

/// Returns both ends: the standard input of a supervisor, and the dispatcher's.
pub(crate) fn pair() -> io::Result<(Stdio, UnixStream)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((OwnedFd::from(theirs).into(), UnixStream::from_std(ours)?))
}

/// Carries out what a supervisor asks for in the name of its worker, until it ends.
pub(crate) async fn serve(kernel: Kernel, worker: Actor, stream: UnixStream) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(verb) = next(&mut reader).await {
        let answer = match kernel.execute_all(&worker, vec![verb]).await {
            Ok(_) => Answer::Done,
            Err(kernel::Error::Refused(refusal)) => Answer::Refused(refusal.to_string()),
            Err(error) => {
                tracing::warn!(%error, "a verb of a supervisor is left to it");
                Answer::Failed
            }
        };
        if writer.write_all(&line(&answer)).await.is_err() {
            return;
        }
    }
}

/// The supervisor's end.
pub(crate) struct Proxy(BufReader<UnixStream>);

impl Proxy {
    /// Takes standard input, where that is such a socket, so that nothing that is started inherits it.
    pub(crate) fn from_stdin() -> Option<Self> {
        let stdin = io::stdin();
        let is_socket =
            fstat(&stdin).is_ok_and(|it| FileType::from_raw_mode(it.st_mode) == FileType::Socket);
        if !is_socket {
            return None;
        }
        let socket = stdin.as_fd().try_clone_to_owned().ok()?;
        let nothing = File::open("/dev/null").ok()?;
        dup2_stdin(nothing).ok()?;
        Self::of(socket.into()).ok()
    }

    fn of(socket: StdUnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self(BufReader::new(UnixStream::from_std(socket)?)))
    }

    /// Asks for a verb: `Err` is a refusal, in a sentence. Returns `None` where the dispatcher is gone or
    /// could not carry it out; then nobody need be asked again.
    pub(crate) async fn ask(&mut self, verb: &Command) -> Option<Result<(), String>> {
        let asked = async {
            self.0.write_all(&line(verb)).await.ok()?;
            next(&mut self.0).await
        };
        match timeout(PATIENCE, asked).await.ok()?? {
            Answer::Done => Some(Ok(())),
            Answer::Refused(refusal) => Some(Err(refusal)),
            Answer::Failed => None,
        }
    }
}

fn line(message: &impl Serialize) -> Vec<u8> {
    // An empty line is no message and ends the conversation. No message of ours fails to become JSON.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

/// The next message; `None` once there is none that makes sense.
async fn next<T: for<'a> Deserialize<'a>>(
    reader: &mut BufReader<impl AsyncRead + Unpin>,
) -> Option<T> {
    let mut line = Vec::new();
    reader
        .take(LONGEST)
        .read_until(b'\n', &mut line)
        .await
        .ok()?;
    serde_json::from_slice(&line).ok()
}

#[cfg(test)]
mod tests {
    use domain::command::{AttachSupervisor, ClaimPolicy, ClaimTask, CreateTask, LEASE, SHELL};
    use domain::run::ProcessIdentity;

    use super::*;

    /// A board with a run, and the actor who is its worker.
    async fn board(folder: &std::path::Path) -> (Kernel, Command, Actor) {
        let kernel = Kernel::open(&folder.join("kanban.db")).unwrap();
        let new = CreateTask {
            title: "a task".to_owned(),
            ..CreateTask::default()
        };
        let task = kernel.execute(&Actor::full("ada"), new).await.unwrap();
        let claim = ClaimTask {
            task: task.answer.task,
            lock: "here:1".to_owned(),
            ttl: LEASE,
            lane: Some(SHELL.to_owned()),
            policy: ClaimPolicy::default(),
        };
        let claimed = kernel.execute(&Actor::dispatcher(), claim).await.unwrap();
        let process = ProcessIdentity {
            boot_id: "this one".to_owned(),
            pid: 7,
            started_ticks: 1,
        };
        let run = claimed.answer.run;
        let attach = AttachSupervisor { run, process };
        let worker = Actor::worker(SHELL, claimed.answer.token);
        (kernel, attach.into(), worker)
    }

    fn connected() -> (UnixStream, Proxy) {
        let (ours, theirs) = StdUnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (
            UnixStream::from_std(ours).unwrap(),
            Proxy::of(theirs).unwrap(),
        )
    }

    #[tokio::test]
    async fn a_verb_is_carried_out_in_the_workers_name_and_a_refusal_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let (kernel, attach, worker) = board(folder.path()).await;
        let (stream, mut proxy) = connected();
        let serving = tokio::spawn(serve(kernel.clone(), worker.clone(), stream));
        assert_eq!(proxy.ask(&attach).await, Some(Ok(())));
        let open = kernel.open_runs().await.unwrap();
        assert_eq!(open[0].supervisor.as_ref().unwrap().pid, 7);
        // As often as it is said, because an answer may be lost; another supervisor is refused.
        assert_eq!(proxy.ask(&attach).await, Some(Ok(())));
        let process = ProcessIdentity {
            pid: 8,
            ..open[0].supervisor.clone().unwrap()
        };
        let run = open[0].run;
        let other = AttachSupervisor { run, process }.into();
        assert!(matches!(proxy.ask(&other).await, Some(Err(_))));
        // A supervisor has the authority of its worker and no more.
        let pause = domain::command::Pause { lane: None }.into();
        assert!(matches!(proxy.ask(&pause).await, Some(Err(_))));
        drop(proxy);
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_dispatcher_that_is_gone_answers_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (_kernel, attach, _) = board(folder.path()).await;
        let (stream, mut proxy) = connected();
        drop(stream);
        assert_eq!(proxy.ask(&attach).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dispatcher_that_stands_still_counts_as_gone_after_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let (_kernel, attach, _) = board(folder.path()).await;
        let (_stream, mut proxy) = connected();
        assert_eq!(proxy.ask(&attach).await, None);
    }

    #[tokio::test]
    async fn nonsense_and_a_line_without_an_end_end_the_conversation() {
        let folder = tempfile::tempdir().unwrap();
        let (kernel, _, worker) = board(folder.path()).await;
        for nonsense in [b"{}\n".to_vec(), vec![b'x'; 100_000]] {
            let (stream, proxy) = connected();
            let serving = tokio::spawn(serve(kernel.clone(), worker.clone(), stream));
            let mut peer = proxy.0.into_inner();
            // It may hang up before it has read all of it.
            peer.write_all(&nonsense).await.ok();
            timeout(PATIENCE, serving).await.unwrap().unwrap();
        }
    }
}

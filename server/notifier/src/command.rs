//! Any program that takes a message: `apprise`, `ntfy`, `hermes send`, a script.

use std::collections::BTreeMap;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use dispatcher::Secrets;
use domain::notify::Address;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::channel::{Channel, Failure};
use super::message::Message;

/// The time limit of a program.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The time for which its last output is read once it has ended: what it started and left behind
/// may hold the pipe open for as long as it likes.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The part of its standard error that is read, in bytes.
const LONGEST_COMPLAINT: u64 = 64 * 1024;

/// The part of its standard error that is kept, in characters.
const EXCERPT: usize = 200;

/// This very program, also where another version was put in its place: the verb ends what it starts once
/// nobody holds its standard output any more.
pub(super) const RUNNER: &[&str] = &["/proc/self/exe", "channel-program", "--"];

/// The programs that `kanban.toml` names: the chat of an address is such a name. Each gets the
/// message as JSON on its standard input, and `{text}` and `{url}` among its arguments are filled in.
/// No shell reads them. Exit 0 means that the message was taken.
#[derive(Debug)]
pub(super) struct Commands {
    /// The words that start a program in a way that it ends with this process.
    pub(super) runner: &'static [&'static str],
    pub(super) programs: BTreeMap<String, Vec<String>>,
    /// The variables that hold secrets of other channels: a program has no use for them.
    pub(super) secrets: Secrets,
}

#[async_trait]
impl Channel for Commands {
    fn is_chat(&self) -> bool {
        false
    }

    async fn deliver(&self, to: &Address, message: &Message) -> Result<Option<String>, Failure> {
        let name = &to.chat_id;
        let words = self
            .programs
            .get(name)
            .ok_or_else(|| Failure::for_good(format!("kanban.toml names no command {name}")))?;
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| Failure::for_good(format!("the command {name} is empty")))?;
        let runner = self.runner.iter().map(ToString::to_string);
        let mut words = runner
            .chain([program.clone()])
            .chain(arguments.iter().map(|word| fill(word, message)));
        let mut command = Command::new(words.next().unwrap_or_default());
        for secret in self.secrets.names() {
            command.env_remove(secret);
        }
        let started = command
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let child = started
            .map_err(|error| Failure::for_now(format!("{program} does not start: {error}")))?;
        let group = child.id();
        let ended = timeout(TIMEOUT, talk(child, message.json())).await;
        let (status, complaint) = ended
            .map_err(|_| {
                end(group);
                Failure::for_now(format!("{program} took too long"))
            })?
            .map_err(|error| Failure::for_now(format!("{program} went wrong: {error}")))?;
        judge(program, status, &complaint).map(|()| None)
    }
}

/// Ends what a program that took too long has started, but for what left its process group.
fn end(group: Option<u32>) {
    let group = group.and_then(|pid| i32::try_from(pid).ok());
    if let Some(group) = group.and_then(Pid::from_raw)
        && let Err(error) = kill_process_group(group, Signal::KILL)
    {
        tracing::debug!(%error, "a program of a channel had ended by itself");
    }
}

/// Gives a program the message, waits for its end, and returns its exit status and standard error.
async fn talk(mut child: Child, message: String) -> std::io::Result<(ExitStatus, Vec<u8>)> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let mut complaint = Vec::new();
    let talking = async {
        let giving = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read it has all it wants from its arguments.
                stdin.write_all(message.as_bytes()).await.ok();
            }
        };
        let listening = async {
            if let Some(stderr) = stderr {
                listen(stderr, &mut complaint).await.ok();
            }
        };
        tokio::join!(giving, listening);
    };
    let status = {
        let mut talking = pin!(talking);
        tokio::select! {
            status = child.wait() => {
                timeout(LAST_WORDS, talking).await.ok();
                status?
            }
            () = &mut talking => child.wait().await?,
        }
    };
    Ok((status, complaint))
}

/// Reads as much of a complaint as is kept, and lets the rest pass: a program that nobody listens to
/// would never end.
async fn listen(
    mut stderr: impl AsyncRead + Unpin,
    complaint: &mut Vec<u8>,
) -> std::io::Result<()> {
    let mut kept = (&mut stderr).take(LONGEST_COMPLAINT);
    kept.read_to_end(complaint).await?;
    copy(&mut stderr, &mut sink()).await?;
    Ok(())
}

fn judge(program: &str, status: ExitStatus, complaint: &[u8]) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(complaint);
    let complaint: String = complaint.trim().chars().take(EXCERPT).collect();
    let separator = if complaint.is_empty() { "" } else { ": " };
    let error = format!("{program} ended with {status}{separator}{complaint}");
    Err(Failure::for_now(error))
}

fn fill(word: &str, message: &Message) -> String {
    // The text is filled in last: what it says is not looked at again.
    word.replace("{url}", &message.link().unwrap_or_default())
        .replace("{text}", &message.text())
}

#[cfg(test)]
mod tests {
    use domain::notify::delivery::Retry;

    use super::super::message::tests::delivery;
    use super::*;

    async fn deliver(words: &[&str]) -> Result<Option<String>, Failure> {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        let commands = Commands {
            runner: &[],
            programs: BTreeMap::from([("phone".to_owned(), words)]),
            secrets: Secrets::default(),
        };
        let delivery = delivery("command", "phone");
        let message = Message::of(std::slice::from_ref(&delivery), Some("http://k")).unwrap();
        commands.deliver(&delivery.to, &message).await
    }

    #[tokio::test]
    async fn a_program_gets_the_message_as_json_and_the_text_as_one_argument() {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            r#"cat > {0}/json; printf '%s' "$1" > {0}/text"#,
            folder.path().display()
        );
        let taken = deliver(&["sh", "-c", &script, "sh", "{text}"]).await;
        assert_eq!(taken, Ok(None));
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&read("json")).unwrap();
        assert_eq!(json["data"]["task_id"], "t_0000009f");
        assert!(read("text").contains("blocked: which port?\nhttp://k/t/"));
    }

    #[tokio::test]
    async fn a_program_that_fails_is_tried_again_and_quoted() {
        let failure = deliver(&["sh", "-c", "echo no network >&2; exit 3"])
            .await
            .unwrap_err();
        assert_eq!(failure.retry, Retry::Later { after: None });
        assert_eq!(failure.error, "sh ended with exit status: 3: no network");
        let nowhere = deliver(&["kanban-no-such-program"]).await.unwrap_err();
        assert!(
            nowhere
                .error
                .starts_with("kanban-no-such-program does not start")
        );
    }

    #[tokio::test]
    async fn a_program_may_complain_without_end_and_only_the_beginning_is_kept() {
        // More than a pipe holds, so that it would stand still if nobody read it.
        let failure = deliver(&[
            "sh",
            "-c",
            "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 3",
        ])
        .await
        .unwrap_err();
        let expected = format!("sh ended with exit status: 3: {}", "x".repeat(EXCERPT));
        assert_eq!(failure.error, expected);
        let (mut complaint, endless) = (Vec::new(), vec![b'x'; 3_000_000]);
        listen(endless.as_slice(), &mut complaint).await.unwrap();
        assert_eq!(complaint.len(), 64 * 1024);
    }

    #[tokio::test]
    async fn what_a_program_leaves_behind_does_not_make_it_fail() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        // It waits for the pipe to be opened, with the standard error of the program in its hands.
        let script = format!("mkfifo {0}; cat {0} & exit 0", pipe.display());
        assert_eq!(deliver(&["sh", "-c", &script]).await, Ok(None));
        std::fs::write(pipe, "").unwrap();
    }

    #[tokio::test]
    async fn what_a_program_that_took_too_long_has_started_ends_with_it() {
        let mut program = Command::new("sh");
        let program = program.args(["-c", "sleep 1000 & echo started; wait"]);
        let started = program.process_group(0).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap();
        let mut output = child.stdout.take().unwrap();
        assert_eq!(output.read_u8().await.unwrap(), b's');
        end(child.id());
        // Both hold the pipe.
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_mins(1), output.read_to_end(&mut rest)).await;
        ended.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_program_that_reads_nothing_is_content_with_its_arguments() {
        assert_eq!(deliver(&["true", "{text}"]).await, Ok(None));
    }
}

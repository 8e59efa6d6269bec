//! Any program that takes a message: `apprise`, `ntfy`, `hermes send`, a script.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::time::Duration;

use domain::notify::Address;
use futures::future::BoxFuture;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::channel::{Channel, Failure};
use super::message::Message;

/// How long a program may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How much of its complaint is kept, in characters.
const EXCERPT: usize = 200;

/// The programs that `kanban.toml` names: the chat of an address is such a name. Each gets the
/// message as JSON on its standard input, and `{text}` and `{url}` among its arguments are filled in.
/// No shell reads them. Exit 0 means that the message was taken.
#[derive(Debug)]
pub(super) struct Commands(pub(super) BTreeMap<String, Vec<String>>);

impl Channel for Commands {
    fn is_chat(&self) -> bool {
        false
    }

    fn deliver<'a>(
        &'a self,
        to: &'a Address,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        Box::pin(async move {
            let name = &to.chat_id;
            let words = self
                .0
                .get(name)
                .ok_or_else(|| Failure::for_good(format!("kanban.toml names no command {name}")))?;
            let (program, arguments) = words
                .split_first()
                .ok_or_else(|| Failure::for_good(format!("the command {name} is empty")))?;
            let arguments = arguments.iter().map(|word| fill(word, message));
            let started = Command::new(program)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn();
            let child = started
                .map_err(|error| Failure::for_now(format!("{program} does not start: {error}")))?;
            let ended = timeout(TIMEOUT, talk(child, message.json())).await;
            let output = ended
                .map_err(|_| Failure::for_now(format!("{program} took too long")))?
                .map_err(|error| Failure::for_now(format!("{program} went wrong: {error}")))?;
            judge(program, &output).map(|()| None)
        })
    }
}

/// Gives a program the message and waits for its end.
async fn talk(mut child: Child, message: String) -> std::io::Result<Output> {
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read it has all it wants from its arguments.
        stdin.write_all(message.as_bytes()).await.ok();
    }
    child.wait_with_output().await
}

fn judge(program: &str, output: &Output) -> Result<(), Failure> {
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint: String = complaint.trim().chars().take(EXCERPT).collect();
    let separator = if complaint.is_empty() { "" } else { ": " };
    let error = format!(
        "{program} ended with {}{separator}{complaint}",
        output.status
    );
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
        let commands = Commands(BTreeMap::from([("phone".to_owned(), words)]));
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
    async fn a_program_that_reads_nothing_is_content_with_its_arguments() {
        assert_eq!(deliver(&["true", "{text}"]).await, Ok(None));
    }
}

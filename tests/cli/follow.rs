//! `kanban tail` and `kanban watch`.

use std::process::Stdio;

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::harness::{Board, keys, within};

/// A verb that does not end by itself.
pub(crate) struct Following {
    process: Child,
    pub(crate) out: Lines<BufReader<ChildStdout>>,
    pub(crate) err: Lines<BufReader<ChildStderr>>,
}

impl Following {
    pub(crate) fn start(board: &Board, words: &[&str]) -> anyhow::Result<Self> {
        let (verb, arguments) = words.split_first().context("no verb")?;
        let mut process = board
            .command(verb)?
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let out = process.stdout.take().context("no output")?;
        let err = process.stderr.take().context("no errors")?;
        Ok(Self {
            process,
            out: BufReader::new(out).lines(),
            err: BufReader::new(err).lines(),
        })
    }

    /// Asks it to end as Ctrl-C does.
    pub(crate) async fn interrupt(&mut self) -> anyhow::Result<Option<i32>> {
        let pid = self.process.id().context("it has ended")?.to_string();
        Command::new("kill").args(["-INT", &pid]).status().await?;
        Ok(within("its end", self.process.wait()).await??.code())
    }
}

pub(crate) async fn line<R: AsyncRead + Unpin>(
    lines: &mut Lines<BufReader<R>>,
) -> anyhow::Result<String> {
    within("a line", lines.next_line())
        .await??
        .context("the end came instead of a line")
}

#[tokio::test]
async fn a_task_is_followed_from_its_first_event_on() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (a, b) = (board.create("a", &[]).await?, board.create("b", &[]).await?);
    let mut tail = Following::start(&board, &["tail", a.as_str(), "--interval", "0.1"])?;
    assert!(line(&mut tail.out).await?.contains("] created {"));
    board
        .kanban(&["comment", b.as_str(), "not this one"])
        .await?;
    board.kanban(&["complete", a.as_str()]).await?;
    assert!(
        line(&mut tail.out)
            .await?
            .ends_with("] completed {\"result_len\":0}")
    );
    assert_eq!(tail.interrupt().await?, Some(0));
    assert_eq!(line(&mut tail.err).await?, "(stopped)");
    Ok(())
}

#[tokio::test]
async fn the_board_is_watched_from_now_on() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let old = board.create("old", &["--assignee", "ops"]).await?;
    let words = ["watch", "--assignee", "ops", "--kinds", "blocked,completed"];
    let mut watch = Following::start(&board, &words)?;
    line(&mut watch.err).await?;
    let other = board.create("another", &[]).await?;
    board.kanban(&["complete", other.as_str()]).await?;
    board.kanban(&["comment", old.as_str(), "x"]).await?;
    board.kanban(&["block", old.as_str(), "why?"]).await?;
    let said = line(&mut watch.out).await?;
    let expected = format!(" {old} blocked            (@ops) {{\"reason\":\"why?\"}}");
    assert!(
        said.starts_with("[20") && said.ends_with(&expected),
        "{said}"
    );
    assert_eq!(watch.interrupt().await?, Some(0));
    Ok(())
}

#[tokio::test]
async fn programs_get_one_object_a_line() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board
        .create("a", &["--assignee", "ops", "--tenant", "acme"])
        .await?;
    let mut watch = Following::start(&board, &["watch", "--json", "--tenant", "acme"])?;
    line(&mut watch.err).await?;
    let mut tail = Following::start(&board, &["tail", id.as_str(), "--json"])?;
    let created: Value = serde_json::from_str(&line(&mut tail.out).await?)?;
    let event_keys = ["id", "task_id", "kind", "payload", "created_at"];
    assert_eq!(keys(&created), event_keys);
    board.kanban(&["complete", id.as_str()]).await?;
    let completed: Value = serde_json::from_str(&line(&mut watch.out).await?)?;
    let watched_keys = [&event_keys[..], &["assignee", "tenant"]].concat();
    assert_eq!(keys(&completed), watched_keys);
    assert_eq!(completed["kind"], "completed");
    Ok(())
}

#[tokio::test]
async fn a_follower_ends_quietly_when_nobody_reads_any_more() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let mut tail = Following::start(&board, &["tail", id.as_str()])?;
    line(&mut tail.out).await?;
    drop(tail.out);
    let status = within("its end", tail.process.wait()).await??;
    assert_eq!(status.code(), Some(0));
    assert_eq!(tail.err.next_line().await?, None);
    Ok(())
}

//! The command line of a board.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::process::Stdio;

use anyhow::Context as _;
use domain::id::TaskId;
use serde_json::Value;
use tokio::process::Command;

use super::Board;
use crate::harness::{program, text, within};

/// The output of a command, and its exit code.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Said {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("no JSON: {self:?}"))
    }
}

impl Board {
    /// A command of this board, ready to be run.
    pub(crate) fn command(&self, verb: impl AsRef<OsStr>) -> anyhow::Result<Command> {
        let mut command = Command::new(program::path()?);
        // A worker may run these tests; what it was told is not for the board under test.
        for (name, _) in std::env::vars_os() {
            let is_ours = name
                .to_str()
                .is_some_and(|it| it.contains("KANBAN") || it.contains("HERMES"));
            if is_ours && name != "KANBAN_BIN" {
                command.env_remove(name);
            }
        }
        command
            .arg(verb)
            .env("KANBAN_HOME", self.home())
            .env("TZ", "UTC");
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    /// Runs a command of this board to its end.
    pub(crate) async fn kanban(&self, words: &[&str]) -> anyhow::Result<Said> {
        let (verb, arguments) = words.split_first().context("no verb")?;
        said(self.command(verb)?.args(arguments)).await
    }

    /// Runs a command of this board to its end, with this on its standard input.
    pub(crate) async fn kanban_reading(
        &self,
        words: &[&str],
        input: &[u8],
    ) -> anyhow::Result<Said> {
        let (verb, arguments) = words.split_first().context("no verb")?;
        let file = self.folder.path().join("input");
        fs::write(&file, input)?;
        said(self.command(verb)?.args(arguments).stdin(File::open(file)?)).await
    }

    /// Creates a task by the command line, and tells its id.
    pub(crate) async fn create(&self, title: &str, flags: &[&str]) -> anyhow::Result<TaskId> {
        let said = self
            .kanban(&[&["create", title, "--json"], flags].concat())
            .await?;
        let task = said.json()?;
        Ok(text(&task, "/id")?.parse()?)
    }
}

/// Runs a command to its end.
pub(crate) async fn said(command: &mut Command) -> anyhow::Result<Said> {
    let output = within("the end of a command", command.output()).await??;
    Ok(Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

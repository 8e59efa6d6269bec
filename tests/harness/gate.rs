//! A gate that holds a worker up until a test lets it go on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use tokio::process::Command;

use super::{Board, within};

/// A named pipe: who reads from it waits until somebody has written, and the reverse.
pub(crate) struct Gate(PathBuf);

impl Gate {
    /// A gate in the home folder of a board.
    pub(crate) async fn of(board: &Board) -> anyhow::Result<Self> {
        fs::create_dir_all(board.home())?;
        let path = board.home().join("gate");
        let made = Command::new("mkfifo").arg(&path).status().await?;
        ensure!(made.success(), "there is no gate");
        Ok(Self(path))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A script that waits until a word is said, and repeats it.
    pub(crate) fn script(&self) -> String {
        format!("read word < '{}'; echo \"$word\"", self.0.display())
    }

    /// Returns all that a program writes into it, once one has.
    pub(crate) async fn heard(&self) -> anyhow::Result<String> {
        // A process can be given up; a thread that opens a pipe cannot.
        let mut reader = Command::new("cat");
        let reading = reader.arg(&self.0).kill_on_drop(true).output();
        let read = within("a program at its gate", reading).await??;
        Ok(String::from_utf8(read.stdout)?)
    }

    /// Writes a word to the worker, once it has come to listen.
    pub(crate) async fn open(&self, word: &str) -> anyhow::Result<()> {
        let opened = tokio::fs::write(&self.0, format!("{word}\n"));
        Ok(within("the worker at its gate", opened).await??)
    }
}

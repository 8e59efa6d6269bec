//! The program under test.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, ensure};

/// The file of the program: the one that `KANBAN_BIN` names, else the debug build, which is brought
/// up to date once.
pub(crate) fn path() -> anyhow::Result<&'static Path> {
    static PATH: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PATH.get_or_init(|| find().map_err(|error| format!("{error:#}"))) {
        Ok(path) => Ok(path),
        Err(error) => anyhow::bail!("there is no program to test: {error}"),
    }
}

fn find() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("KANBAN_BIN") {
        return Ok(path.into());
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "server", "--bin", "kanban"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    ensure!(built.success(), "it does not build");
    // Tests lie in `target/debug/deps`, the program two floors up.
    let test = env::current_exe()?;
    let folder = test
        .ancestors()
        .nth(2)
        .context("this test has no target folder")?;
    Ok(folder.join("kanban"))
}

/// Copies a program to a path where it may be run at once. Another process writes it: a child that this
/// one begins meanwhile for another test holds what is open here, and nobody can run a file that
/// somebody has open for writing.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copied = Command::new("install").arg(from).arg(to).status()?;
    ensure!(copied.success(), "cannot write {}", to.display());
    Ok(())
}

/// Writes a script that may be run at once, as [`copy`] does.
pub(crate) fn write(path: &Path, script: &str) -> anyhow::Result<()> {
    let written = Command::new("sh")
        .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .arg(script)
        .status()?;
    ensure!(written.success(), "cannot write {}", path.display());
    Ok(())
}

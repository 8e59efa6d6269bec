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

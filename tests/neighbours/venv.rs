//! The real hermes-agent from `PyPI`, in virtual environments under `target` that are made once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use crate::harness::{Board, Said, said};

/// The packages that the board's parts of hermes-agent import; all that it asks for would be some
/// hundred megabytes.
const IMPORTS: [&str; 3] = ["pyyaml==6.0.3", "python-dotenv==1.2.2", "rich==14.3.3"];

/// An installed version of hermes-agent.
pub(super) struct Hermes {
    folder: PathBuf,
}

impl Hermes {
    /// The version, which is fetched unless it is there.
    pub(super) fn version(version: &str) -> anyhow::Result<Self> {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools");
        fs::create_dir_all(&target)?;
        let folder = target.canonicalize()?.join(format!("hermes-{version}"));
        // Other tests want it too, some of them in processes of their own.
        let lock = File::create(folder.with_extension("lock"))?;
        lock.lock()?;
        let is_ready = folder.join("is-ready");
        if !is_ready.exists() {
            install(&folder, version).with_context(|| {
                format!(
                    "hermes-agent {version} could not be fetched: are Python 3.11 and the network there?"
                )
            })?;
            File::create(is_ready)?;
        }
        Ok(Self { folder })
    }

    pub(super) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Runs `hermes kanban` on the file of a board.
    pub(super) async fn kanban(&self, board: &Board, words: &[&str]) -> anyhow::Result<Said> {
        let mut hermes = Command::new(self.folder.join("bin/hermes"));
        hermes.arg("kanban").args(words);
        self.run(board, &mut hermes).await
    }

    /// Runs a piece of Python that sees the board as `db`, and `kanban_db` as `k`.
    pub(super) async fn says(&self, board: &Board, python: &str) -> anyhow::Result<String> {
        let program = format!("from hermes_cli import kanban_db as k\ndb = k.connect()\n{python}");
        let mut interpreter = Command::new(self.python());
        interpreter.args(["-c", &program]);
        let said = self.run(board, &mut interpreter).await?;
        ensure!(said.code == Some(0), "{said:?}");
        Ok(said.out)
    }

    async fn run(&self, board: &Board, command: &mut Command) -> anyhow::Result<Said> {
        fs::create_dir_all(board.home())?;
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().contains("KANBAN") {
                command.env_remove(name);
            }
        }
        command
            .env("HERMES_HOME", board.home())
            .env("HERMES_KANBAN_DB", board.home().join("kanban.db"))
            .kill_on_drop(true);
        said(command).await
    }
}

fn install(folder: &Path, version: &str) -> anyhow::Result<()> {
    let python = folder.join("bin/python");
    let pip = |words: &[&str]| {
        let mut pip = std::process::Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        pip.args(words);
        run(&mut pip)
    };
    run(std::process::Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder))?;
    pip(&IMPORTS)?;
    pip(&["--no-deps", &format!("hermes-agent=={version}")])
}

fn run(command: &mut std::process::Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {complaint}");
    Ok(())
}

//! A board under test: its home folder and its server.

pub(super) mod cli;
pub(super) mod http;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context as _, bail, ensure};
use reqwest::{Client, ClientBuilder, redirect};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{LIMIT, within};

/// A board in a home folder of its own. Dropping it kills its server and removes the folder.
pub(crate) struct Board {
    folder: TempDir,
    /// In `folder`, and made by the program when it first needs it.
    home: PathBuf,
    server: Option<Server>,
    client: Client,
}

struct Server {
    process: Child,
    /// `127.0.0.1:PORT`.
    address: String,
    launch_link: String,
    token: String,
    /// Read to the end only when the server has ended.
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Board {
    /// A board whose server runs its tasks.
    pub(crate) async fn running() -> anyhow::Result<Self> {
        let mut board = Self::without_server()?;
        board.serve(&["--listen", "127.0.0.1:0"]).await?;
        Ok(board)
    }

    /// A board whose server only shows it.
    pub(crate) async fn shown() -> anyhow::Result<Self> {
        let mut board = Self::without_server()?;
        board
            .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
            .await?;
        Ok(board)
    }

    /// A home folder with nothing in it yet.
    pub(crate) fn without_server() -> anyhow::Result<Self> {
        // Redirects are something to look at, and no connection of a killed server is used again.
        let client = client()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .timeout(LIMIT)
            .build()?;
        let folder = tempfile::tempdir()?;
        Ok(Self {
            home: folder.path().join("home"),
            folder,
            server: None,
            client,
        })
    }

    /// The same board once more, for a second server beside the first.
    pub(crate) fn beside(&self) -> anyhow::Result<Self> {
        Ok(Self {
            home: self.home.clone(),
            ..Self::without_server()?
        })
    }

    /// Starts `kanban serve` with these arguments and waits until it listens.
    pub(crate) async fn serve(&mut self, arguments: &[&str]) -> anyhow::Result<()> {
        self.serve_in(arguments, &[]).await
    }

    /// [`Board::serve`] with these variables in its environment.
    pub(crate) async fn serve_in(
        &mut self,
        arguments: &[&str],
        environment: &[(&str, &OsStr)],
    ) -> anyhow::Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        self.serve_with(arguments, "debug", log.into(), environment)
            .await
    }

    /// The same, with a log that tells everything and goes there.
    pub(crate) async fn serve_logging_to(&mut self, log: Stdio) -> anyhow::Result<()> {
        self.serve_with(&["--listen", "127.0.0.1:0"], "trace", log, &[])
            .await
    }

    async fn serve_with(
        &mut self,
        arguments: &[&str],
        level: &str,
        log: Stdio,
        environment: &[(&str, &OsStr)],
    ) -> anyhow::Result<()> {
        let mut process = self
            .command("serve")?
            .args(arguments)
            .env("KANBAN_LOG", level)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let stdout = process.stdout.take().context("the server has no output")?;
        let mut stdout = BufReader::new(stdout).lines();
        let address = self.announced("listening on http", &mut stdout).await?;
        let (_, address) = address.split_once("://").context("no address")?;
        let address = address.to_owned();
        let launch_link = self.announced("open ", &mut stdout).await?;
        let token = fs::read_to_string(self.home().join("token"))?
            .trim()
            .to_owned();
        self.server = Some(Server {
            process,
            address,
            launch_link,
            token,
            stdout,
        });
        Ok(())
    }

    async fn announced(
        &self,
        prefix: &str,
        stdout: &mut Lines<BufReader<ChildStdout>>,
    ) -> anyhow::Result<String> {
        let line = within("the server's announcement", stdout.next_line()).await??;
        let line = line.with_context(|| format!("the server ended: {}", self.log()))?;
        let said = line.strip_prefix(prefix);
        Ok(said
            .with_context(|| format!("expected `{prefix}…`, not `{line}`"))?
            .to_owned())
    }

    /// Kills the server as `kill -9` does, and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        let mut server = self.server.take().context("no server to kill")?;
        within("the end of the server", server.process.kill()).await??;
        Ok(())
    }

    /// Asks the server to end, and returns its exit status and the rest of its output.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<(ExitStatus, String)> {
        self.ask_to_end().await?;
        self.ended().await
    }

    /// Asks the server to end.
    pub(crate) async fn ask_to_end(&self) -> anyhow::Result<()> {
        let asked = Command::new("kill")
            .args(["-TERM", &self.pid()?.to_string()])
            .status()
            .await?;
        ensure!(asked.success(), "no signal was sent");
        Ok(())
    }

    /// Waits until the server has ended, and returns its exit status and the rest of its output.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<(ExitStatus, String)> {
        let mut server = self.server.take().context("no server to wait for")?;
        let mut printed = String::new();
        while let Some(line) = within("the end of output", server.stdout.next_line()).await?? {
            printed.push_str(&line);
        }
        let status = within("the end of the server", server.process.wait()).await??;
        Ok((status, printed))
    }

    /// Writes `kanban.toml`.
    pub(crate) fn configure(&self, text: &str) -> anyhow::Result<()> {
        fs::create_dir_all(self.home())?;
        Ok(fs::write(self.home().join("kanban.toml"), text)?)
    }

    /// Takes the content of the database away from under the server.
    pub(crate) fn spoil(&self) -> anyhow::Result<()> {
        // In this order: SQLite removes the log of a file that is empty.
        for name in ["kanban.db-wal", "kanban.db"] {
            let file = File::options().write(true).open(self.home().join(name))?;
            file.set_len(0)?;
        }
        Ok(())
    }

    /// Writes to the database as another program does, without an event.
    pub(crate) fn write_past_us(&self, sql: &str) -> anyhow::Result<()> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test plays the other program"
        )]
        let connection = rusqlite::Connection::open(self.home().join("kanban.db"))?;
        connection.busy_timeout(LIMIT)?;
        Ok(connection.execute_batch(sql)?)
    }

    /// The home folder.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The log of this board's servers.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Waits until a server of this board has logged a line with this text.
    pub(crate) async fn logged(&self, text: &str) -> anyhow::Result<()> {
        let mut tail = Command::new("tail")
            .args(["-n", "+1", "-f"])
            .arg(self.log_file())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(tail.stdout.take().context("no output")?).lines();
        within(text, async {
            while let Some(line) = lines.next_line().await? {
                if line.contains(text) {
                    return Ok(());
                }
            }
            bail!("the log ended without `{text}`")
        })
        .await?
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn server(&self) -> anyhow::Result<&Server> {
        self.server.as_ref().context("no server is running")
    }

    /// The process of the server.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        let pid = self.server()?.process.id();
        pid.context("the server has ended already")
    }

    /// The address of the server: `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> anyhow::Result<&str> {
        Ok(&self.server()?.address)
    }

    /// The token of programs.
    pub(crate) fn token(&self) -> anyhow::Result<&str> {
        Ok(&self.server()?.token)
    }

    /// The link that the server printed.
    pub(crate) fn launch_link(&self) -> anyhow::Result<&str> {
        Ok(&self.server()?.launch_link)
    }
}

/// A client to be set up. It is built with TLS, whether or not it will be used.
pub(crate) fn client() -> ClientBuilder {
    // Another test may have chosen the same.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    Client::builder()
}

//! A board under test: its home folder, its server, its command line.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context as _, bail, ensure};
use domain::event::Event;
use domain::id::TaskId;
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

use super::{LIMIT, Socket, program, within};

/// The base path of the plugin API.
const API: &str = "/api/plugins/kanban";

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

/// What a command said, and how it exited.
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
        let client = Client::builder()
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
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        let mut process = self
            .command("serve")?
            .args(arguments)
            .env("KANBAN_LOG", "debug")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let stdout = process.stdout.take().context("the server has no output")?;
        let mut stdout = BufReader::new(stdout).lines();
        let address = self.announced("listening on http://", &mut stdout).await?;
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

    /// Asks the server to end, and tells how it did and what else it had printed.
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

    /// Waits until the server has ended, and tells how it did and what else it had printed.
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
        for name in ["kanban.db", "kanban.db-wal"] {
            let file = File::options().write(true).open(self.home().join(name))?;
            file.set_len(0)?;
        }
        Ok(())
    }

    /// The home folder.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// What the servers of this board have logged.
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

    /// Where the server listens: `127.0.0.1:PORT`.
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

    /// A request of a program: with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        Ok(self.stranger(method, path)?.bearer_auth(self.token()?))
    }

    /// A request of somebody who shows nothing.
    pub(crate) fn stranger(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        Ok(self
            .client
            .request(method, format!("http://{}{path}", self.address()?)))
    }

    /// Reads from the plugin API; refusals are answers too.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        answer(self.request(Method::GET, &format!("{API}{path}"))?).await
    }

    /// Writes to the plugin API; refusals are answers too.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        answer(
            self.request(Method::POST, &format!("{API}{path}"))?
                .json(body),
        )
        .await
    }

    /// Changes something by the plugin API; refusals are answers too.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        answer(
            self.request(Method::PATCH, &format!("{API}{path}"))?
                .json(body),
        )
        .await
    }

    /// Removes something by the plugin API; refusals are answers too.
    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        answer(self.request(Method::DELETE, &format!("{API}{path}"))?).await
    }

    /// Everything about a task, by the plugin API.
    pub(crate) async fn task(&self, id: &TaskId) -> anyhow::Result<Value> {
        let (status, task) = self.get(&format!("/tasks/{id}")).await?;
        ensure!(status == 200, "{status}: {task}");
        Ok(task)
    }

    /// Opens a socket, with the token and these parameters.
    pub(crate) async fn socket(&self, query: &str) -> anyhow::Result<Socket> {
        let authorization = format!("Bearer {}", self.token()?);
        self.socket_with(query, &[("authorization", &authorization)])
            .await
    }

    /// Opens a socket with these headers.
    pub(crate) async fn socket_with(
        &self,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> anyhow::Result<Socket> {
        let url = format!("ws://{}{API}/events?{query}", self.address()?);
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        let connecting = tokio_tungstenite::connect_async(request);
        Ok(Socket(within("a socket", connecting).await??.0))
    }

    /// Waits until something of this kind has happened to the task, now or earlier.
    pub(crate) async fn happened(&self, task: &TaskId, kind: &str) -> anyhow::Result<Event> {
        let mut socket = self.socket("since=0").await?;
        socket
            .event(kind, |event| event.task_id == *task && event.kind == kind)
            .await
            .with_context(|| format!("`{kind}` of {task}; log:\n{}", self.log()))
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

/// The status and the JSON of an answer.
pub(crate) async fn answer(request: RequestBuilder) -> anyhow::Result<(u16, Value)> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = response.text().await?;
    match serde_json::from_str(&body) {
        Ok(json) => Ok((status, json)),
        Err(_) => bail!("{status} without JSON: {body}"),
    }
}

/// The text at `pointer`.
pub(crate) fn text<'a>(json: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    let found = json.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("no text at {pointer} of {json}"))
}

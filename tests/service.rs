//! The program as a service of systemd.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::UnixDatagram;
use tokio::process::Command;

use crate::harness::{Board, within};

/// The next message to systemd.
async fn said(systemd: &UnixDatagram) -> anyhow::Result<String> {
    let mut message = [0; 256];
    let length = within("a word to systemd", systemd.recv(&mut message)).await??;
    let message = message.get(..length).context("a long word")?;
    Ok(String::from_utf8(message.to_vec())?)
}

#[tokio::test]
async fn systemd_hears_when_it_is_ready_alive_and_about_to_end() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let path = board.home().with_file_name("notify");
    let systemd = UnixDatagram::bind(&path)?;
    let environment = [
        ("NOTIFY_SOCKET", path.as_os_str()),
        ("WATCHDOG_USEC", "100000".as_ref()),
    ];
    let arguments = ["--listen", "127.0.0.1:0", "--no-dispatch"];
    board.serve_in(&arguments, &environment).await?;
    for expected in ["READY=1\n", "WATCHDOG=1\n"] {
        while said(&systemd).await? != expected {}
    }
    board.ask_to_end().await?;
    while said(&systemd).await? != "STOPPING=1\n" {}
    let (status, _) = board.ended().await?;
    assert!(status.success());
    Ok(())
}

#[tokio::test]
async fn a_watchdog_of_no_time_is_none() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let environment = [("WATCHDOG_USEC", "0".as_ref())];
    let arguments = ["--listen", "127.0.0.1:0", "--no-dispatch"];
    board.serve_in(&arguments, &environment).await?;
    board.stop().await?;
    assert!(!board.log().contains("panicked"), "{}", board.log());
    Ok(())
}

#[tokio::test]
async fn a_worker_cannot_speak_for_the_service() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let path = board.home().with_file_name("notify");
    let _systemd = UnixDatagram::bind(&path)?;
    let environment = [
        ("NOTIFY_SOCKET", path.as_os_str()),
        ("WATCHDOG_USEC", "60000000".as_ref()),
    ];
    board
        .serve_in(&["--listen", "127.0.0.1:0"], &environment)
        .await?;
    let look = "test -z \"${NOTIFY_SOCKET-}${WATCHDOG_USEC-}\"";
    let task = board
        .create("look", &["--assignee", "shell", "--body", look])
        .await?;
    board.happened(&task, "completed").await?;
    Ok(())
}

/// `kanban serve` with a socket as systemd hands it over.
fn serve_with(board: &Board, socket: OwnedFd) -> anyhow::Result<Command> {
    let serve = board.command("serve")?;
    let serve = serve.as_std();
    // Whoever starts us knows our number only once it has.
    let handing = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\" 3<&0 0</dev/null";
    let mut command = Command::new("sh");
    command.args(["-c", handing]).arg(serve.get_program());
    command.args(serve.get_args()).arg("--no-dispatch");
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .stdin(Stdio::from(socket))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

#[tokio::test]
async fn the_socket_of_systemd_is_taken_over() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let socket = TcpListener::bind("127.0.0.1:0")?;
    let port = socket.local_addr()?.port();
    let mut server = serve_with(&board, socket.into())?.spawn()?;
    let stdout = server.stdout.take().context("no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let line = within("the announcement", lines.next_line()).await??;
    assert_eq!(line, Some(format!("listening on http://127.0.0.1:{port}")));
    Ok(())
}

#[tokio::test]
async fn the_socket_of_systemd_is_judged_like_any_other() -> anyhow::Result<()> {
    let open = TcpListener::bind("0.0.0.0:0")?;
    let connection = TcpStream::connect(TcpListener::bind("127.0.0.1:0")?.local_addr()?)?;
    for (socket, expected) in [
        (OwnedFd::from(open), "--behind-proxy"),
        (OwnedFd::from(connection), "it does not listen"),
    ] {
        let board = Board::without_server()?;
        let mut server = serve_with(&board, socket)?;
        let said = within("a refusal", server.output()).await??;
        assert_eq!(said.status.code(), Some(1));
        let said = String::from_utf8(said.stderr)?;
        assert!(said.contains(expected), "{said}");
    }
    Ok(())
}

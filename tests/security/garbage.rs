//! Requests that make no sense.

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{BOARD, cookie_name};
use crate::harness::{Board, status, within};

#[tokio::test]
async fn garbage_in_headers_is_refused_and_the_server_lives_on() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let address = board.address()?;
    for line in [
        &b"authorization: \xff\xfe\xfd"[..],
        b"authorization: Bearer",
        b"cookie: \xff=\xff; kanban; =;;;",
        format!(
            "cookie: {0}; {0}=; {0}=..; {0}=9999999999.1.1",
            cookie_name(&board)?
        )
        .as_bytes(),
        b"origin: \x80",
        b"sec-fetch-site: \xc3\x28",
        b"upgrade: \xff",
        b"host: second.example",
    ] {
        let mut stream = TcpStream::connect(address).await?;
        let head = format!("GET {BOARD} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        stream
            .write_all(&[head.as_bytes(), line, b"\r\n\r\n"].concat())
            .await?;
        let mut answer = Vec::new();
        within("an answer", stream.read_to_end(&mut answer)).await??;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 4"), "{line:?}: {answer}");
    }
    assert_eq!(board.get("/board").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn malformed_arguments_of_the_page_are_the_clients_fault() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for (method, path, body) in [
        (Method::POST, "/fn/create_task", "nonsense"),
        (Method::POST, "/fn/create_task", "form[title]="),
        (Method::POST, "/fn/create_task", "\u{0}\u{1f980}%%%"),
        (Method::POST, "/fn/move_task", "{}"),
        (Method::POST, "/fn/move_task", "task=..%2F..&to=ready"),
        (Method::POST, "/fn/comment", "task=t_1"),
        (Method::GET, "/fn/task", ""),
        (Method::GET, "/fn/task?task=..%2F..%2Fetc", ""),
        (Method::GET, "/fn/page?task=%FF", ""),
    ] {
        for kind in [
            "application/json",
            "application/x-www-form-urlencoded",
            "text/plain",
        ] {
            let request = board.request(method.clone(), path)?;
            let answer = request.header("content-type", kind).body(body.to_owned());
            let code = status(answer).await?;
            assert!(
                (400..500).contains(&code),
                "{code} {method} {path} {body} {kind}"
            );
        }
    }
    Ok(())
}

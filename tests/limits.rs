//! The limits, and that those who exceed them do not starve the others.

use anyhow::Context as _;
use futures::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;

use crate::harness::{API, Board, header, status, within};
use crate::workers::Worker;

/// Opens many connections that say this, and stay.
async fn flood(address: &str, count: usize, words: &str) -> anyhow::Result<Vec<TcpStream>> {
    let mut flood = Vec::new();
    for _ in 0..count {
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(words.as_bytes()).await?;
        flood.push(connection);
    }
    Ok(flood)
}

#[tokio::test]
async fn a_flood_of_connections_that_say_nothing_or_half_of_it_shuts_nobody_out()
-> anyhow::Result<()> {
    let board = Board::running().await?;
    let address = board.address()?;
    let task = board
        .create("a", &["--assignee", "shell", "--body", "true"])
        .await?;
    let follower = board.socket("").await?;
    let half = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n");
    let body = format!(
        "POST /login HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nhalf"
    );
    let mut floods = Vec::new();
    for words in ["", &half, &body] {
        floods.push(flood(address, 600, words).await?);
        for _ in 0..3 {
            let ask = board.request(Method::GET, &format!("{API}/stats"))?;
            let code = within("an answer", status(ask)).await??;
            assert_eq!(code, 200, "{words}");
        }
    }
    board.happened(&task, "completed").await?;
    drop((floods, follower));
    Ok(())
}

#[tokio::test]
async fn a_worker_that_sends_slowly_takes_nobody_elses_turn() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let address = board.address()?;
    let (own, other) = (
        board.create("own", &[]).await?,
        board.create("b", &[]).await?,
    );
    let slow = Worker::of(&board, &own).await?;
    let other = Worker::of(&board, &other).await?;
    let words = format!(
        "POST {API}/tasks/{own}/comments HTTP/1.1\r\nhost: {address}\r\n\
         authorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{",
        slow.token
    );
    let flood = flood(address, 150, &words).await?;
    for _ in 0..3 {
        let ask = board.request(Method::GET, &format!("{API}/stats"))?;
        assert_eq!(within("an answer", status(ask)).await??, 200);
        let asked = other.says(Method::GET, "/board", &Value::Null);
        assert_eq!(within("an answer", asked).await??.0, 200);
    }
    drop(flood);
    Ok(())
}

#[tokio::test]
async fn a_program_that_sends_slowly_shuts_nobody_out() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (address, token) = (board.address()?, board.token()?);
    let words = format!(
        "POST {API}/tasks HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
    );
    let flood = flood(address, 300, &words).await?;
    for _ in 0..3 {
        let ask = board.request(Method::GET, &format!("{API}/stats"))?;
        assert_eq!(within("an answer", status(ask)).await??, 200);
    }
    drop(flood);
    Ok(())
}

#[tokio::test]
async fn a_flood_of_sockets_is_told_to_wait() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let sockets = join_all((0..256).map(|_| board.socket(""))).await;
    let sockets: Vec<_> = sockets.into_iter().collect::<Result<_, _>>()?;
    match board
        .socket("")
        .await
        .map(drop)
        .map_err(anyhow::Error::downcast)
    {
        Err(Ok(tungstenite::Error::Http(answer))) => {
            assert_eq!(answer.status().as_u16(), 503);
            assert!(answer.headers().contains_key("retry-after"));
        }
        other => anyhow::bail!("{other:?}"),
    }
    drop(sockets);
    Ok(())
}

#[tokio::test]
async fn a_flood_of_writes_is_answered_and_does_not_keep_tasks_from_starting() -> anyhow::Result<()>
{
    let board = Board::running().await?;
    let task = board
        .create("a", &["--assignee", "shell", "--body", "true"])
        .await?;
    let ids = vec!["t_00"; 1_000];
    let wish = serde_json::json!({ "ids": ids, "priority": 1 });
    let posts = (0..40).map(|_| async {
        let request = board.request(Method::POST, &format!("{API}/tasks/bulk"))?;
        let answer = request.json(&wish).send().await?;
        let code = answer.status().as_u16();
        let retry = header(&answer, "retry-after").to_owned();
        anyhow::Ok((code, retry))
    });
    let (answers, completed) = tokio::join!(join_all(posts), board.happened(&task, "completed"));
    completed.context("the dispatcher starved")?;
    for answer in answers {
        let (code, retry) = answer?;
        assert!(
            code == 200 || (code == 503 && !retry.is_empty()),
            "{code} {retry}"
        );
    }
    assert_eq!(
        status(board.request(Method::GET, &format!("{API}/stats"))?).await?,
        200
    );
    Ok(())
}

#[tokio::test]
async fn strangers_who_send_slowly_keep_nobody_else_waiting() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let address = board.address()?;
    let head = format!(
        "POST /login HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\
         expect: 100-continue\r\n\r\n"
    );
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(head.as_bytes()).await?;
        // The server asks for the body once it reads it.
        let mut asked = [0; 25];
        within("a hint to go on", connection.read_exact(&mut asked)).await??;
        assert!(asked.starts_with(b"HTTP/1.1 100 "));
        slow.push(connection);
    }
    for path in ["/healthz", "/launch?code=x"] {
        let code = status(board.stranger(Method::GET, path)?).await?;
        assert_ne!(code, 503, "{path}");
    }
    let token = [("token", board.token()?)];
    let log_in = board.stranger(Method::POST, "/login")?.form(&token);
    assert!(status(log_in).await? < 400);
    Ok(())
}

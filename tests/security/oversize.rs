//! Requests that are larger than any of ours.

use anyhow::Context as _;
use futures::SinkExt as _;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use crate::harness::{API, Board, answer, within};

/// Sends a request as it is, and tells the first line of the answer.
async fn raw(board: &Board, head: &str, body: &[u8]) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(board.address()?).await?;
    let token = board.token()?;
    let head = format!(
        "{head}\r\nhost: {}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n",
        board.address()?
    );
    stream.write_all(head.as_bytes()).await?;
    // Whoever is refused early need not listen to the rest.
    stream.write_all(body).await.ok();
    let mut answer = Vec::new();
    within("an answer", stream.read_to_end(&mut answer))
        .await?
        .ok();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn oversized_requests_are_refused_each_in_its_own_way() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let get = |path: &str| format!("GET {API}{path} HTTP/1.1");
    let long = format!("/board?tenant={}", "x".repeat(9_000));
    let said = raw(&board, &get(&long), b"\r\n").await?;
    assert!(said.contains(" 414 "), "{said}");
    let longer = format!("/board?tenant={}", "x".repeat(70_000));
    let said = raw(&board, &get(&longer), b"\r\n").await?;
    assert!(said.contains(" 414 ") || said.contains(" 431 "), "{said}");
    let large = format!("x: {}\r\n\r\n", "y".repeat(40_000));
    let said = raw(&board, &get("/board"), large.as_bytes()).await?;
    assert!(said.contains(" 431 "), "{said}");
    let many = "x: y\r\n".repeat(200) + "\r\n";
    let said = raw(&board, &get("/board"), many.as_bytes()).await?;
    assert!(said.contains(" 431 "), "{said}");
    let post = format!("POST {API}/tasks HTTP/1.1");
    let announced = b"content-length: 2097153\r\n\r\n";
    let said = raw(&board, &post, announced).await?;
    assert!(said.contains(" 413 "), "{said}");
    let chunk = format!("10000\r\n{}\r\n", "z".repeat(0x10000));
    let chunked = format!(
        "transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(40)
    );
    let said = raw(&board, &post, chunked.as_bytes()).await?;
    assert!(said.contains(" 413 "), "{said}");
    assert_eq!(board.get("/board").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn a_body_beyond_all_measure_is_refused() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let body = json!({ "title": "a".repeat(3 * 1024 * 1024) });
    assert_eq!(board.post("/tasks", &body).await?.0, 413);
    Ok(())
}

#[tokio::test]
async fn nobody_asks_for_more_than_a_thousand_changes_at_once() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let task = board.create("a", &[]).await?;
    for (count, expected) in [(1_000, 200), (1_001, 422)] {
        let many = json!({ "ids": vec![&task; count], "priority": 1 });
        assert_eq!(board.post("/tasks/bulk", &many).await?.0, expected);
        let change = json!([task, { "set_priority": 1 }]);
        let changes = json!({ "changes": vec![change; count] });
        let by_page = board.request(Method::POST, "/fn/bulk")?.json(&changes);
        let (code, said) = answer(by_page).await?;
        assert_eq!(code, expected, "{said}");
    }
    let parents = json!({ "title": "x", "parents": vec![&task; 1_001] });
    assert_eq!(board.post("/tasks", &parents).await?.0, 422);
    let events = json!({ "events": vec![1; 1_001] });
    assert_eq!(board.post("/undo", &events).await?.0, 422);
    let undo = json!({ "request": { "undo": events } });
    let by_page = board.request(Method::POST, "/fn/ask")?.json(&undo);
    let (code, said) = answer(by_page).await?;
    assert_eq!((code, &said["kind"]), (422, &json!("malformed")));
    Ok(())
}

#[tokio::test]
async fn a_client_that_sends_what_no_client_has_to_say_is_told_so_as_its_socket_closes()
-> anyhow::Result<()> {
    let board = Board::shown().await?;
    let part = |text: &str, kind, is_last| {
        Message::Frame(Frame::message(text.to_owned(), OpCode::Data(kind), is_last))
    };
    let text = Message::text("x".repeat(10_000));
    let binary = Message::binary(vec![0; 100_000]);
    let huge = Message::text("x".repeat(4_000_000));
    let parts = [
        part(&"x".repeat(3_000), Data::Text, false),
        part(&"x".repeat(3_000), Data::Continue, true),
    ];
    let no_text = Frame::message(vec![0xff], OpCode::Data(Data::Text), true);
    let nothing_to_continue = part("x", Data::Continue, true);
    for (sent, code) in [
        (vec![text], CloseCode::Size),
        (vec![binary], CloseCode::Size),
        (vec![huge], CloseCode::Size),
        (parts.into(), CloseCode::Size),
        (vec![Message::Frame(no_text)], CloseCode::Invalid),
        (vec![nothing_to_continue], CloseCode::Protocol),
    ] {
        let mut socket = board.socket("").await?;
        for message in sent {
            // The server need not take all of it before it answers.
            within("a send", socket.0.send(message)).await?.ok();
        }
        let frame = socket.closed().await?.context("a close without a reason")?;
        assert_eq!(frame.code, code, "{frame:?}");
    }
    let mut socket = board.socket("").await?;
    socket.0.send(Message::text("hello")).await?;
    board.create("a", &[]).await?;
    assert_eq!(socket.events().await?.len(), 1, "a short one is ignored");
    Ok(())
}

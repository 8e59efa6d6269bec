//! The credentials that let somebody in, and their lifetimes.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{BOARD, cookie_name, refused_socket};
use crate::harness::{API, Board, answer, header, status};
use crate::login::{logged_in, now, session};

#[tokio::test]
async fn without_the_token_there_is_nothing_to_see() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let token = board.token()?.to_owned();
    let name = cookie_name(&board)?;
    for path in [
        "/",
        "/t/t_1",
        BOARD,
        "/fn/board",
        "/pkg/kanban.js",
        "/pkg/kanban.css",
        "/nowhere",
    ] {
        for accept in ["text/html", "application/json"] {
            let request =
                || anyhow::Ok(board.stranger(Method::GET, path)?.header("accept", accept));
            assert_eq!(status(request()?).await?, 401, "{path}");
            assert_eq!(
                status(request()?.bearer_auth("wrong")).await?,
                401,
                "{path}"
            );
            assert_eq!(
                status(request()?.header("cookie", format!("{name}={token}"))).await?,
                401
            );
        }
    }
    let in_query = board.stranger(Method::GET, &format!("{BOARD}?token={token}"))?;
    assert_eq!(
        status(in_query).await?,
        401,
        "a token in the address of a page ends up in histories"
    );
    let refusal = board.stranger(Method::GET, BOARD)?.send().await?;
    assert_eq!(
        refusal.json::<serde_json::Value>().await?,
        json!({ "detail": "token required" })
    );
    Ok(())
}

#[tokio::test]
async fn no_route_that_the_document_names_answers_a_stranger() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let document = board.request(Method::GET, "/api/openapi.json")?;
    let (_, document) = answer(document).await?;
    let paths = document["paths"].as_object().context("no paths")?;
    for (path, verbs) in paths {
        let path = format!("{API}{}", path.replace("{id}", "t_1"));
        for verb in verbs.as_object().context("no verbs")?.keys() {
            let method: Method = verb.to_uppercase().parse()?;
            let origin = format!("http://{}", board.address()?);
            let bare = board.stranger(method.clone(), &path)?;
            let refused = status(bare.header("origin", origin)).await?;
            assert_eq!(refused, 401, "{method} {path}");
        }
    }
    assert!(paths.len() > 20);
    Ok(())
}

#[tokio::test]
async fn a_socket_opens_for_nobody_else() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let own = format!("http://{}", board.address()?);
    let bearer = format!("Bearer {}", board.token()?);
    let query = format!("token={}", board.token()?);
    let forged = format!("{}=x", cookie_name(&board)?);
    let refused: &[(&str, &[(&'static str, &str)])] = &[
        ("", &[]),
        ("token=", &[]),
        ("token=wrong", &[]),
        ("", &[("authorization", "Bearer wrong")]),
        ("", &[("cookie", &forged), ("origin", &own)]),
    ];
    for (query, headers) in refused {
        let status = refused_socket(&board, query, headers).await?;
        assert_eq!(status, 403, "{query} {headers:?}");
    }
    let admitted: &[(&str, &[(&'static str, &str)])] = &[
        ("", &[("authorization", &bearer)]),
        (&query, &[]),
        (&query, &[("origin", &own)]),
        ("", &[("cookie", &cookie), ("origin", &own)]),
    ];
    for (query, headers) in admitted {
        board.socket_with(query, headers).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_cookie_that_has_ended_or_was_made_by_hand_opens_nothing() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let token = board.token()?.to_owned();
    let (day, now) = (86_400, now(&board).await?);
    for (expires, key, expected) in [
        (now + day, token.as_str(), 200),
        (now - 1, &token, 401),
        (now - day, &token, 401),
        (now + day, "another-token_0123456789.abcdef~", 401),
    ] {
        let cookie = session(&board, key, expires)?;
        let ask = board.stranger(Method::GET, BOARD)?.header("cookie", cookie);
        assert_eq!(status(ask).await?, expected, "{} s", expires - now);
    }
    Ok(())
}

#[tokio::test]
async fn only_what_may_be_the_token_of_a_run_is_looked_up_on_the_board() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let ask = |token: &str| anyhow::Ok(board.stranger(Method::GET, BOARD)?.bearer_auth(token));
    // The board cannot be read, so nobody knows which runs are open.
    board.spoil()?;
    let unsure = ask(&"0".repeat(32))?.send().await?;
    assert_eq!(
        (unsure.status().as_u16(), header(&unsure, "retry-after")),
        (503, "1")
    );
    for wrong in ["wrong", &"0".repeat(31), &"G".repeat(32), &"0".repeat(64)] {
        assert_eq!(status(ask(wrong)?).await?, 401, "{wrong}");
    }
    Ok(())
}

#[tokio::test]
async fn another_token_cuts_whoever_came_in_with_the_one_before() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let own = format!("http://{}", board.address()?);
    let mut by_token = board.socket("").await?;
    let mut by_cookie = board
        .socket_with("tasks=1", &[("cookie", &cookie), ("origin", &own)])
        .await?;
    let another = "another-token_0123456789.abcdef~";
    // As a person does it by hand; a file that is half written is no token.
    std::fs::write(board.home().join("token"), "half")?;
    std::fs::write(board.home().join("token"), another)?;
    for socket in [&mut by_token, &mut by_cookie] {
        let goodbye = socket.closed().await?.context("no reason")?;
        assert_eq!(goodbye.code, CloseCode::Policy);
    }
    let ask = || board.stranger(Method::GET, BOARD);
    assert_eq!(status(ask()?.bearer_auth(board.token()?)).await?, 401);
    assert_eq!(status(ask()?.header("cookie", &cookie)).await?, 401);
    assert_eq!(status(ask()?.bearer_auth(another)).await?, 200);
    Ok(())
}

#[tokio::test]
async fn one_wrong_token_after_the_other_is_put_off_and_the_right_one_is_not() -> anyhow::Result<()>
{
    let board = Board::shown().await?;
    let wrong = || anyhow::Ok(board.stranger(Method::GET, BOARD)?.bearer_auth("wrong"));
    let mut last = wrong()?.send().await?;
    for _ in 0..30 {
        last = wrong()?.send().await?;
    }
    assert_eq!(last.status(), 429);
    let wait: u32 = header(&last, "retry-after").parse()?;
    assert!((1..=60).contains(&wait), "{wait}");
    let typed = board
        .stranger(Method::POST, "/login")?
        .form(&[("token", "wrong")]);
    assert_eq!(status(typed).await?, 429);
    assert_eq!(status(board.request(Method::GET, BOARD)?).await?, 200);
    let nothing = board.stranger(Method::GET, BOARD)?;
    assert_eq!(
        status(nothing).await?,
        401,
        "who shows no token guesses none"
    );
    Ok(())
}

//! The powers of a page of another site, in the browser of somebody who is let in.

use reqwest::Method;

use super::{TASKS, refused_socket};
use crate::harness::{Board, status};
use crate::login::{logged_in, proof};

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let own = format!("http://{}", board.address()?);
    let body = r#"{"title":"planted"}"#;
    let post = |path| anyhow::Ok(board.stranger(Method::POST, path)?.body(body));
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:1"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for path in [TASKS, "/fn/create_task", "/login"] {
            // A simple content type, which a browser sends without asking us first.
            let by_cookie = post(path)?.header("content-type", "text/plain");
            let by_cookie = by_cookie.header("cookie", &cookie).header(name, value);
            assert_eq!(status(by_cookie).await?, 403, "{path} {name}: {value}");
            let by_token = post(path)?.bearer_auth(board.token()?).header(name, value);
            assert_eq!(status(by_token).await?, 403, "{path} {name}: {value}");
        }
    }
    // A browser always says where it is; a cookie without that is a stolen one.
    assert_eq!(status(post(TASKS)?.header("cookie", &cookie)).await?, 403);
    assert!(
        board
            .kanban(&["list"])
            .await?
            .err
            .contains("no matching tasks")
    );
    let by_page = post(TASKS)?.header("content-type", "application/json");
    let by_page = by_page.header("cookie", &cookie).header("origin", own);
    let by_page = by_page.header("x-kanban-proof", proof(board.token()?, &cookie)?);
    assert_eq!(status(by_page).await?, 200);
    Ok(())
}

#[tokio::test]
async fn a_page_of_another_site_opens_no_socket() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let bearer = format!("Bearer {}", board.token()?);
    let query = format!("token={}", board.token()?);
    let refused: &[(&str, &[(&'static str, &str)])] = &[
        // A browser always says where it is; a cookie without that is a stolen one.
        ("", &[("cookie", &cookie)]),
        (
            "",
            &[("cookie", &cookie), ("origin", "http://evil.example")],
        ),
        ("", &[("cookie", &cookie), ("origin", "http://localhost:1")]),
        ("", &[("cookie", &cookie), ("origin", "null")]),
        (&query, &[("origin", "http://evil.example")]),
        (
            "",
            &[("authorization", &bearer), ("sec-fetch-site", "cross-site")],
        ),
    ];
    for (query, headers) in refused {
        let status = refused_socket(&board, query, headers).await?;
        assert_eq!(status, 403, "{query} {headers:?}");
    }
    Ok(())
}

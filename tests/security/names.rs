//! The names by which the board is asked.

use reqwest::Method;

use super::{BOARD, TASKS, port, refused_socket};
use crate::harness::{Board, status};
use crate::login::logged_in;

#[tokio::test]
async fn a_foreign_host_is_misdirected_even_with_the_token() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let port = port(&board)?;
    for path in ["/", BOARD, "/healthz", "/launch", "/pkg/kanban.js"] {
        for host in ["evil.example", "127.0.0.1", &format!("evil.example:{port}")] {
            let request = board.request(Method::GET, path)?.header("host", host);
            assert_eq!(status(request).await?, 421, "{host}{path}");
        }
        let ours = board
            .request(Method::GET, path)?
            .header("host", format!("localhost:{port}"));
        assert_ne!(status(ours).await?, 421, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_whose_name_was_pointed_at_this_machine_gets_nowhere() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    // To the browser page and server are one site then: it says so, and lets the page read.
    let host = format!("evil.example:{}", port(&board)?);
    let origin = format!("http://{host}");
    for (method, path) in [
        (Method::GET, BOARD),
        (Method::POST, TASKS),
        (Method::POST, "/login"),
        (Method::GET, "/healthz"),
    ] {
        let rebound = board.stranger(method, path)?.header("host", &host);
        let rebound = rebound
            .header("origin", &origin)
            .header("sec-fetch-site", "same-origin")
            .header("cookie", &cookie)
            .bearer_auth(board.token()?);
        assert_eq!(status(rebound).await?, 421, "{path}");
    }
    let headers = [
        ("host", host.as_str()),
        ("origin", &origin),
        ("cookie", &cookie),
    ];
    assert_eq!(refused_socket(&board, "", &headers).await?, 421);
    Ok(())
}

#[tokio::test]
async fn the_log_says_which_name_was_asked_for_and_which_was_expected_and_not_for_ever()
-> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.address()?.to_owned();
    let misled = || {
        let request = board.stranger(Method::GET, "/");
        anyhow::Ok(request?.header("host", "evil.example"))
    };
    let planted = || {
        let request = board.stranger(Method::POST, TASKS);
        anyhow::Ok(request?.header("origin", "http://evil.example"))
    };
    assert_eq!(status(planted()?).await?, 403);
    for _ in 0..60 {
        assert_eq!(status(misled()?).await?, 421);
    }
    drop(board.get("/board").await?);
    let log = board.log();
    let lines = log
        .lines()
        .filter(|line| line.contains("refused a request"));
    let lines: Vec<_> = lines.collect();
    assert!(
        lines[0].contains("http://evil.example") && lines[0].contains(&own),
        "{log}"
    );
    assert!(
        lines[1].contains("evil.example") && lines[1].contains(&own),
        "{log}"
    );
    assert!((20..40).contains(&lines.len()), "{} lines", lines.len());
    Ok(())
}

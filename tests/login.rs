//! The log-in of a browser.

use std::fmt::Write as _;

use anyhow::Context as _;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use sha2::Sha256;

use crate::harness::{Board, header, status};

const BOARD: &str = "/api/plugins/kanban/board";

/// Opens the board as a browser does, and tells the cookie that it got.
pub(crate) async fn logged_in(board: &Board) -> anyhow::Result<String> {
    let (_, path) = board
        .launch_link()?
        .split_once(board.address()?)
        .context("a foreign link")?;
    let welcome = board.stranger(Method::GET, path)?.send().await?;
    assert_eq!(welcome.status(), 200);
    let cookie = header(&welcome, "set-cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(cookie.contains("Path=/;"), "{cookie}");
    let cookie = cookie.split(';').next().context("no cookie")?.to_owned();
    let page = welcome.text().await?;
    let proof = proof(board.token()?, &cookie)?;
    assert!(page.contains(&format!("data-proof=\"{proof}\"")), "{page}");
    assert!(page.contains("data-next=\"./\""), "{page}");
    Ok(cookie)
}

/// The proof of the session of this cookie, as only somebody with the token can make it.
pub(crate) fn proof(token: &str, cookie: &str) -> anyhow::Result<String> {
    let id = cookie.split('.').nth(1).context("no session")?;
    sign(token, &format!("proof\0{id}"))
}

/// Opens the board as a browser without scripts does, and tells the cookie that it got.
async fn logged_in_without_scripts(board: &Board) -> anyhow::Result<String> {
    let (_, path) = board
        .launch_link()?
        .split_once(board.address()?)
        .context("a foreign link")?;
    let page = board
        .stranger(Method::GET, path)?
        .send()
        .await?
        .text()
        .await?;
    let (_, refresh) = page
        .split_once("<noscript><meta http-equiv=\"refresh\" content=\"0; url=")
        .context("no way without scripts")?;
    let (plain, _) = refresh.split_once('"').context("no address")?;
    let plain = plain.replace("&amp;", "&");
    let plain = plain.strip_prefix('.').context("not below the root")?;
    let welcome = board.stranger(Method::GET, plain)?.send().await?;
    assert_eq!(
        (welcome.status().as_u16(), header(&welcome, "location")),
        (303, "./")
    );
    let again = status(board.stranger(Method::GET, plain)?).await?;
    assert_eq!(again, 401, "it works once");
    let cookie = header(&welcome, "set-cookie").split(';').next();
    Ok(cookie.context("no cookie")?.to_owned())
}

/// The cookie of a session that ends then, as only somebody with the token can make it.
pub(crate) fn session(board: &Board, token: &str, expires: i64) -> anyhow::Result<String> {
    let claim = format!("{expires}.{:032x}", 7);
    let signature = sign(token, &format!("session\0{claim}"))?;
    let (_, port) = board.address()?.rsplit_once(':').context("no port")?;
    Ok(format!("kanban_{port}={claim}.{signature}"))
}

fn sign(token: &str, text: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes())?;
    mac.update(text.as_bytes());
    let signature = mac.finalize().into_bytes();
    Ok(signature.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a `String` cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    }))
}

/// The time by the server's clock.
pub(crate) async fn now(board: &Board) -> anyhow::Result<i64> {
    let (_, health) = board.get("/dispatcher").await?;
    let now = health.get("now").and_then(serde_json::Value::as_i64);
    now.context("no time")
}

#[tokio::test]
async fn a_launch_link_opens_once_and_its_cookie_outlives_the_server() -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let (_, path) = board
        .launch_link()?
        .split_once(board.address()?)
        .context("a foreign link")?;
    let path = path.to_owned();
    assert_eq!(status(board.stranger(Method::GET, &path)?).await?, 401);
    let again = board.stranger(Method::GET, &path)?;
    let again = again.header("cookie", &cookie).send().await?;
    assert_eq!(
        (again.status().as_u16(), header(&again, "location")),
        (303, "./"),
        "whoever is in already is led to the board"
    );
    let look = |board: &Board| {
        anyhow::Ok(
            board
                .stranger(Method::GET, BOARD)?
                .header("cookie", &cookie),
        )
    };
    assert_eq!(status(look(&board)?).await?, 200);
    let address = board.address()?.to_owned();
    board.kill().await?;
    board
        .serve(&["--listen", &address, "--no-dispatch"])
        .await?;
    assert_eq!(status(look(&board)?).await?, 200);
    board.stop().await?;
    std::fs::write(
        board.home().join("token"),
        "0123456789abcdef0123456789abcdef0",
    )?;
    board
        .serve(&["--listen", &address, "--no-dispatch"])
        .await?;
    assert_eq!(
        status(look(&board)?).await?,
        401,
        "the cookie died with the token"
    );
    Ok(())
}

#[tokio::test]
async fn a_browser_without_a_cookie_is_asked_for_the_token() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let page = board
        .stranger(Method::GET, "/")?
        .header("accept", "text/html")
        .send()
        .await?;
    assert_eq!(page.status(), 401);
    assert!(header(&page, "content-security-policy").starts_with("default-src 'none'"));
    assert!(
        page.text()
            .await?
            .contains("<form method=\"post\" action=\"./login\">")
    );
    let log_in = |token: &str| {
        let request = board
            .stranger(Method::POST, "/login")?
            .form(&[("token", token)]);
        anyhow::Ok(request.header("origin", format!("http://{}", board.address()?)))
    };
    let wrong = log_in("wrong")?.send().await?;
    assert_eq!(
        (wrong.status().as_u16(), header(&wrong, "set-cookie")),
        (401, "")
    );
    let right = log_in(board.token()?)?.send().await?;
    assert_eq!(right.status(), 200);
    assert!(header(&right, "set-cookie").starts_with("kanban_"));
    Ok(())
}

#[tokio::test]
async fn a_log_in_leads_to_the_task_that_was_asked_for_and_never_elsewhere() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let asked = board
        .stranger(Method::GET, "/t/t_1a2b3c4d?from=mail")?
        .header("accept", "text/html")
        .send()
        .await?;
    let field = r#"name="next" value="/t/t_1a2b3c4d?from=mail""#;
    assert!(asked.text().await?.contains(field));
    for (next, location) in [
        ("/t/t_1a2b3c4d?from=mail", "/t/t_1a2b3c4d?from=mail"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
    ] {
        let fields = [("token", board.token()?), ("next", next)];
        let welcome = board.stranger(Method::POST, "/login")?.form(&fields);
        let welcome = welcome.send().await?;
        assert_eq!(welcome.status(), 200);
        let page = welcome.text().await?;
        assert!(
            page.contains(&format!("data-next=\".{location}\"")),
            "{page}"
        );
    }
    // Who mistypes the token has not lost the way.
    let fields = [("token", "wrong"), ("next", "/t/t_1a2b3c4d")];
    let wrong = board.stranger(Method::POST, "/login")?.form(&fields);
    let page = wrong.send().await?.text().await?;
    assert!(page.contains(r#"value="/t/t_1a2b3c4d""#));
    Ok(())
}

#[tokio::test]
async fn whoever_logs_out_is_out_everywhere() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let own = format!("http://{}", board.address()?);
    let headers = [("cookie", cookie.as_str()), ("origin", own.as_str())];
    let mut socket = board.socket_with("", &headers).await?;
    let leave = |origin: &str| {
        let request = board.stranger(Method::POST, "/logout")?;
        anyhow::Ok(request.header("cookie", &cookie).header("origin", origin))
    };
    assert_eq!(status(leave("http://evil.example")?).await?, 403);
    let left = leave(&own)?.send().await?;
    assert_eq!(
        (left.status().as_u16(), header(&left, "location")),
        (303, "./")
    );
    let forgotten = header(&left, "set-cookie");
    assert!(
        forgotten.contains("=; ") && forgotten.contains("Max-Age=0"),
        "{forgotten}"
    );
    let copy = board
        .stranger(Method::GET, BOARD)?
        .header("cookie", &cookie);
    assert_eq!(
        status(copy).await?,
        401,
        "a copy of the cookie is worth nothing"
    );
    socket.closed().await?;
    assert_eq!(status(board.request(Method::GET, BOARD)?).await?, 200);
    Ok(())
}

#[tokio::test]
async fn whoever_logs_out_leaves_no_copy_behind_that_was_renewed_and_no_restart_forgets_it()
-> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let token = board.token()?.to_owned();
    let address = board.address()?.to_owned();
    // Nearly over, so that the next page that is opened renews it.
    let cookie = session(&board, &token, now(&board).await? + 86_400)?;
    let page = board.stranger(Method::GET, "/")?;
    let page = page.header("accept", "text/html").header("cookie", &cookie);
    let page = page.send().await?;
    let renewed = header(&page, "set-cookie");
    let renewed = renewed.split(';').next().unwrap_or_default().to_owned();
    assert_ne!(renewed, cookie);
    let other = logged_in(&board).await?;
    let look = async |board: &Board, cookie: &str| {
        let look = board.stranger(Method::GET, BOARD)?.header("cookie", cookie);
        status(look).await
    };
    assert_eq!(look(&board, &renewed).await?, 200);
    let leave = board.stranger(Method::POST, "/logout")?;
    let leave = leave.header("origin", format!("http://{address}"));
    assert_eq!(status(leave.header("cookie", &cookie)).await?, 303);
    for _ in 0..2 {
        assert_eq!(look(&board, &cookie).await?, 401);
        assert_eq!(look(&board, &renewed).await?, 401);
        assert_eq!(look(&board, &other).await?, 200);
        board.stop().await?;
        let again = ["--listen", address.as_str(), "--no-dispatch"];
        board.serve(&again).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_launch_link_is_used_up_by_a_browser_that_is_in_already() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let printed = board.kanban(&["open"]).await?.out;
    let (_, path) = printed
        .trim()
        .split_once(board.address()?)
        .context("a foreign link")?;
    let click = board.stranger(Method::GET, path)?;
    assert!(status(click.header("cookie", &cookie)).await? < 400);
    let by_another = status(board.stranger(Method::GET, path)?).await?;
    assert_eq!(by_another, 401, "it opens nothing a second time");
    Ok(())
}

#[tokio::test]
async fn the_cookie_of_a_session_changes_nothing_without_its_proof() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let right = proof(board.token()?, &cookie)?;
    let own = format!("http://{}", board.address()?);
    // As a program sends it that was sent the cookie by a browser: it can write any header.
    let forged = |path: &str| {
        let request = board.stranger(Method::POST, path)?;
        let request = request.header("cookie", &cookie).header("origin", &own);
        anyhow::Ok(request.header("accept", "application/json"))
    };
    let form = [
        ("form[title]", "planted"),
        ("form[body]", "id"),
        ("form[assignee]", "shell"),
        ("form[tenant]", ""),
        ("form[priority]", "0"),
        ("form[parents]", ""),
        ("form[triage]", "false"),
    ];
    let tasks = "/api/plugins/kanban/tasks";
    let json = serde_json::json!({ "title": "planted" });
    let wrong = "0".repeat(64);
    for refused in [
        forged("/fn/create_task")?.form(&form),
        forged("/fn/create_task")?.form(&[&form[..], &[("proof", wrong.as_str())]].concat()),
        forged("/fn/create_task")?
            .form(&form)
            .header("x-kanban-proof", &wrong),
        forged(tasks)?.json(&json),
        forged(tasks)?.body(json.to_string()),
        forged(tasks)?.json(&json).header("x-kanban-proof", ""),
        forged("/fn/ask")?.json(&serde_json::json!({ "request": "fill_sample" })),
    ] {
        assert_eq!(status(refused).await?, 403);
    }
    let (_, all) = board.get("/board").await?;
    assert_eq!(all["columns"].to_string().matches("planted").count(), 0);
    for right in [
        forged("/fn/create_task")?.form(&[&form[..], &[("proof", right.as_str())]].concat()),
        forged("/fn/create_task")?
            .form(&form)
            .header("x-kanban-proof", &right),
        forged(tasks)?.json(&json).header("x-kanban-proof", &right),
    ] {
        assert_eq!(status(right).await?, 200);
    }
    Ok(())
}

#[tokio::test]
async fn no_page_of_a_session_tells_its_proof() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let task = board.create("a", &[]).await?;
    let cookie = logged_in(&board).await?;
    let proof = proof(board.token()?, &cookie)?;
    let printed = board.kanban(&["open"]).await?.out;
    let used = printed.trim().rsplit('/').next().context("no link")?;
    let open = |path: String| {
        let request = board
            .stranger(Method::GET, &path)?
            .header("cookie", &cookie);
        anyhow::Ok(request.header("accept", "text/html"))
    };
    assert!(
        open(format!("/{used}"))?
            .send()
            .await?
            .text()
            .await?
            .contains(&proof)
    );
    for path in [
        "/".to_owned(),
        "/inbox".to_owned(),
        format!("/t/{task}"),
        "/nowhere".to_owned(),
        "/guide".to_owned(),
        "/launch".to_owned(),
        format!("/{used}"),
        "/fn/board?include_archived=false".to_owned(),
        BOARD.to_owned(),
    ] {
        let answer = open(path.clone())?.send().await?;
        let said = format!("{:?}", answer.headers()) + &answer.text().await?;
        assert!(!said.contains(&proof), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_browser_without_scripts_has_the_proof_in_its_forms() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let task = board.create("a", &[]).await?;
    let cookie = logged_in_without_scripts(&board).await?;
    let proof = proof(board.token()?, &cookie)?;
    let field = format!("<input type=\"hidden\" name=\"proof\" value=\"{proof}\"");
    let own = format!("http://{}", board.address()?);
    let page = board.stranger(Method::GET, &format!("/t/{task}"))?;
    let page = page.header("cookie", &cookie).header("accept", "text/html");
    let page = page.send().await?.text().await?;
    let forms = page.matches("<form action=\"./fn/").count();
    assert!(forms > 3);
    assert_eq!(page.matches(&field).count(), forms, "{page}");
    assert!(!page.contains("kanban.js"), "no script wakes up");
    let comment = |proof: &str| {
        let request = board.stranger(Method::POST, "/fn/comment")?;
        let request = request.header("cookie", &cookie).header("origin", &own);
        let form = [("task", task.as_str()), ("body", "hello"), ("proof", proof)];
        anyhow::Ok(request.header("accept", "text/html").form(&form))
    };
    assert_eq!(status(comment("")?).await?, 403);
    assert_eq!(status(comment(&proof)?).await?, 302);
    assert_eq!(board.task(&task).await?["comments"][0]["body"], "hello");
    Ok(())
}

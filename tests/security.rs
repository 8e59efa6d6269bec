//! Who is let in, and from where.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::harness::{Board, header, status, within};
use crate::login::logged_in;

const BOARD: &str = "/api/plugins/kanban/board";
const LANES: &str = "/api/plugins/kanban/lanes";
const TASKS: &str = "/api/plugins/kanban/tasks";

fn port(board: &Board) -> anyhow::Result<&str> {
    Ok(board.address()?.rsplit_once(':').context("no port")?.1)
}

fn cookie_name(board: &Board) -> anyhow::Result<String> {
    Ok(format!("kanban_{}", port(board)?))
}

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
            .out
            .contains("no matching tasks")
    );
    assert_eq!(
        status(post(TASKS)?.header("cookie", &cookie).header("origin", own)).await?,
        200
    );
    Ok(())
}

#[tokio::test]
async fn a_socket_opens_for_nobody_else() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let own = format!("http://{}", board.address()?);
    let token = board.token()?.to_owned();
    let bearer = format!("Bearer {token}");
    let query = format!("token={token}");
    let forged = format!("{}=x", cookie_name(&board)?);
    let refused: &[(&str, &[(&'static str, &str)])] = &[
        ("", &[]),
        ("token=wrong", &[]),
        ("", &[("authorization", "Bearer wrong")]),
        ("", &[("cookie", &forged), ("origin", &own)]),
        ("", &[("cookie", &cookie)]),
        (
            "",
            &[("cookie", &cookie), ("origin", "http://evil.example")],
        ),
        (&query, &[("origin", "http://evil.example")]),
        (
            "",
            &[("authorization", &bearer), ("sec-fetch-site", "cross-site")],
        ),
    ];
    for (query, headers) in refused {
        match board
            .socket_with(query, headers)
            .await
            .map(drop)
            .map_err(anyhow::Error::downcast)
        {
            Err(Ok(tungstenite::Error::Http(answer))) => {
                assert_eq!(answer.status().as_u16(), 403, "{query} {headers:?}");
            }
            other => anyhow::bail!("{query} {headers:?}: {other:?}"),
        }
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
async fn a_sign_of_life_needs_no_token_and_says_nothing_more() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let alive = board.stranger(Method::GET, "/healthz")?.send().await?;
    assert_eq!(alive.status(), 200);
    assert_eq!(alive.text().await?, "ok\n");
    Ok(())
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for path in ["/", BOARD, "/healthz", "/nowhere", "/pkg/kanban.css"] {
        for request in [
            board.request(Method::GET, path)?,
            board.stranger(Method::GET, path)?,
        ] {
            let answer = request.send().await?;
            let policy = header(&answer, "content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(
                policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert_eq!(
                header(&answer, "x-content-type-options"),
                "nosniff",
                "{path}"
            );
            assert_eq!(header(&answer, "referrer-policy"), "same-origin", "{path}");
            assert_eq!(
                header(&answer, "cross-origin-opener-policy"),
                "same-origin",
                "{path}"
            );
            assert_eq!(
                header(&answer, "cross-origin-resource-policy"),
                "same-origin",
                "{path}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_token_is_never_printed_or_logged() -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let token = board.token()?.to_owned();
    let code = board
        .launch_link()?
        .split_once("code=")
        .context("no code")?
        .1
        .to_owned();
    let cookie = logged_in(&board).await?;
    drop(board.socket(&format!("token={token}")).await?);
    board.get("/board").await?;
    status(board.stranger(Method::GET, &format!("{BOARD}?token={token}"))?).await?;
    status(
        board
            .stranger(Method::GET, BOARD)?
            .header("cookie", &cookie),
    )
    .await?;
    status(
        board
            .stranger(Method::POST, "/login")?
            .form(&[("token", &token)]),
    )
    .await?;
    status(
        board
            .request(Method::GET, BOARD)?
            .header("host", "evil.example"),
    )
    .await?;
    let (ended, printed) = board.stop().await?;
    assert!(ended.success());
    let log = board.log();
    assert!(
        log.contains("refused a request"),
        "the log was written: {log}"
    );
    let value = cookie.split_once('=').context("no cookie")?.1;
    for secret in [token.as_str(), &code, value] {
        assert!(!log.contains(secret) && !printed.contains(secret));
    }
    Ok(())
}

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
async fn a_body_beyond_all_measure_is_refused() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let body = json!({ "title": "a".repeat(3 * 1024 * 1024) });
    assert_eq!(board.post("/tasks", &body).await?.0, 413);
    Ok(())
}

#[tokio::test]
async fn beyond_this_machine_it_listens_only_behind_a_proxy() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8420"] {
        let said = board.kanban(&["serve", "--listen", address]).await?;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        assert!(said.err.contains("--behind-proxy"), "{}", said.err);
    }
    Ok(())
}

#[tokio::test]
async fn behind_a_proxy_its_name_is_ours_and_the_shell_is_off() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let proxy = ["--behind-proxy", "https://kanban.example.com"];
    board
        .serve(&[&["--listen", "0.0.0.0:0", "--no-dispatch"][..], &proxy].concat())
        .await?;
    let (_, path) = board
        .launch_link()?
        .split_once("https://kanban.example.com")
        .context("a link that no browser can follow")?;
    let path = path.to_owned();
    let ask =
        |method, path: &str, host| anyhow::Ok(board.stranger(method, path)?.header("host", host));
    assert_eq!(status(ask(Method::GET, BOARD, "0.0.0.0")?).await?, 421);
    let bare = ask(Method::GET, BOARD, "kanban.example.com")?;
    assert_eq!(
        status(bare).await?,
        401,
        "the token is still ours to ask for"
    );
    let welcome = ask(Method::GET, &path, "kanban.example.com")?
        .send()
        .await?;
    let cookie = header(&welcome, "set-cookie");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().context("no cookie")?;
    for (origin, expected) in [
        ("https://kanban.example.com", 200),
        ("http://kanban.example.com", 403),
        ("https://evil.example", 403),
    ] {
        let post = ask(Method::POST, TASKS, "kanban.example.com")?
            .header("cookie", cookie)
            .header("origin", origin)
            .json(&json!({ "title": "a" }));
        assert_eq!(status(post).await?, expected, "{origin}");
    }
    let opened = board.kanban(&["open"]).await?;
    assert!(opened.out.starts_with("https://kanban.example.com/launch?"));
    board.stop().await?;
    board
        .serve(&[&["--listen", "0.0.0.0:0"][..], &proxy].concat())
        .await?;
    let lanes = board.request(Method::GET, LANES)?;
    let lanes = lanes.header("host", "kanban.example.com").send().await?;
    let lanes: serde_json::Value = lanes.json().await?;
    let lanes = lanes["lanes"].as_array().context("no lanes")?;
    assert!(
        lanes
            .iter()
            .all(|lane| lane["name"] != "shell" || lane["problem"].is_string())
    );
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

#[tokio::test]
async fn no_id_leads_out_of_the_folder() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    std::fs::create_dir_all(board.home().join("kanban/logs"))?;
    std::fs::write(board.home().join("x.log"), "a secret")?;
    let api = "/api/plugins/kanban";
    for id in [
        "..%2F..%2Fx",
        "t_1%2F..%2F..%2F..%2Fx",
        "%2e%2e%2f%2e%2e%2fx",
        "t_1%00",
        "t_%2F",
    ] {
        for rest in ["", "/log", "/log/stream", "/runs", "/why", "/subscriptions"] {
            let answer = board.request(Method::GET, &format!("{api}/tasks/{id}{rest}"))?;
            let answer = answer.send().await?;
            assert_eq!(answer.status(), 404, "{id}{rest}");
            assert!(!answer.text().await?.contains("a secret"));
        }
        for verb in ["comments", "claim", "heartbeat", "cancel"] {
            let body = json!({ "body": "x" });
            let refused = board.post(&format!("/tasks/{id}/{verb}"), &body).await?;
            assert_eq!(refused.0, 404, "{id}/{verb}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_on_the_board_is_nobody_elses_to_read_even_in_an_open_folder() -> anyhow::Result<()>
{
    use std::os::unix::fs::PermissionsExt;

    let mut board = Board::without_server()?;
    std::fs::create_dir(board.home())?;
    std::fs::set_permissions(board.home(), std::fs::Permissions::from_mode(0o755))?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let made = board.home().join("made-by-the-worker");
    let body = format!("touch '{}'", made.display());
    let task = board
        .create("a", &["--assignee", "shell", "--body", &body])
        .await?;
    board.happened(&task, "completed").await?;
    let mode =
        |path: &std::path::Path| anyhow::Ok(std::fs::metadata(path)?.permissions().mode() & 0o777);
    let home = board.home();
    assert_eq!(mode(home)?, 0o755, "what was there stays as it was");
    for name in [
        "kanban.db",
        "kanban.db-wal",
        "kanban.db-shm",
        "token",
        "kanban",
        "kanban/logs",
    ] {
        assert_eq!(mode(&home.join(name))? & 0o077, 0, "{name}");
    }
    assert_eq!(
        mode(&home.join(format!("kanban/logs/{task}.log")))? & 0o077,
        0
    );
    let by_hand = home.join("made-by-hand");
    std::fs::write(&by_hand, "")?;
    assert_eq!(
        mode(&made)?,
        mode(&by_hand)?,
        "a worker has its person's umask"
    );
    Ok(())
}

#[tokio::test]
async fn nobody_else_may_read_the_token() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let board = Board::shown().await?;
    let home = board.home();
    let mode =
        |path: &std::path::Path| anyhow::Ok(std::fs::metadata(path)?.permissions().mode() & 0o777);
    assert_eq!(mode(home)?, 0o700);
    assert_eq!(mode(&home.join("token"))?, 0o600);
    let token = std::fs::read_to_string(home.join("token"))?;
    assert!(token.trim().len() == 64 && token.trim().bytes().all(|it| it.is_ascii_hexdigit()));
    Ok(())
}

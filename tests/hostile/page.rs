//! The server's HTML: every text and every attribute of every page.

use std::collections::BTreeSet;

use reqwest::Method;

use super::html::{Slot, slots};
use super::json::shown_in;
use super::seed::{self, Tasks};
use super::{assert_harmless, short, sources_in};
use crate::harness::golden::golden;
use crate::harness::{Board, answer, header};
use crate::login::logged_in;

/// The pages of a board, and those that repeat what they were asked for.
fn addresses(tasks: &Tasks) -> Vec<String> {
    let [q, assignee, tenant, path, to, error] =
        ["q", "assignee", "tenant", "path", "to", "error"].map(asked);
    let mut addresses = vec![
        "/".to_owned(),
        "/?archived=1".to_owned(),
        "/inbox".to_owned(),
        "/guide".to_owned(),
        "/guide/lanes".to_owned(),
        "/login".to_owned(),
        "/launch".to_owned(),
        format!("/?q={q}&assignee={assignee}&tenant={tenant}"),
        format!("/inbox?q={q}"),
        format!("/t/{path}"),
        format!("/t/{path}/log"),
        format!("/guide/{path}"),
        format!("/{path}"),
        format!("/login?to=/{to}"),
        format!("/?__path=/&__err={error}"),
        format!("/launch?token={error}&to=/{to}"),
    ];
    for task in tasks.all() {
        addresses.extend(["", "/log", "/changes"].map(|part| format!("/t/{task}{part}")));
        let tabs = ["overview", "log", "changes", "evidence", "activity"];
        addresses.extend(tabs.map(|tab| format!("/t/{task}?tab={tab}")));
    }
    addresses
}

/// A hostile part of an address.
pub(super) fn asked(name: &str) -> String {
    let text = short(&format!("request.{name}"));
    let encoded = text.bytes().map(|byte| format!("%{byte:02X}"));
    encoded.collect::<Vec<_>>().concat()
}

/// Checks every slot of a page, and returns what came out in which.
fn look_at(address: &str, html: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for Slot { name, text } in slots(html) {
        assert_harmless(&format!("{name} of {address:.60}"), &text);
        let sources = sources_in(&text).into_iter();
        found.extend(sources.map(|source| format!("{name}: {source}\n")));
    }
    found
}

#[tokio::test]
async fn whatever_the_file_holds_no_slot_of_a_page_lets_it_out() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    std::fs::create_dir_all(board.home().join("kanban/logs"))?;
    for task in tasks.all() {
        let log = board.home().join(format!("kanban/logs/{task}.log"));
        std::fs::write(log, short("log.text"))?;
    }
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let cookie = logged_in(&board).await?;
    let mut shown = BTreeSet::new();
    for address in addresses(&tasks) {
        for cookie in [cookie.as_str(), ""] {
            let request = board
                .stranger(Method::GET, &address)?
                .header("accept", "text/html");
            let answer = request.header("cookie", cookie).send().await?;
            let is_html = header(&answer, "content-type").starts_with("text/html");
            let page = answer.text().await?;
            let found = if is_html {
                look_at(&address, &page)
            } else {
                assert_harmless(&address, &page);
                let sources = sources_in(&page).into_iter();
                sources.map(|source| format!("text: {source}\n")).collect()
            };
            let kind = tasks.all().iter().fold(address.clone(), |address, task| {
                address.replace(task, "TASK")
            });
            let kind = kind.split(['?', '%']).next().unwrap_or_default();
            shown.extend(found.into_iter().map(|slot| format!("{kind} {slot}")));
        }
    }
    golden("hostile/page.txt", &shown.into_iter().collect::<String>())
}

#[tokio::test]
async fn a_refused_form_shows_its_reason_and_obeys_nothing() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let cookie = logged_in(&board).await?;
    let origin = format!("http://{}", board.address()?);
    let mut shown = BTreeSet::new();
    for (path, fields) in [
        ("/fn/link", &["task", "parent"][..]),
        ("/fn/move_task", &["task", "to"]),
        ("/fn/create_task", &["form[title]", "form[assignee]"]),
        ("/fn/comment", &["task", "body"]),
        ("/login", &["token", "to"]),
        ("/launch", &["token", "to"]),
        ("/nowhere", &["x"]),
    ] {
        let form: Vec<(&str, String)> = fields
            .iter()
            .map(|name| {
                let source = name.trim_start_matches("form[").trim_end_matches(']');
                let text = match source {
                    "task" if path == "/fn/link" => tasks.ready.clone(),
                    source => short(&format!("request.{source}")),
                };
                (*name, text)
            })
            .collect();
        for accept in ["text/html", "application/json"] {
            let request = board.stranger(Method::POST, path)?.header("accept", accept);
            let request = request.header("cookie", &cookie).header("origin", &origin);
            let answer = request.form(&form).send().await?;
            let location = header(&answer, "location").to_owned();
            assert!(sources_in(&location).is_empty(), "{path}: {location}");
            let is_html = header(&answer, "content-type").starts_with("text/html");
            let said = answer.text().await?;
            let found = match serde_json::from_str(&said) {
                _ if is_html => look_at(path, &said),
                Ok(json) => shown_in(path, &json),
                Err(_) => {
                    assert_harmless(path, &said);
                    let sources = sources_in(&said).into_iter();
                    sources.map(|source| format!("text: {source}\n")).collect()
                }
            };
            shown.extend(found.into_iter().map(|slot| format!("{path} {slot}")));
        }
    }
    // It says why in words of ours.
    assert_eq!(shown, BTreeSet::new());
    Ok(())
}

/// Checks the answers that a page reads after it was rendered: they go onto the same slots.
#[tokio::test]
async fn what_a_page_reads_later_is_clean_too() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let mut told = BTreeSet::new();
    let of_board = [
        ("board", "?include_archived=true".to_owned()),
        ("page", "?path=/inbox&query=".to_owned()),
        ("page", format!("?path=/t/{}&query=", tasks.foreign)),
        ("inbox", String::new()),
        ("pulse", String::new()),
    ];
    let of_tasks = tasks.all().map(|task| ("task", format!("?task={task}")));
    for (name, path) in of_board.into_iter().chain(of_tasks) {
        let path = format!("/fn/{name}{path}");
        let (status, read) = answer(board.request(Method::GET, &path)?).await?;
        assert_eq!(status, 200, "{path}: {read}");
        let fields = shown_in(&path, &read);
        told.extend(fields.into_iter().map(|field| format!("{name} {field}")));
    }
    let mut socket = board.socket("since=0&tasks=1").await?;
    // The first is a sign of life.
    let mut frame = socket.frame().await?;
    while frame["events"] == serde_json::json!([]) {
        frame = socket.frame().await?;
    }
    let fields = shown_in("a frame", &frame).into_iter();
    told.extend(fields.map(|field| format!("frame {field}")));
    // The first one has passed over whatever came before its events.
    let mut socket = board.socket("since=0&tasks=1").await?;
    let status = socket.status("a status", |_| true).await?;
    let fields = shown_in("a status", &status).into_iter();
    told.extend(fields.map(|field| format!("status {field}")));
    golden("hostile/told.txt", &told.into_iter().collect::<String>())
}

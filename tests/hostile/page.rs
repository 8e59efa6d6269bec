//! The server's HTML: every text and every attribute of every page.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::html::{Slot, slots};
use super::seed::{self, Tasks};
use super::{ATTACK, assert_harmless, columns_in};
use crate::harness::{Board, answer, header};
use crate::login::logged_in;

/// The pages of a board, and those that repeat what they were asked for.
fn addresses(tasks: &Tasks) -> Vec<String> {
    let attack: String = form_urlencoded(ATTACK);
    let mut addresses = vec![
        "/".to_owned(),
        "/?archived=1".to_owned(),
        "/inbox".to_owned(),
        "/guide".to_owned(),
        "/guide/lanes".to_owned(),
        "/login".to_owned(),
        format!("/?q={attack}&assignee={attack}&tenant={attack}"),
        format!("/t/{attack}"),
        format!("/{attack}"),
        format!("/login?to=/{attack}"),
        format!("/?__path=/&__err={attack}"),
    ];
    addresses.extend(tasks.all().map(|task| format!("/t/{task}")));
    addresses.push(format!("/t/{}/log", tasks.ready));
    addresses
}

fn form_urlencoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| format!("%{byte:02X}"));
    encoded.collect::<Vec<_>>().concat()
}

/// Checks every slot of a page, and returns the columns that came out in each.
fn look_at(address: &str, html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for Slot { name, text } in slots(html) {
        // A script is handed JSON, which nobody sees; what it shows of it is cleaned there.
        if name != "script" {
            assert_harmless(&format!("{name} of {address:.60}"), &text);
        }
        found.extend(
            columns_in(&text)
                .into_iter()
                .map(|column| format!("{name}: {column}\n")),
        );
    }
    found
}

#[tokio::test]
async fn whatever_the_file_holds_no_slot_of_a_page_lets_it_out() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    std::fs::create_dir_all(board.home().join("kanban/logs"))?;
    for task in tasks.all() {
        std::fs::write(board.home().join(format!("kanban/logs/{task}.log")), ATTACK)?;
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
            if !is_html {
                assert_harmless(&address, &page);
                continue;
            }
            let kind = address.split(['?', '%']).next().unwrap_or_default();
            let kind = kind.split("t_").next().unwrap_or_default();
            let found = look_at(&address, &page);
            shown.extend(found.into_iter().map(|slot| format!("{kind} {slot}")));
        }
    }
    assert!(!shown.is_empty(), "no column comes out on any page");
    Ok(())
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
    for (path, form) in [
        (
            "/fn/link",
            vec![("task", tasks.ready.as_str()), ("parent", ATTACK)],
        ),
        ("/fn/move_task", vec![("task", ATTACK), ("to", ATTACK)]),
        (
            "/fn/create_task",
            vec![("form[title]", ATTACK), ("form[assignee]", ATTACK)],
        ),
        ("/fn/comment", vec![("task", ATTACK), ("body", ATTACK)]),
        ("/login", vec![("token", ATTACK), ("to", ATTACK)]),
        ("/nowhere", vec![("x", ATTACK)]),
    ] {
        for accept in ["text/html", "application/json"] {
            let request = board.stranger(Method::POST, path)?.header("accept", accept);
            let request = request.header("cookie", &cookie).header("origin", &origin);
            let answer = request.form(&form).send().await?;
            let location = header(&answer, "location").to_owned();
            assert!(!location.contains(ATTACK), "{path}: {location}");
            let is_html = header(&answer, "content-type").starts_with("text/html");
            let said = answer.text().await?;
            if is_html {
                look_at(path, &said);
            }
        }
    }
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
    for path in [
        "/fn/board?include_archived=true".to_owned(),
        "/fn/page?path=/inbox&query=".to_owned(),
        "/fn/inbox".to_owned(),
        "/fn/pulse".to_owned(),
        format!("/fn/task?task={}", tasks.ready),
        format!("/fn/task?task={}", tasks.gave_up),
        format!("/fn/page?path=/t/{}&query=", tasks.foreign),
    ] {
        let (status, read) = answer(board.request(Method::GET, &path)?).await?;
        assert_eq!(status, 200, "{path}: {read}");
        assert!(!columns_in(&read.to_string()).is_empty(), "{path}: {read}");
        assert_every_text_is_harmless(&path, &read);
    }
    let mut socket = board.socket("since=0&tasks=1").await?;
    // The first is a sign of life.
    let mut frame = socket.frame().await?;
    while frame["events"] == serde_json::json!([]) {
        frame = socket.frame().await?;
    }
    assert!(frame.to_string().contains("<tasks.title>"), "{frame:.300}");
    assert_every_text_is_harmless("a frame", &frame);
    let status = socket.status("a status", |_| true).await?;
    assert_every_text_is_harmless("a status", &status);
    Ok(())
}

#[track_caller]
fn assert_every_text_is_harmless(place: &str, json: &Value) {
    match json {
        Value::String(text) => assert_harmless(place, text),
        Value::Array(values) => values
            .iter()
            .for_each(|it| assert_every_text_is_harmless(place, it)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            assert_harmless(place, key);
            assert_every_text_is_harmless(place, value);
        }),
        _ => {}
    }
}

//! The user guide in a browser.

use anyhow::Context as _;
use reqwest::Method;

use crate::harness::{Board, header, status};
use crate::login::logged_in;

/// The attribute `href` of every link of a page.
fn links(html: &str) -> impl Iterator<Item = &str> {
    let rests = html.split("href=\"").skip(1);
    rests.filter_map(|rest| Some(rest.split_once('"')?.0))
}

#[tokio::test]
async fn every_page_of_the_guide_is_shown_with_the_list_of_all() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let listed = board.kanban(&["guide", "--json"]).await?.json()?;
    let contents = board.request(Method::GET, "/guide")?.send().await?;
    let contents = contents.text().await?;
    for page in listed.as_array().context("no list")? {
        let topic = page["topic"].as_str().context("no topic")?;
        let about = page["about"].as_str().context("no line about it")?;
        assert!(contents.contains(about), "{topic}");
        let shown = board.request(Method::GET, &format!("/guide/{topic}"))?;
        let shown = shown.send().await?;
        assert_eq!(shown.status(), 200, "{topic}");
        let policy = header(&shown, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'nonce-"),
            "{policy}"
        );
        let html = shown.text().await?;
        let title = &board.kanban(&["guide", topic]).await?.out;
        let title = title.lines().next().unwrap_or_default();
        let title = title.trim_start_matches("# ");
        assert!(html.contains(&format!("<h1>{title}</h1>")), "{topic}");
        assert!(html.contains(&format!("<title>{title} · Kanban</title>")));
        let current = format!("<a href=\"./guide/{topic}\" aria-current=\"page\">{title}</a>");
        assert_eq!(html.matches(&current).count(), 1, "{topic}");
        assert!(!html.contains("style=") && !html.contains("<script"));
        // But for the base itself.
        let ours = links(&html).filter_map(|link| link.strip_prefix('.'));
        let ours = ours.filter(|link| link.starts_with('/'));
        for link in ours {
            let led = status(board.request(Method::GET, link)?).await?;
            assert_eq!(led, 200, "{topic}: {link}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_topic_that_the_guide_does_not_have_is_told_with_the_list_of_those_it_has()
-> anyhow::Result<()> {
    let board = Board::shown().await?;
    for topic in ["nonsense", "%3Cscript%3Ealert(1)", "concepts%2F..", "%FF"] {
        let shown = board.request(Method::GET, &format!("/guide/{topic}"))?;
        let shown = shown.header("accept", "text/html").send().await?;
        let code = shown.status().as_u16();
        let html = shown.text().await?;
        // What is no text at all names no topic either.
        assert!(code == 404 || (topic == "%FF" && code == 400), "{code}");
        assert!(!html.contains("<script"), "{html}");
        assert!(code == 400 || html.contains("<a href=\"./guide/concepts\">"));
    }
    Ok(())
}

#[tokio::test]
async fn the_guide_is_for_those_who_are_let_in_and_wears_their_colours() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for path in ["/guide", "/guide/concepts", "/guide/nonsense"] {
        assert_eq!(status(board.stranger(Method::GET, path)?).await?, 401);
    }
    let cookie = logged_in(&board).await?;
    for (theme, expected) in [("dark", "dark"), ("light", "light"), ("\"><b>", "system")] {
        let cookies = format!("{cookie}; kanban_theme={theme}");
        let request = board.stranger(Method::GET, "/guide")?;
        let html = request.header("cookie", cookies).send().await?;
        let html = html.text().await?;
        assert!(html.contains(&format!("data-theme=\"{expected}\"")));
    }
    Ok(())
}

/// The text of every source file below a folder.
fn sources(folder: &std::path::Path, all: &mut String) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            sources(&path, all)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            all.push_str(&std::fs::read_to_string(path)?);
        }
    }
    Ok(())
}

/// Pages of promises: in each, every chapter with a promise names the tests that hold it.
const PROMISES: [(&str, usize); 6] = [
    ("security", 6),
    ("service", 2),
    ("lanes", 11),
    ("hermes", 4),
    ("notifications", 4),
    ("command-line", 1),
];

#[tokio::test]
async fn what_the_guide_promises_is_held_by_tests_that_are_there() -> anyhow::Result<()> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = String::new();
    for folder in ["app", "server", "tests"] {
        sources(&root.join(folder), &mut all)?;
    }
    let board = Board::without_server()?;
    for (topic, chapters) in PROMISES {
        let page = std::fs::read_to_string(root.join(format!("server/guide/{topic}.md")))?;
        let held = page
            .split("\n## ")
            .filter(|it| it.contains("<!-- held by: "));
        assert_eq!(
            held.count(),
            chapters,
            "chapters of {topic} that name tests"
        );
        let comments = page.split("<!-- held by: ").skip(1);
        let named = comments.filter_map(|rest| rest.split_once(" -->"));
        for name in named.flat_map(|(names, _)| names.split(", ")) {
            assert!(
                all.contains(&format!("fn {name}(")),
                "no test {name}, which {topic} names"
            );
        }
        let read = board.kanban(&["guide", topic]).await?.out;
        assert!(
            !read.contains("held by"),
            "{topic} prints what is for its authors"
        );
    }
    Ok(())
}

//! Texts of others stay text in the pages of the server.

use domain::id::TaskId;
use reqwest::Method;

use crate::harness::{Board, Markup};

/// Ends the title, then asks the reader to run something, sends them elsewhere and hides the rest.
const HOSTILE: &str = "</title></head><body><form action=\"/fn/create_task\" method=\"post\">\
    <input name=\"form[title]\" value=x><input name=\"form[assignee]\" value=shell>\
    <input name=\"form[body]\" value=\"id\"><button>Continue</button></form>\
    <meta http-equiv=refresh content=\"0;url=http://evil.example\"> &lt; &amp;lt; &quot <!--";

#[tokio::test]
async fn a_title_makes_no_element_and_reads_as_it_was_written() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let plain = board.create("a plain title", &[]).await?;
    let hostile = board.create(HOSTILE, &[]).await?;
    let page = async |task: &TaskId| {
        let page = board.request(Method::GET, &format!("/t/{task}"))?;
        let page = page.header("accept", "text/html").send().await?;
        assert_eq!(page.status(), 200);
        anyhow::Ok(Markup::of(&page.text().await?))
    };
    let (mut plain, mut hostile) = (page(&plain).await?, page(&hostile).await?);
    // Which card is marked as open differs.
    plain.elements.sort();
    hostile.elements.sort();
    assert_eq!(hostile.title, format!("{HOSTILE} · Kanban"));
    assert_eq!(plain.title, "a plain title · Kanban");
    assert_eq!(plain.elements, hostile.elements);
    Ok(())
}

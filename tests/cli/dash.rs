//! `-`: texts from standard input and onto standard output.

use crate::harness::Board;

#[tokio::test]
async fn a_dash_reads_a_text_from_standard_input() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let id = id.as_str();
    for words in [
        &["comment", id, "-"][..],
        &["block", id, "-"],
        &["complete", id, "--result", "-"],
    ] {
        let said = board
            .kanban_reading(words, "one\ntwo \u{fc}\n".as_bytes())
            .await?;
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
    }
    let shown = board.kanban(&["show", id, "--json"]).await?.json()?;
    assert_eq!(shown["task"]["result"], "one\ntwo \u{fc}");
    assert_eq!(shown["comments"][0]["body"], "one\ntwo \u{fc}");
    assert_eq!(shown["comments"][1]["body"], "BLOCKED: one\ntwo \u{fc}");
    let both = ["complete", id, "--result", "-", "--summary", "-"];
    assert_eq!(board.kanban_reading(&both, b"x").await?.code, Some(2));
    Ok(())
}

#[tokio::test]
async fn a_dash_exports_to_standard_output() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.create("a", &[]).await?;
    let said = board.kanban(&["export", "--output", "-"]).await?;
    let plain = board.kanban(&["export"]).await?;
    assert_eq!(said.out.lines().count(), plain.out.lines().count());
    assert!(said.out.lines().count() > 1, "{said:?}");
    Ok(())
}

//! `kanban notify-subscribe`, `notify-list` and `notify-unsubscribe`.

use crate::harness::Board;

#[tokio::test]
async fn somebody_is_told_until_they_want_no_more() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let id = id.as_str();
    let said = board.kanban(&["notify-list"]).await?;
    assert_eq!(said.out, "(no subscriptions)\n");
    let place = ["--platform", "telegram", "--chat-id", "-4711"];
    let said = board
        .kanban(&[&["notify-subscribe", id][..], &place].concat())
        .await?;
    assert_eq!(
        said.out,
        format!("Subscribed telegram:-4711 to {id}\n"),
        "{}",
        said.err
    );
    let thread = [&place[..], &["--thread-id", "7", "--user-id", "ada"]].concat();
    let said = board
        .kanban(&[&["notify-subscribe", id][..], &thread].concat())
        .await?;
    assert_eq!(said.out, format!("Subscribed telegram:-4711:7 to {id}\n"));
    let said = board.kanban(&["notify-list", id]).await?;
    let since = "(since event 1)";
    assert_eq!(
        said.out,
        format!("{id}  telegram:-4711  {since}\n{id}  telegram:-4711:7  {since}\n")
    );
    let said = board
        .kanban(&[&["notify-unsubscribe", id][..], &place].concat())
        .await?;
    assert_eq!(said.out, format!("Unsubscribed from {id}\n"));
    let said = board
        .kanban(&[&["notify-unsubscribe", id][..], &place].concat())
        .await?;
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(1), "(no such subscription)\n")
    );
    let listed = board.kanban(&["notify-list", "--json"]).await?.json()?;
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(listed[0]["user_id"], "ada");
    Ok(())
}

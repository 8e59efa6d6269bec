//! `kanban notify-subscribe`, `notify-list` and `notify-unsubscribe`.

use serde_json::json;

use crate::harness::Board;

#[tokio::test]
async fn somebody_is_told_until_they_want_no_more() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let id = id.as_str();
    let said = board.kanban(&["notify-list"]).await?;
    assert_eq!(
        (said.out.as_str(), said.err.as_str()),
        ("", "(no subscriptions)\n")
    );
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

#[tokio::test]
async fn a_platform_that_nothing_is_sent_to_is_refused_unless_it_may_be_one_of_hermes()
-> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let pigeon = ["--platform", "pigeon", "--chat-id", "4711"];
    let complaint =
        "unknown platform \"pigeon\"; the platforms are command, slack, telegram, webhook";
    for words in [
        &["notify-subscribe", id.as_str()][..],
        &["notify-subscribe"],
    ] {
        let said = board.kanban(&[words, &pigeon].concat()).await?;
        assert_eq!(said.code, Some(1));
        assert_eq!(said.err, format!("kanban: {complaint}\n"));
    }
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let place = json!({ "platform": "pigeon", "chat_id": "4711" });
    let of_task = format!("/tasks/{id}/subscriptions");
    for path in [of_task.as_str(), "/board/subscriptions"] {
        let refused = board.post(path, &place).await?;
        assert_eq!(refused, (400, json!({ "detail": complaint })), "{path}");
    }
    std::fs::write(board.home().join("config.yaml"), "")?;
    assert_eq!(board.post(&of_task, &place).await?.0, 200);
    Ok(())
}

//! The board tells people and programs what happens, and listens to them.

pub(crate) mod receiver;
mod slack;

use std::ffi::OsStr;
use std::fs;

use anyhow::ensure;

use crate::harness::{Board, Gate, gone, text, within};
use receiver::Receiver;

const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];
const CI: [&str; 4] = ["--platform", "webhook", "--chat-id", "ci"];

/// A board that tells a webhook, `ci`, with a server that is started with these flags.
pub(crate) async fn board_with_webhook(
    receiver: &Receiver,
    flags: &[&str],
) -> anyhow::Result<Board> {
    let mut board = Board::without_server()?;
    board.configure(&format!(
        "[channels.webhook.ci]\nurl = \"{}\"\n",
        receiver.url()?
    ))?;
    board.serve(flags).await?;
    Ok(board)
}

async fn subscribe(board: &Board, words: &[&str]) -> anyhow::Result<()> {
    let said = board
        .kanban(&[&["notify-subscribe"], words].concat())
        .await?;
    ensure!(said.code == Some(0), "{said:?}");
    Ok(())
}

async fn do_it(board: &Board, words: &[&str]) -> anyhow::Result<String> {
    let said = board.kanban(words).await?;
    ensure!(said.code == Some(0), "{said:?}");
    Ok(said.out)
}

#[tokio::test]
async fn a_question_is_told_answered_and_the_task_done_with_one_message_each() -> anyhow::Result<()>
{
    let receiver = Receiver::start().await?;
    let board = board_with_webhook(&receiver, &LISTEN).await?;
    subscribe(&board, &CI).await?;
    // The script itself stands in the context too, and must not answer its own question.
    let body = "kanban context \"$KANBAN_TASK\" | grep -q 'eu-wes[t]' || \
        { kanban block \"$KANBAN_TASK\" 'which region?'; exit 0; }\necho deployed";
    let task = board
        .create("deploy", &["--assignee", "shell", "--body", body])
        .await?;
    let blocked = receiver.answer("204 No Content", "").await?;
    assert_eq!(blocked.json()?["type"], "task.blocked");
    assert_eq!(blocked.json()?["data"]["detail"], "which region?");
    let link = format!("http://{}/t/{task}", board.address()?);
    assert_eq!(text(&blocked.json()?, "/data/url")?, link);

    let inbox = board.kanban(&["inbox", "--json"]).await?.json()?;
    assert_eq!(inbox[0]["need"], "answer");
    assert_eq!(inbox[0]["question"], "which region?");
    do_it(&board, &["comment", task.as_str(), "eu-west"]).await?;
    do_it(&board, &["unblock", task.as_str()]).await?;
    let completed = receiver.answer("204 No Content", "").await?;
    assert_eq!(completed.json()?["type"], "task.completed");
    assert_eq!(completed.json()?["data"]["detail"], "deployed");
    assert_ne!(blocked.header("webhook-id"), completed.header("webhook-id"));
    assert_eq!(do_it(&board, &["inbox"]).await?, "");

    // What comes next is the next news, so nothing came twice.
    let last = board.create("last", &[]).await?;
    do_it(&board, &["complete", last.as_str()]).await?;
    let next = receiver.answer("204 No Content", "").await?;
    assert_eq!(text(&next.json()?, "/data/task_id")?, last.as_str());
    Ok(())
}

#[tokio::test]
async fn a_killed_server_tells_what_it_was_telling_again_under_the_same_key() -> anyhow::Result<()>
{
    let receiver = Receiver::start().await?;
    let mut board = board_with_webhook(&receiver, &LISTEN).await?;
    let task = board.create("deploy", &[]).await?;
    subscribe(&board, &[&[task.as_str()], &CI[..]].concat()).await?;
    do_it(&board, &["block", task.as_str(), "one?"]).await?;
    let first = receiver.next().await?;
    do_it(&board, &["unblock", task.as_str()]).await?;
    do_it(&board, &["block", task.as_str(), "two?"]).await?;
    board.kill().await?;

    board.serve(&LISTEN).await?;
    let again = receiver.answer("200 OK", "").await?;
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(
        again.json()?["data"]["event_id"],
        first.json()?["data"]["event_id"]
    );
    let second = receiver.answer("200 OK", "").await?;
    assert_eq!(second.json()?["data"]["detail"], "two?");
    Ok(())
}

#[tokio::test]
async fn what_reaches_nobody_is_in_the_inbox_until_it_is_tried_again_or_dropped()
-> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let board = board_with_webhook(&receiver, &LISTEN).await?;
    let task = board.create("deploy", &[]).await?;
    subscribe(&board, &[&[task.as_str()], &CI[..]].concat()).await?;
    do_it(&board, &["complete", task.as_str()]).await?;
    receiver.answer("404 Not Found", "nobody here").await?;
    board.logged("news could not be delivered").await?;
    // The line in the log comes before the record, which is the next that this process waits for.
    let said = within_inbox(&board).await?;
    assert!(
        said.contains("webhook:ci was not told: answered 404: nobody here"),
        "{said}"
    );
    let listed = do_it(&board, &["notify-list"]).await?;
    assert!(
        listed.contains("webhook:ci  could not be told: answered 404"),
        "{listed}"
    );

    do_it(&board, &["inbox", "--retry", "1"]).await?;
    receiver.answer("200 OK", "").await?;
    Ok(())
}

/// The inbox, once there is something in it.
async fn within_inbox(board: &Board) -> anyhow::Result<String> {
    within("something in the inbox", async {
        loop {
            let said = do_it(board, &["inbox"]).await?;
            if !said.is_empty() {
                return Ok(said);
            }
        }
    })
    .await?
}

#[tokio::test]
async fn subscriptions_to_the_board_are_listed_and_ended() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let only = [
        "--tenant",
        "acme",
        "--kind",
        "created",
        "--kind",
        "completed",
    ];
    subscribe(&board, &[&CI[..], &only[..]].concat()).await?;
    let listed = do_it(&board, &["notify-list"]).await?;
    assert_eq!(
        listed,
        "board #1  webhook:ci  (tenant=acme; created, completed)\n"
    );
    let said = board
        .kanban(&[&["notify-subscribe"], &CI[..], &["--kind", "x"]].concat())
        .await?;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("unknown kind"), "{}", said.err);
    do_it(&board, &[&["notify-unsubscribe"], &CI[..]].concat()).await?;
    assert_eq!(do_it(&board, &["notify-list"]).await?, "");
    Ok(())
}

#[tokio::test]
async fn no_log_shows_a_secret() -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let mut board = Board::without_server()?;
    fs::create_dir_all(board.home())?;
    let secret = board.home().join("secret");
    fs::write(&secret, "123:swordfish")?;
    let (url, secret) = (receiver.url()?, secret.display());
    board.configure(&format!(
        "[channels.telegram]\ntoken = {{ file = \"{secret}\" }}\nbase_url = \"{url}\"\n"
    ))?;
    board.serve(&LISTEN).await?;
    let task = board.create("deploy", &[]).await?;
    subscribe(
        &board,
        &[task.as_str(), "--platform", "telegram", "--chat-id", "7"],
    )
    .await?;
    do_it(&board, &["block", task.as_str(), "one?"]).await?;
    let told = receiver.answer("500 Internal Server Error", "").await?;
    assert_eq!(told.path, "/bot123:swordfish/sendMessage");
    board.logged("news could not be delivered").await?;
    assert!(!board.log().contains("swordfish"), "{}", board.log());
    Ok(())
}

#[tokio::test]
async fn a_command_is_started_without_the_secrets_of_other_channels() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let gate = Gate::of(&board).await?;
    board.configure(&format!(
        "[channels.telegram]\ntoken = {{ env = \"BOT_TOKEN\" }}\n\
         base_url = \"http://127.0.0.1:9\"\n\
         [channels.command.tell]\ncommand = [\"sh\", \"-c\", \"env > '{}'\"]\n",
        gate.path().display()
    ))?;
    let environment = [("BOT_TOKEN", "123:swordfish"), ("PLAIN", "known")];
    let environment = environment.map(|(name, value)| (name, OsStr::new(value)));
    board.serve_in(&LISTEN, &environment).await?;
    let task = board.create("deploy", &[]).await?;
    let tell = ["--platform", "command", "--chat-id", "tell"];
    subscribe(&board, &[&[task.as_str()], &tell[..]].concat()).await?;
    do_it(&board, &["block", task.as_str(), "one?"]).await?;
    let told = within("its environment", tokio::fs::read_to_string(gate.path())).await??;
    assert!(told.contains("PLAIN=known\n"), "{told}");
    assert!(
        !told.contains("BOT_TOKEN") && !told.contains("swordfish"),
        "{told}"
    );
    board.stop().await?;
    Ok(())
}

#[tokio::test]
async fn channels_are_read_again_and_a_mistake_in_them_changes_nothing() -> anyhow::Result<()> {
    let (old, new) = (Receiver::start().await?, Receiver::start().await?);
    let mut board = board_with_webhook(&old, &LISTEN).await?;
    subscribe(&board, &CI).await?;
    board.configure("[channels.webhook.ci]\nurl = 7\n")?;
    board.logged("the last good channels stay").await?;
    assert!(
        board.log().contains("kanban.toml, line 2"),
        "{}",
        board.log()
    );
    let first = board.create("first", &[]).await?;
    do_it(&board, &["complete", first.as_str()]).await?;
    let told = old.answer("204 No Content", "").await?;
    assert_eq!(text(&told.json()?, "/data/task_id")?, first.as_str());

    board.configure(&format!(
        "[channels.webhook.ci]\nurl = \"{}\"\n",
        new.url()?
    ))?;
    board.logged("the channels were read again").await?;
    let second = board.create("second", &[]).await?;
    do_it(&board, &["complete", second.as_str()]).await?;
    let told = new.answer("204 No Content", "").await?;
    assert_eq!(text(&told.json()?, "/data/task_id")?, second.as_str());
    board.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_program_of_a_channel_ends_with_a_server_that_is_killed() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    let gate = Gate::of(&board).await?;
    // It starts another one, and both read nothing and end never.
    board.configure(&format!(
        "[channels.command.tell]\ncommand = [\"sh\", \"-c\", \"sleep 1000 & echo $$ $! > '{}'; wait\"]\n",
        gate.path().display()
    ))?;
    board.serve(&LISTEN).await?;
    let task = board.create("a", &[]).await?;
    let tell = ["--platform", "command", "--chat-id", "tell"];
    subscribe(&board, &[&[task.as_str()], &tell[..]].concat()).await?;
    do_it(&board, &["block", task.as_str(), "why?"]).await?;
    let pids = gate.heard().await?;
    board.kill().await?;
    for pid in pids.split_whitespace() {
        gone(pid).await?;
    }
    Ok(())
}

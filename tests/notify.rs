//! The board tells people and programs what happens, and listens to them.

pub(crate) mod receiver;

use std::fmt::Write as _;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::json;
use sha2::Sha256;

use crate::harness::{Board, text};
use receiver::Receiver;

const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];
const CI: [&str; 4] = ["--platform", "webhook", "--chat-id", "ci"];

/// A board with a webhook, `ci`.
async fn board_with_webhook(receiver: &Receiver) -> anyhow::Result<Board> {
    let mut board = Board::without_server()?;
    board.configure(&format!(
        "[channels.webhook.ci]\nurl = \"{}\"\n",
        receiver.url()?
    ))?;
    board.serve(&LISTEN).await?;
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
    let board = board_with_webhook(&receiver).await?;
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
    assert_eq!(do_it(&board, &["inbox"]).await?, "(nothing needs you)\n");

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
    let mut board = board_with_webhook(&receiver).await?;
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
    let board = board_with_webhook(&receiver).await?;
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
    crate::harness::within("something in the inbox", async {
        loop {
            let said = do_it(board, &["inbox"]).await?;
            if said != "(nothing needs you)\n" {
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
    assert_eq!(
        do_it(&board, &["notify-list"]).await?,
        "(no subscriptions)\n"
    );
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

fn sign(secret: &str, at: &str, body: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(format!("v0:{at}:{body}").as_bytes());
    let mut signature = "v0=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}")?;
    }
    Ok(signature)
}

#[tokio::test]
async fn slack_comes_in_by_its_signature_and_only_where_it_is_let_in() -> anyhow::Result<()> {
    let closed = Board::shown().await?;
    let path = "/chat/slack/command";
    let nothing = closed
        .stranger(Method::POST, path)?
        .body("text=list")
        .send()
        .await?;
    assert_eq!(nothing.status(), 404);

    let mut board = Board::without_server()?;
    fs::create_dir_all(board.home())?;
    let secret = board.home().join("secret");
    fs::write(&secret, "swordfish")?;
    board.configure(&format!(
        "[channels.slack]\nsigning_secret = {{ file = \"{}\" }}\nchat.users = [\"U1\"]\n",
        secret.display()
    ))?;
    board.serve(&LISTEN).await?;
    let body = "command=%2Fkanban&text=create+door&user_id=U1&channel_id=C1&trigger_id=1.2";
    #[expect(
        clippy::disallowed_methods,
        reason = "the test plays Slack, which has a clock of its own"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let send = async |at: u64, secret: &str| {
        let at = at.to_string();
        let request = board
            .stranger(Method::POST, path)?
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", &at)
            .header("x-slack-signature", sign(secret, &at, body)?);
        anyhow::Ok(request.body(body).send().await?)
    };
    assert_eq!(send(now, "guessed").await?.status(), 401);
    assert_eq!(send(now - 600, "swordfish").await?.status(), 401);
    assert_eq!(
        board
            .stranger(Method::POST, path)?
            .body(body)
            .send()
            .await?
            .status(),
        401
    );
    let taken = send(now, "swordfish").await?;
    assert_eq!(taken.status(), 200);
    let reply: serde_json::Value = taken.json().await?;
    assert_eq!(reply["response_type"], "ephemeral");
    assert!(text(&reply, "/text")?.starts_with("Created t_"), "{reply}");
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    assert_eq!(tasks[0]["status"], json!("triage"));
    assert_eq!(tasks[0]["created_by"], json!("slack:U1"));
    Ok(())
}

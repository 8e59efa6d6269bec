//! Slack comes in by its signature, with commands and with what is pressed.

use std::fmt::Write as _;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, Response, Url};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{LISTEN, Receiver, do_it, subscribe};
use crate::harness::{Board, text};

/// The signing secret that Slack and the board share.
const SECRET: &str = "swordfish";

/// A board that lets the user U1 of a workspace in, and talks to `receiver` for Slack.
async fn board_in_slack(receiver: &Receiver) -> anyhow::Result<Board> {
    let mut board = Board::without_server()?;
    fs::create_dir_all(board.home())?;
    let secret = board.home().join("secret");
    fs::write(&secret, SECRET)?;
    let (url, secret) = (receiver.url()?, secret.display());
    board.configure(&format!(
        "[channels.slack]\ntoken = {{ file = \"{secret}\" }}\nbase_url = \"{url}\"\n\
         signing_secret = {{ file = \"{secret}\" }}\nchat.users = [\"U1\"]\n"
    ))?;
    board.serve(&LISTEN).await?;
    Ok(board)
}

/// The time by the clock of Slack.
fn now() -> anyhow::Result<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test plays Slack, which has a clock of its own"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(now.as_secs())
}

/// Sends what was signed at this time with this secret.
async fn send(
    board: &Board,
    path: &str,
    body: &str,
    at: u64,
    secret: &str,
) -> anyhow::Result<Response> {
    let at = at.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(format!("v0:{at}:{body}").as_bytes());
    let mut signature = "v0=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}")?;
    }
    let request = board
        .stranger(Method::POST, path)?
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-slack-request-timestamp", &at)
        .header("x-slack-signature", signature);
    Ok(request.body(body.to_owned()).send().await?)
}

/// Checks that a request which is forged, stale or not signed at all is refused.
async fn is_guarded(board: &Board, path: &str, body: &str) -> anyhow::Result<()> {
    assert_eq!(
        send(board, path, body, now()?, "guessed").await?.status(),
        401
    );
    assert_eq!(
        send(board, path, body, now()? - 600, SECRET)
            .await?
            .status(),
        401
    );
    let unsigned = board.stranger(Method::POST, path)?.body(body.to_owned());
    assert_eq!(unsigned.send().await?.status(), 401);
    Ok(())
}

#[tokio::test]
async fn a_command_comes_in_by_its_signature_and_only_where_it_is_let_in() -> anyhow::Result<()> {
    let closed = Board::shown().await?;
    for path in ["command", "events", "interaction"] {
        let path = format!("/chat/slack/{path}");
        let nothing = closed.stranger(Method::POST, &path)?.body("text=list");
        assert_eq!(nothing.send().await?.status(), 404);
    }

    let board = board_in_slack(&Receiver::start().await?).await?;
    let body = "command=%2Fkanban&text=create+door&user_id=U1&channel_id=C1&trigger_id=1.2";
    let path = "/chat/slack/command";
    is_guarded(&board, path, body).await?;
    let taken = send(&board, path, body, now()?, SECRET).await?;
    assert_eq!(taken.status(), 200);
    let reply: Value = taken.json().await?;
    assert_eq!(reply["response_type"], "ephemeral");
    assert!(text(&reply, "/text")?.starts_with("Created t_"), "{reply}");
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    assert_eq!(tasks[0]["status"], json!("triage"));
    assert_eq!(tasks[0]["created_by"], json!("slack:U1"));
    Ok(())
}

/// The form in which Slack sends what is pressed and filled in.
fn payload(json: &Value) -> anyhow::Result<String> {
    let mut form = Url::parse("http://slack/")?;
    form.query_pairs_mut()
        .append_pair("payload", &json.to_string());
    Ok(form.query().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_question_is_answered_by_a_button_or_in_a_form() -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let board = board_in_slack(&receiver).await?;
    let task = board.create("deploy", &[]).await?;
    let place = ["--platform", "slack", "--chat-id", "C1"];
    subscribe(&board, &[&[task.as_str()], &place[..]].concat()).await?;
    do_it(&board, &["block", task.as_str(), "which port?"]).await?;
    let asked = receiver
        .answer("200 OK", r#"{"ok":true,"ts":"9.1"}"#)
        .await?
        .json()?;
    let buttons = &asked["blocks"][1]["elements"];
    assert_eq!(buttons[0]["text"]["text"], "Let it go on");
    assert_eq!(buttons[1]["text"]["text"], "Answer");

    let path = "/chat/slack/interaction";
    let press = |button: &Value, user: &str, trigger: &str| {
        payload(&json!({
            "type": "block_actions", "trigger_id": trigger, "user": {"id": user},
            "channel": {"id": "C1"}, "message": {"ts": "9.1", "text": asked["text"]},
            "actions": [{"action_id": button["action_id"], "value": button["value"]}],
        }))
    };
    let signed = async |body: String| send(&board, path, &body, now()?, SECRET).await;
    is_guarded(&board, path, &press(&buttons[0], "U1", "1.0")?).await?;

    // A stranger gets neither the form nor the task to go on.
    let (refused, said) = tokio::join!(
        signed(press(&buttons[1], "U666", "1.1")?),
        receiver.answer("200 OK", r#"{"ok":true,"ts":"9.2"}"#)
    );
    assert_eq!(refused?.status(), 200);
    let said = said?;
    assert_eq!(said.path, "/api/chat.postMessage");
    assert!(text(&said.json()?, "/text")?.contains("you are U666"));
    assert_eq!(
        signed(press(&buttons[0], "U666", "1.2")?).await?.status(),
        200
    );
    assert_eq!(board.task(&task).await?["task"]["status"], "blocked");

    let (opened, form) = tokio::join!(
        signed(press(&buttons[1], "U1", "1.3")?),
        receiver.answer("200 OK", r#"{"ok":true,"view":{"id":"V1"}}"#)
    );
    assert_eq!(opened?.status(), 200);
    let form = form?;
    assert_eq!(form.path, "/api/views.open");
    let form = form.json()?;
    assert_eq!(form["trigger_id"], "1.3");
    let field = &form["view"]["blocks"][0];
    let filled = payload(&json!({
        "type": "view_submission", "trigger_id": "1.4", "user": {"id": "U1"},
        "view": {
            "private_metadata": form["view"]["private_metadata"],
            "state": {"values": {
                text(field, "/block_id")?: {text(field, "/element/action_id")?: {"value": "8080"}},
            }},
        },
    }))?;
    let (taken, thanks) = tokio::join!(
        signed(filled),
        receiver.answer("200 OK", r#"{"ok":true,"ts":"9.3"}"#)
    );
    assert_eq!(taken?.text().await?, "");
    let thanks = thanks?.json()?;
    assert_eq!(thanks["text"], format!("Thank you, {task} goes on."));
    assert_eq!(
        (&thanks["channel"], &thanks["thread_ts"]),
        (&json!("C1"), &json!("9.1"))
    );
    let shown = board
        .kanban(&["show", task.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(shown["comments"][1]["body"], "8080");
    assert_eq!(shown["comments"][1]["author"], "slack:U1");

    do_it(&board, &["block", task.as_str(), "and now?"]).await?;
    receiver
        .answer("200 OK", r#"{"ok":true,"ts":"9.4"}"#)
        .await?;
    let (pressed, said) = tokio::join!(
        signed(press(&buttons[0], "U1", "1.5")?),
        receiver.answer("200 OK", r#"{"ok":true,"ts":"9.5"}"#)
    );
    assert_eq!(pressed?.status(), 200);
    assert!(
        text(&said?.json()?, "/text")?.contains("Unblocked"),
        "it was let go on"
    );
    assert_eq!(board.task(&task).await?["task"]["status"], "ready");
    Ok(())
}

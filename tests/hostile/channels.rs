//! What people and programs are sent: webhooks, programs, Telegram and Slack.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::json::shown_in;
use super::{assert_harmless, seed, sources_in};
use crate::harness::golden::golden;
use crate::harness::{Board, Gate};
use crate::notify::receiver::Receiver;

/// Where something is still to be told, and the kind of it, empty for one that nobody knows: two pieces of
/// news make one message for people.
const PENDING: [(&str, &str, &[&str]); 8] = [
    ("webhook", "ci", &[""]),
    ("command", "phone", &["completed"]),
    ("telegram", "1", &["blocked"]),
    ("telegram", "2", &["gave_up", "completed"]),
    ("telegram", "3", &[""]),
    ("slack", "C1", &["blocked"]),
    ("slack", "C2", &["status", "spawn_failed"]),
    ("slack", "hook", &["completed"]),
];

/// Leaves news to be told to each of these places.
fn leave_news(board: &Board) -> anyhow::Result<()> {
    let mut event = 100;
    for (platform, chat, kinds) in PENDING {
        board.write_past_us(&format!(
            "INSERT INTO places (platform, chat_id, thread_id) VALUES ('{platform}', '{chat}', '')"
        ))?;
        for kind in kinds {
            event += 1;
            let notice = seed::news(kind).replace('\'', "''");
            board.write_past_us(&format!(
                "INSERT INTO deliveries (key, place_id, task_id, event_id, notice, state, \
                     next_attempt_at, created_at) \
                 SELECT 'k{event}', places.id, (SELECT min(id) FROM tasks), {event}, '{notice}', \
                     'pending', 0, 1 FROM places WHERE platform = '{platform}' AND chat_id = '{chat}'"
            ))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn nobody_is_sent_what_a_terminal_a_chat_or_a_model_obeys() -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let mut board = Board::without_server()?;
    seed::seed(&board).await?;
    leave_news(&board)?;
    let gate = Gate::of(&board).await?;
    let secret = board.home().join("secret");
    fs::write(&secret, "swordfish")?;
    let hook = board.home().join("hook");
    let url = receiver.url()?;
    fs::write(&hook, format!("{url}/services/hook"))?;
    let (secret, hook, gate_path) = (secret.display(), hook.display(), gate.path().display());
    board.configure(&format!(
        "[channels.webhook.ci]\nurl = \"{url}/ci\"\n\
         [channels.command.phone]\n\
         command = [\"sh\", \"-c\", \"(cat; echo; printf '%s\\\\n' \\\"$0\\\") > '{gate_path}'\", \"{{text}}\"]\n\
         [channels.telegram]\ntoken = {{ file = \"{secret}\" }}\nbase_url = \"{url}\"\n\
         chat.users = [\"1\"]\n\
         [channels.slack]\ntoken = {{ file = \"{secret}\" }}\nbase_url = \"{url}\"\n\
         signing_secret = {{ file = \"{secret}\" }}\nwebhooks = {{ hook = {{ file = \"{hook}\" }} }}\n\
         chat.users = [\"U1\"]\n"
    ))?;
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let mut sent = BTreeSet::new();
    let printed = gate.heard().await?;
    let (json, text) = printed.split_once('\n').unwrap_or_default();
    let fields = shown_in("stdin", &serde_json::from_str(json)?).into_iter();
    sent.extend(fields.map(|field| format!("command stdin {field}")));
    assert_harmless("an argument", text);
    let sources = sources_in(text).into_iter();
    sent.extend(sources.map(|source| format!("command argument: {source}\n")));
    let mut reached = BTreeSet::new();
    while reached.len() < PENDING.len() - 1 {
        let answer = r#"{"ok":true,"ts":"1.2","channel":"C","result":{"message_id":1}}"#;
        let request = receiver.answer("200 OK", answer).await?;
        let name = request.path.rsplit('/').next().unwrap_or_default();
        // Telegram is asked, too, what was said there.
        if name == "getUpdates" {
            continue;
        }
        let body: Value = serde_json::from_str(&request.body)?;
        let chat = [&body["chat_id"], &body["channel"]].map(Value::as_str);
        let chat = chat.into_iter().flatten().next().unwrap_or(name);
        reached.insert(chat.to_owned());
        let fields = shown_in(name, &body).into_iter();
        sent.extend(fields.map(|field| format!("{name} {field}")));
    }
    golden(
        "hostile/channels.txt",
        &sent.into_iter().collect::<String>(),
    )
}

//! The inbox, subscriptions and deliveries over HTTP.

use anyhow::Context as _;
use domain::actor::Actor;
use domain::command::{ClaimPolicy, ClaimTask, FailRun, Failure, LEASE};
use domain::id::TaskId;
use domain::run::Outcome;
use kernel::Kernel;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::golden::{golden, shape};
use crate::harness::{API, Board, answer, status, within};
use crate::notify::board_with_webhook;
use crate::notify::receiver::Receiver;

/// The arguments of a server that starts nothing.
const SHOW: [&str; 3] = ["--listen", "127.0.0.1:0", "--no-dispatch"];

/// A task that is done, and a webhook that would not hear of it.
async fn dead_letter(board: &Board, receiver: &Receiver) -> anyhow::Result<TaskId> {
    let task = board.create("Bake a cake", &[]).await?;
    let ci = json!({ "platform": "webhook", "chat_id": "ci" });
    board
        .post(&format!("/tasks/{task}/subscriptions"), &ci)
        .await?;
    board
        .patch(&format!("/tasks/{task}"), &json!({ "status": "done" }))
        .await?;
    receiver.answer("404 Not Found", "nobody here").await?;
    until(board, "/deliveries?state=dead", |it| {
        it["deliveries"] != json!([])
    })
    .await?;
    Ok(task)
}

/// The answer of a route once that is so: a delivery writes no event.
async fn until(board: &Board, path: &str, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    within(path, async {
        loop {
            let (_, said) = board.get(path).await?;
            if is_so(&said) {
                return anyhow::Ok(said);
            }
        }
    })
    .await?
}

/// Lets a worker end without a word, once too often.
async fn give_up(board: &Board, task: &TaskId) -> anyhow::Result<()> {
    let kernel = Kernel::open(&board.home().join("kanban.db"))?;
    let dispatcher = Actor::full("dispatcher");
    let claim = ClaimTask {
        task: task.clone(),
        lock: "host:1".to_owned(),
        ttl: LEASE,
        lane: Some("coder".to_owned()),
        policy: ClaimPolicy::default(),
    };
    let claimed = kernel.execute(&dispatcher, claim).await?.answer;
    let fail = FailRun {
        run: claimed.run,
        failure: Failure {
            outcome: Outcome::Protocol,
            code: Some(0),
            error: "ended without a word".to_owned(),
            proposed: Some("42 ships".to_owned()),
        },
        limit: Some(1),
        next: domain::command::NextAttempt::default(),
        breaker: None,
    };
    kernel.execute(&dispatcher, fail).await?;
    Ok(())
}

#[tokio::test]
async fn what_needs_a_person_is_told_with_what_would_help() -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let board = board_with_webhook(&receiver, &SHOW).await?;
    assert_eq!(
        board.get("/inbox").await?,
        (200, json!({ "inbox": [], "count": 0 }))
    );
    let asks = board.create("Deploy", &["--assignee", "shell"]).await?;
    let next = board
        .create("Announce", &["--parent", asks.as_str()])
        .await?;
    board
        .create("Celebrate", &["--parent", next.as_str()])
        .await?;
    let question = json!({ "status": "blocked", "block_reason": "Which region?" });
    board.patch(&format!("/tasks/{asks}"), &question).await?;
    let silent = board.create("Count the ships", &[]).await?;
    give_up(&board, &silent).await?;
    dead_letter(&board, &receiver).await?;

    let said = board.kanban(&["inbox"]).await?.out;
    let is_counted = |line: &str| line.contains("Deploy") && line.ends_with("; 2 wait behind it)");
    assert!(said.lines().any(is_counted), "{said}");
    let of_programs = board.kanban(&["inbox", "--json"]).await?.json()?;
    let behind = of_programs.as_array().into_iter().flatten();
    let mut behind: Vec<_> = behind.map(|it| it["behind"].as_i64()).collect();
    behind.sort();
    assert_eq!(behind, [Some(0), Some(0), Some(2)], "{of_programs}");

    let (status, mut inbox) = board.get("/inbox").await?;
    assert_eq!((status, &inbox["count"]), (200, &json!(3)));
    // All of them came within one second or two.
    let concerns = inbox["inbox"].as_array_mut().context("no list")?;
    concerns.sort_by_key(|concern| concern["need"].to_string());
    let shape = shape(&inbox, board.home());
    golden("http/inbox.json", &pretty(&shape)?)
}

#[tokio::test]
async fn what_reached_nobody_is_tried_again_or_dropped() -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let board = board_with_webhook(&receiver, &SHOW).await?;
    let task = dead_letter(&board, &receiver).await?;
    let (_, dead) = board.get(&format!("/deliveries?task_id={task}")).await?;
    golden(
        "http/deliveries.json",
        &pretty(&shape(&unkeyed(&dead)?, board.home()))?,
    )?;

    let retry = "/deliveries/1/retry";
    assert_eq!(
        board.post(retry, &json!({})).await?,
        (200, json!({ "ok": true }))
    );
    receiver.answer("204 No Content", "").await?;
    let path = "/deliveries?state=delivered";
    let told = until(&board, path, |it| it["deliveries"] != json!([])).await?;
    assert_eq!(told["deliveries"][0]["key"], dead["deliveries"][0]["key"]);
    assert_eq!(board.get("/inbox").await?.1["count"], 0);
    assert_eq!(
        board.post(retry, &json!({})).await?.0,
        404,
        "it was delivered"
    );

    dead_letter(&board, &receiver).await?;
    assert_eq!(
        board.delete("/deliveries/2").await?,
        (200, json!({ "ok": true }))
    );
    assert_eq!(board.delete("/deliveries/2").await?.0, 404);
    assert_eq!(
        board.get("/deliveries?state=dead").await?.1,
        json!({ "deliveries": [] })
    );
    Ok(())
}

/// The same without what is drawn by lot.
fn unkeyed(deliveries: &Value) -> anyhow::Result<Value> {
    let mut deliveries = deliveries.clone();
    let list = deliveries
        .get_mut("deliveries")
        .and_then(Value::as_array_mut);
    for key in list
        .context("no list")?
        .iter_mut()
        .filter_map(|it| it.get_mut("key"))
    {
        *key = "KEY".into();
    }
    Ok(deliveries)
}

#[tokio::test]
async fn deliveries_are_asked_for_in_words_that_mean_something() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for (path, expected) in [
        ("/deliveries?limit=0", 422),
        ("/deliveries?limit=1001", 422),
        ("/deliveries?state=lost", 400),
        ("/deliveries?task_id=t_00", 404),
        ("/deliveries?limit=1000&state=pending", 200),
    ] {
        assert_eq!(board.get(path).await?.0, expected, "{path}");
    }
    let (status, answer) = board.post("/deliveries/x/retry", &json!({})).await?;
    assert_eq!(
        (status, &answer["detail"][0]["loc"]),
        (422, &json!(["path", "id"]))
    );
    Ok(())
}

#[tokio::test]
async fn somebody_is_told_of_the_board_until_they_are_not() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let path = "/board/subscriptions";
    let to = json!({
        "platform": "webhook", "chat_id": "ci", "tenant": "acme", "kinds": ["completed", "created"],
    });
    assert_eq!(board.post(path, &to).await?, (200, json!({ "ok": true })));
    assert_eq!(board.post(path, &to).await?, (200, json!({ "ok": false })));
    let (_, all) = board.get(path).await?;
    golden(
        "http/board_subscriptions.json",
        &pretty(&shape(&all, board.home()))?,
    )?;
    let unknown = json!({ "platform": "webhook", "chat_id": "ci", "kinds": ["finished"] });
    assert_eq!(board.post(path, &unknown).await?.0, 400);
    let one = "/board/subscriptions/1";
    assert_eq!(board.delete(one).await?, (200, json!({ "ok": true })));
    assert_eq!(board.delete(one).await?.0, 404);
    assert_eq!(board.get(path).await?.1, json!({ "subscriptions": [] }));
    Ok(())
}

#[tokio::test]
async fn a_place_is_left_alone_when_it_asks_for_it() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let put = async |hours: Value| {
        let body = json!({ "platform": "slack", "chat_id": "C1", "hours": hours });
        let request = board.request(Method::PUT, &format!("{API}/quiet-hours"))?;
        answer(request.json(&body)).await
    };
    let night = "22:00-07:00 Europe/Berlin";
    assert_eq!(put(json!(night)).await?, (200, json!({ "ok": true })));
    assert_eq!(put(json!(night)).await?, (200, json!({ "ok": false })));
    assert_eq!(put(json!("at night")).await?.0, 400);
    let place = json!({ "platform": "slack", "chat_id": "C1", "thread_id": "", "user_id": null, "hours": night });
    let places = json!({ "places": [place] });
    assert_eq!(board.get("/quiet-hours").await?, (200, places));
    assert_eq!(put(Value::Null).await?, (200, json!({ "ok": true })));
    assert_eq!(board.get("/quiet-hours").await?.1, json!({ "places": [] }));
    Ok(())
}

#[tokio::test]
async fn a_worker_is_not_told_who_is_told_what() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let task = board.create("a", &[]).await?;
    let (_, claim) = board
        .post(&format!("/tasks/{task}/claim"), &json!({}))
        .await?;
    let token = claim["token"].as_str().context("no token")?;
    for (method, path) in [
        (Method::GET, "/inbox"),
        (Method::GET, "/deliveries"),
        (Method::POST, "/deliveries/1/retry"),
        (Method::DELETE, "/deliveries/1"),
        (Method::GET, "/board/subscriptions"),
        (Method::DELETE, "/board/subscriptions/1"),
        (Method::GET, "/quiet-hours"),
    ] {
        let request = board.stranger(method, &format!("{API}{path}"))?;
        assert_eq!(status(request.bearer_auth(token)).await?, 403, "{path}");
    }
    Ok(())
}

fn pretty(json: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(json)? + "\n")
}

//! The door of the command line.

use anyhow::bail;
use domain::command::{
    ApproveTask, ArchiveTask, AssignTask, BlockTask, BoardVerb, CancelRun, ClaimTask, Command,
    CommentOnTask, CompleteTask, CreateTask, DeferTask, DropDelivery, EditTask, Heartbeat,
    HoldLane, LandTask, LimitTask, LinkTasks, MoveTask, Pause, ReleaseLane, RequestChanges, Resume,
    RetryDelivery, RunVerb, SetPriority, Subscribe, SubscribeBoard, UnblockTask, Undo, UnlinkTasks,
    Unsubscribe,
};
use domain::notify::{Address, Filter};
use domain::status::Status;
use domain::time::Seconds;
use serde_json::{Value, json};

use super::{Given, Refusal};
use crate::harness::Board;

pub(super) async fn give(board: &Board, command: &Command) -> anyhow::Result<Given> {
    let Some(words) = words(command) else {
        return Ok(Given::NotOffered);
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = board.kanban(&words).await?;
    match said.code {
        Some(0) => Ok(Given::Done),
        Some(1) => Ok(Given::Refused(Refusal {
            kind: None,
            sentence: said.err,
        })),
        _ => bail!("{words:?}: {said:?}"),
    }
}

fn limits(limit: &LimitTask) -> Vec<String> {
    let LimitTask {
        task,
        max_runtime,
        failure_limit,
        rework_limit,
    } = limit;
    let limits = [
        ("--max-runtime", max_runtime.map_or(0, |limit| limit.0)),
        ("--failure-limit", failure_limit.unwrap_or_default().into()),
        ("--rework-limit", rework_limit.unwrap_or_default().into()),
    ];
    let words = limits.map(|(flag, limit)| [flag.to_owned(), limit.to_string()]);
    let edit = ["edit".to_owned(), task.to_string()];
    edit.into_iter()
        .chain(words.into_iter().flatten())
        .collect()
}

fn edit(changes: &EditTask) -> Vec<String> {
    let mut words = vec!["edit".to_owned(), changes.task.to_string()];
    for (flag, value) in [
        ("--title", &changes.title),
        ("--body", &changes.body),
        ("--land-method", &changes.land_method),
    ] {
        if let Some(value) = value {
            words.extend([flag.to_owned(), value.clone()]);
        }
    }
    words
}

fn words(command: &Command) -> Option<Vec<String>> {
    let words = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
    let verb = match command {
        Command::Board(verb) => verb,
        Command::Run(RunVerb::ClaimTask(ClaimTask { task, .. })) => {
            return words(&["claim", task.as_str()]);
        }
        _ => return None,
    };
    match verb {
        BoardVerb::CreateTask(new) => Some(create(new)),
        BoardVerb::Heartbeat(Heartbeat { task, .. }) => words(&["heartbeat", task.as_str()]),
        BoardVerb::CompleteTask(CompleteTask { task, result, .. }) => {
            let result = result.as_deref().unwrap_or_default();
            words(&["complete", task.as_str(), "--result", result])
        }
        BoardVerb::ApproveTask(ApproveTask { task, .. }) => words(&["approve", task.as_str()]),
        BoardVerb::LandTask(LandTask { task, .. }) => words(&["land", task.as_str()]),
        BoardVerb::RequestChanges(RequestChanges { task, reason, .. }) => {
            words(&["request-changes", task.as_str(), reason])
        }
        BoardVerb::BlockTask(BlockTask { task, reason }) => match reason {
            Some(reason) => words(&["block", task.as_str(), reason]),
            None => words(&["block", task.as_str()]),
        },
        BoardVerb::UnblockTask(UnblockTask { task }) => words(&["unblock", task.as_str()]),
        BoardVerb::CommentOnTask(CommentOnTask { task, body }) => {
            words(&["comment", task.as_str(), body])
        }
        BoardVerb::AssignTask(AssignTask {
            task,
            assignee,
            stop,
            ..
        }) => {
            let assignee = assignee.as_deref().unwrap_or("none");
            let assign = ["assign", task.as_str(), assignee, "--stop"];
            words(if *stop { &assign } else { &assign[..3] })
        }
        BoardVerb::EditTask(changes) => Some(edit(changes)),
        BoardVerb::SetPriority(SetPriority { task, priority }) => {
            words(&["edit", task.as_str(), "--priority", &priority.to_string()])
        }
        BoardVerb::LimitTask(limit) => Some(limits(limit)),
        BoardVerb::ArchiveTask(ArchiveTask { task }) => words(&["archive", task.as_str()]),
        BoardVerb::LinkTasks(LinkTasks { parent, child, on }) => {
            let on = on.unwrap_or_default().as_str();
            words(&["link", parent, child, "--on", on])
        }
        BoardVerb::UnlinkTasks(UnlinkTasks { parent, child }) => {
            words(&["unlink", parent.as_str(), child.as_str()])
        }
        // The command line knows no other columns.
        BoardVerb::MoveTask(MoveTask { task, to }) => match to {
            Status::Triage | Status::Todo | Status::Ready => {
                words(&["move", task.as_str(), to.as_str()])
            }
            _ => None,
        },
        BoardVerb::Undo(Undo { event }) => words(&["undo", &event.to_string()]),
        BoardVerb::Pause(Pause { lane: None }) => words(&["pause"]),
        BoardVerb::Pause(Pause { lane: Some(lane) }) => words(&["pause", lane]),
        BoardVerb::Resume(Resume { lane: None }) => words(&["resume"]),
        BoardVerb::Resume(Resume { lane: Some(lane) }) => words(&["resume", lane]),
        BoardVerb::PromoteWaiting(_) => words(&["promote"]),
        BoardVerb::Subscribe(Subscribe { task, to }) => {
            let place = ["--platform", &to.platform, "--chat-id", &to.chat_id];
            words(&[&["notify-subscribe", task.as_str()], &place[..]].concat())
        }
        BoardVerb::Unsubscribe(Unsubscribe { task, to }) => {
            let place = ["--platform", &to.platform, "--chat-id", &to.chat_id];
            words(&[&["notify-unsubscribe", task.as_str()], &place[..]].concat())
        }
        BoardVerb::SubscribeBoard(SubscribeBoard { to, filter }) => {
            Some(subscribe_board(to, filter))
        }
        BoardVerb::RetryDelivery(RetryDelivery { delivery }) => {
            words(&["inbox", "--retry", &delivery.to_string()])
        }
        BoardVerb::DropDelivery(DropDelivery { delivery }) => {
            words(&["inbox", "--drop", &delivery.to_string()])
        }
        BoardVerb::CancelRun(CancelRun { task }) => words(&["cancel", task.as_str()]),
        // `notify-subscribe` and `notify-unsubscribe` name the place instead of the subscription.
        BoardVerb::UnsubscribeBoard(_) | BoardVerb::SetQuietHours(_) => None,
        BoardVerb::HoldLane(hold) => held(hold),
        BoardVerb::ReleaseLane(ReleaseLane { lane }) => words(&["release", lane]),
        BoardVerb::DeferTask(DeferTask {
            task, span, reason, ..
        }) => Some(until("defer", task.as_str(), reason.as_deref(), (*span)?)),
        verb => declared(verb),
    }
}

/// The command line asks for an end before it asks the board.
fn held(hold: &HoldLane) -> Option<Vec<String>> {
    let reason = hold.reason.as_deref();
    Some(until("hold", &hold.lane, reason, hold.span?))
}

fn until(verb: &str, what: &str, reason: Option<&str>, span: Seconds) -> Vec<String> {
    let span = span.0.to_string();
    let words = [verb, what, reason.unwrap_or_default(), "--for", &span];
    words.map(ToOwned::to_owned).into()
}

/// A verb whose flags are the fields of its struct.
fn declared(verb: &BoardVerb) -> Option<Vec<String>> {
    let tagged = json!(verb);
    let (name, fields) = tagged.as_object()?.iter().next()?;
    let mut words = vec![name.trim_end_matches("_task").replace('_', "-")];
    for (field, value) in fields.as_object()? {
        words.push(match (field.as_str(), value) {
            (_, Value::Null | Value::Bool(false)) => continue,
            (field, Value::Bool(true)) => format!("--{field}"),
            ("task", Value::String(task)) => task.clone(),
            (field, Value::String(text)) => format!("--{field}={text}"),
            (field, other) => format!("--{field}={other}"),
        });
    }
    Some(words)
}

fn subscribe_board(to: &Address, filter: &Filter) -> Vec<String> {
    let place = ["--platform", &to.platform, "--chat-id", &to.chat_id];
    let mut words: Vec<String> = [&["notify-subscribe"], &place[..]]
        .concat()
        .into_iter()
        .map(ToOwned::to_owned)
        .collect();
    for (flag, value) in [
        ("--tenant", &filter.tenant),
        ("--assignee", &filter.assignee),
    ] {
        if let Some(value) = value {
            words.extend([flag.to_owned(), value.clone()]);
        }
    }
    for kind in &filter.kinds {
        words.extend(["--kind".to_owned(), kind.clone()]);
    }
    words
}

fn create(new: &CreateTask) -> Vec<String> {
    let mut words = vec!["create".to_owned(), new.title.clone()];
    for (flag, value) in [
        ("--body", &new.body),
        ("--assignee", &new.assignee),
        ("--tenant", &new.tenant),
    ] {
        if let Some(value) = value {
            words.extend([flag.to_owned(), value.clone()]);
        }
    }
    words.extend(["--priority".to_owned(), new.priority.to_string()]);
    if let Some(method) = new.land_method {
        words.extend(["--land-method".to_owned(), method.to_string()]);
    }
    for parent in &new.parents {
        words.extend(["--parent".to_owned(), parent.clone()]);
    }
    words
}

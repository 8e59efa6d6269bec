//! The door of the command line.

use anyhow::bail;
use domain::command::{Command, NewTask};
use domain::notify::{Address, Filter};
use domain::status::Status;

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

#[expect(clippy::too_many_lines, reason = "one arm a command, and nothing else")]
fn words(command: &Command) -> Option<Vec<String>> {
    let words = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
    match command {
        Command::CreateTask(new) => Some(create(new)),
        Command::ClaimTask { task, .. } => words(&["claim", task.as_str()]),
        Command::Heartbeat { task, .. } => words(&["heartbeat", task.as_str()]),
        Command::CompleteTask { task, result, .. } => {
            let result = result.as_deref().unwrap_or_default();
            words(&["complete", task.as_str(), "--result", result])
        }
        Command::BlockTask { task, reason } => match reason {
            Some(reason) => words(&["block", task.as_str(), reason]),
            None => words(&["block", task.as_str()]),
        },
        Command::UnblockTask { task } => words(&["unblock", task.as_str()]),
        Command::CommentOnTask { task, body } => words(&["comment", task.as_str(), body]),
        Command::AssignTask {
            task,
            assignee,
            stop,
        } => {
            let assignee = assignee.as_deref().unwrap_or("none");
            let assign = ["assign", task.as_str(), assignee, "--stop"];
            words(if *stop { &assign } else { &assign[..3] })
        }
        Command::EditTask { task, title, body } => {
            let mut edit = vec!["edit".to_owned(), task.to_string()];
            for (flag, value) in [("--title", title), ("--body", body)] {
                if let Some(value) = value {
                    edit.extend([flag.to_owned(), value.clone()]);
                }
            }
            Some(edit)
        }
        Command::SetPriority { task, priority } => {
            words(&["edit", task.as_str(), "--priority", &priority.to_string()])
        }
        Command::LimitTask {
            task,
            max_runtime,
            failure_limit,
        } => {
            let runtime = max_runtime.map_or(0, |limit| limit.0).to_string();
            let failures = failure_limit.unwrap_or_default().to_string();
            let limits = ["--max-runtime", &runtime, "--failure-limit", &failures];
            words(&[&["edit", task.as_str()], &limits[..]].concat())
        }
        Command::ArchiveTask { task } => words(&["archive", task.as_str()]),
        Command::LinkTasks { parent, child } => words(&["link", parent, child]),
        Command::UnlinkTasks { parent, child } => {
            words(&["unlink", parent.as_str(), child.as_str()])
        }
        // The command line knows no other columns.
        Command::MoveTask { task, to } => match to {
            Status::Triage | Status::Todo | Status::Ready => {
                words(&["move", task.as_str(), to.as_str()])
            }
            _ => None,
        },
        Command::Undo { event } => words(&["undo", &event.to_string()]),
        Command::Pause { lane: None } => words(&["pause"]),
        Command::Pause { lane: Some(lane) } => words(&["pause", lane]),
        Command::Resume { lane: None } => words(&["resume"]),
        Command::Resume { lane: Some(lane) } => words(&["resume", lane]),
        Command::PromoteWaiting => words(&["promote"]),
        Command::Subscribe { task, to } => {
            let place = ["--platform", &to.platform, "--chat-id", &to.chat_id];
            words(&[&["notify-subscribe", task.as_str()], &place[..]].concat())
        }
        Command::Unsubscribe { task, to } => {
            let place = ["--platform", &to.platform, "--chat-id", &to.chat_id];
            words(&[&["notify-unsubscribe", task.as_str()], &place[..]].concat())
        }
        Command::SubscribeBoard { to, filter } => Some(subscribe_board(to, filter)),
        Command::RetryDelivery { delivery } => words(&["inbox", "--retry", &delivery.to_string()]),
        Command::DropDelivery { delivery } => words(&["inbox", "--drop", &delivery.to_string()]),
        Command::CancelRun { task } => words(&["cancel", task.as_str()]),
        // For the dispatcher, the notifier, the shims and the clean-up alone.
        Command::RenewLease { .. }
        | Command::UnsubscribeBoard { .. }
        | Command::SetQuietHours { .. }
        | Command::RecordDelivered { .. }
        | Command::RecordUndelivered { .. }
        | Command::TakeMessage { .. }
        | Command::ForgetEvents { .. }
        | Command::ReleaseStaleClaims
        | Command::AttachSupervisor { .. }
        | Command::RecordSpawn { .. }
        | Command::RecordExit { .. }
        | Command::FailRun { .. }
        | Command::DeferRun { .. }
        | Command::ReclaimTask { .. }
        | Command::InterruptRun { .. }
        | Command::FollowClock { .. }
        | Command::PlaceRun { .. }
        | Command::AdoptRun { .. }
        | Command::RecordWorkspace(_)
        | Command::ForgetWorkspace { .. }
        | Command::MoveWorkspaces { .. }
        | Command::DispatchFrom { .. }
        | Command::ReleaseCrashed { .. }
        | Command::PublishDispatcher(_)
        | Command::IndexTexts
        | Command::KeepAnswer { .. }
        | Command::Audit { .. } => None,
    }
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

fn create(new: &NewTask) -> Vec<String> {
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
    for parent in &new.parents {
        words.extend(["--parent".to_owned(), parent.clone()]);
    }
    words
}

//! The plain forms of the page, for those without scripts.

use domain::command::{
    BoardVerb, CommentOnTask, CompleteTask, CreateTask, DropDelivery, MoveTask, RetryDelivery,
    Subscribe, UnblockTask, Unsubscribe,
};
use domain::id::TaskId;
use domain::notify::Address;
use reqwest::Method;

use super::Given;
use super::any::given;
use crate::harness::Board;

/// A field of a form, and what was filled in.
type Field = (&'static str, String);

pub(super) async fn give(board: &Board, verb: &BoardVerb) -> anyhow::Result<Given> {
    let Some((function, form)) = form(verb) else {
        return Ok(Given::NotOffered);
    };
    let request = board.request(Method::POST, &format!("/fn/{function}"))?;
    given(request.form(&form).send().await?, "/message").await
}

fn form(verb: &BoardVerb) -> Option<(&'static str, Vec<Field>)> {
    match verb {
        // The form has no field for how it lands.
        BoardVerb::CreateTask(new) if new.land_method.is_none() => {
            Some(("create_task", fields(new)))
        }
        BoardVerb::MoveTask(MoveTask { task, to }) => Some((
            "move_task",
            vec![
                ("task", task.to_string()),
                ("to", to.to_string()),
                ("end_run", true.to_string()),
            ],
        )),
        BoardVerb::CommentOnTask(CommentOnTask { task, body }) => Some((
            "comment",
            vec![("task", task.to_string()), ("body", body.clone())],
        )),
        BoardVerb::UnblockTask(UnblockTask { task }) => Some((
            "answer",
            vec![("task", task.to_string()), ("text", String::new())],
        )),
        BoardVerb::CompleteTask(CompleteTask {
            task,
            result: Some(result),
            ..
        }) => Some((
            "accept_result",
            vec![("task", task.to_string()), ("result", result.clone())],
        )),
        BoardVerb::Subscribe(Subscribe { task, to }) => Some(("subscribe", told(task, to))),
        BoardVerb::Unsubscribe(Unsubscribe { task, to }) => Some(("unsubscribe", told(task, to))),
        BoardVerb::RetryDelivery(RetryDelivery { delivery }) => {
            Some(("retry_delivery", vec![("delivery", delivery.to_string())]))
        }
        BoardVerb::DropDelivery(DropDelivery { delivery }) => {
            Some(("drop_delivery", vec![("delivery", delivery.to_string())]))
        }
        // Scripts send the rest.
        _ => None,
    }
}

fn told(task: &TaskId, to: &Address) -> Vec<Field> {
    vec![
        ("task", task.to_string()),
        ("to[platform]", to.platform.clone()),
        ("to[chat_id]", to.chat_id.clone()),
        ("to[thread_id]", to.thread_id.clone()),
    ]
}

fn fields(new: &CreateTask) -> Vec<Field> {
    vec![
        ("form[title]", new.title.clone()),
        ("form[body]", new.body.clone().unwrap_or_default()),
        ("form[assignee]", new.assignee.clone().unwrap_or_default()),
        ("form[tenant]", new.tenant.clone().unwrap_or_default()),
        ("form[priority]", new.priority.to_string()),
        ("form[parents]", new.parents.join(" ")),
    ]
}

//! The page's requests for changes, and the handling of the answers.

pub mod confirm;
pub mod pending;
pub mod undo;

use domain::command::MAX_CHANGES;
use domain::id::{EventId, TaskId};
use domain::status::Status;

use crate::change::Change;
use crate::palette::{Page, Palette};
use crate::refusal::Refusal;
use crate::requests::pending::{Answer, Msg, Progress, Request, Saved};
use crate::requests::undo::ActId;
use crate::{Effect, Model, label};

/// A request was made or answered.
pub(crate) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Asked(Request::Change { task, change, .. }) => {
            return self::change(model, vec![(task, change)]);
        }
        Msg::Asked(Request::Create(form)) => {
            model.create.clear();
            return vec![model.pending.ask(Request::Create(form.with_tokens()))];
        }
        Msg::Asked(request) => {
            if let Request::Comment { task, .. } = &request {
                model.comment.clear(task);
            }
            return vec![model.pending.ask(request)];
        }
        Msg::Answered(ticket, Ok(saved)) => {
            let request = model.pending.grant(ticket, saved);
            let effect = request.and_then(|request| granted(model, request, saved));
            return Vec::from_iter(effect)
                .into_iter()
                .chain(undo_what_was_wanted(model))
                .collect();
        }
        Msg::Answered(ticket, Err(refusal)) => {
            if let Some(request) = model.pending.refuse(ticket) {
                let message = model.board.in_titles(&refusal.message);
                let refusal = Refusal { message, ..refusal };
                if let Some(effect) = refused(model, request, refusal) {
                    return vec![effect];
                }
            }
        }
        Msg::AnsweredAll(ticket, result) => match model.pending.answer_all(ticket, result) {
            Progress::Goes(effect) => return vec![effect],
            Progress::IsDone(answers) => {
                if let Some(effect) = answered_all(model, answers) {
                    return vec![effect];
                }
            }
        },
    }
    undo_what_was_wanted(model)
}

/// Takes back what was on its way when somebody wanted it back.
fn undo_what_was_wanted(model: &mut Model) -> Vec<Effect> {
    if model.pending.is_changing() {
        return Vec::new();
    }
    let wanted = model.undo.take_wanted();
    (0..wanted).flat_map(|_| undo(model, None)).collect()
}

/// Asks for changes, once the person has said what has to be known first: the question with which a
/// task is blocked, and whether runs may end.
pub(crate) fn change(model: &mut Model, changes: Vec<(TaskId, Change)>) -> Vec<Effect> {
    let (unasked, changes): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .partition(|(_, change)| *change == Change::Block { reason: None });
    if !unasked.is_empty() {
        let tasks = unasked.into_iter().map(|(task, _)| task).collect();
        model.palette = Some(Palette::new(Page::Block, tasks));
    }
    match confirm::admit(model, changes) {
        Some(changes) => send(model, changes),
        None => vec![Effect::FocusConfirmation],
    }
}

/// Asks for changes: for a single one alone, for several at once.
pub(crate) fn send(model: &mut Model, changes: Vec<(TaskId, Change)>) -> Vec<Effect> {
    let mut requests: Vec<(TaskId, String, Change)> = changes
        .into_iter()
        .map(|(task, change)| {
            let name = model.board.name_of(&task);
            (task, name, change)
        })
        .collect();
    for (task, ..) in &requests {
        // What is chosen until the answer comes is chosen for something else.
        model.selection.satisfy(task);
    }
    let effect = match requests.len() {
        0 => None,
        1 => requests.pop().map(|(task, name, change)| {
            if is_link(&change) {
                model.link_problem = None;
            }
            model.pending.ask(Request::Change { task, name, change })
        }),
        _ => model.pending.ask_all(requests),
    };
    Vec::from_iter(effect)
}

/// Puts tasks into a column. Those that cannot go there stay, and say why.
pub(crate) fn put(model: &mut Model, tasks: Vec<TaskId>, column: &Status) -> Vec<Effect> {
    let mut changes = Vec::new();
    let mut problems = Vec::new();
    for task in tasks {
        let Some(summary) = model.board.get(&task) else {
            continue;
        };
        match Change::between(&summary.status, column) {
            Some(change) => changes.push((task, change)),
            None if summary.status == *column => {}
            None => problems.push((task, Change::why_not_between(&summary.status, column))),
        }
    }
    match problems.as_slice() {
        [(_, why)] if changes.is_empty() => model.notices.show(model.now, why.clone()),
        _ => {
            for (task, why) in problems {
                model.selection.refuse(task, why);
            }
        }
    }
    change(model, changes)
}

/// The chosen tasks where this one is among them, else it alone.
pub(crate) fn tasks_with(model: &Model, task: &TaskId) -> Vec<TaskId> {
    if model.selection.has(task) {
        model.selection.chosen().cloned().collect()
    } else {
        vec![task.clone()]
    }
}

/// Takes an act back: this one, or the last, once it is known whether that was done.
pub(crate) fn undo(model: &mut Model, act: Option<ActId>) -> Vec<Effect> {
    if act.is_none() && model.pending.is_changing() {
        model.undo.want();
        return Vec::new();
    }
    let Some(act) = model.undo.take(act) else {
        model
            .notices
            .show(model.now, "There is nothing to undo".to_owned());
        return Vec::new();
    };
    model.notices.withdraw(act.id);
    vec![take_back(model, act.text, act.events)]
}

/// Asks for as much to be taken back as one request may ask for, the latest first, because it may
/// stand on the others.
fn take_back(model: &mut Model, text: String, mut earlier: Vec<EventId>) -> Effect {
    let events = earlier.split_off(earlier.len().saturating_sub(MAX_CHANGES));
    model.pending.ask(Request::Undo {
        text,
        events,
        earlier,
    })
}

fn granted(model: &mut Model, request: Request, saved: Saved) -> Option<Effect> {
    if let Request::Change {
        task,
        change: Change::Edit { .. },
        ..
    } = &request
    {
        model.edit.answer(task, true);
    }
    match request {
        Request::Change { task, name, change } if saved.has_changed() => {
            let text = change.in_words(&label::quoted(&name));
            offer(model, &text, vec![(task, saved)]);
        }
        Request::Undo { text, earlier, .. } => {
            if !earlier.is_empty() {
                return Some(take_back(model, text, earlier));
            }
            model.notices.say(format!("Undone: {text}."));
        }
        Request::Pause(_) | Request::Resume(_) | Request::Hold(..) | Request::Release(_) => {
            model.pulse.touch();
        }
        Request::RetryDelivery(delivery) | Request::DropDelivery(delivery) => {
            model.pulse.settle(delivery);
            return model.drawer.refresh();
        }
        // No event tells of it.
        Request::Subscribe(..) | Request::Unsubscribe(..) => return model.drawer.refresh(),
        _ => {}
    }
    None
}

fn refused(model: &mut Model, request: Request, refusal: Refusal) -> Option<Effect> {
    match request {
        Request::Change {
            task,
            change: Change::Complete { result },
            ..
        } if refusal.has_check => return confirm::ask_unchecked(model, vec![(task, result)]),
        Request::Create(form) => model.create.refuse(form, refusal),
        Request::Comment { task, body } => {
            model.comment.refuse(task, body);
            model.notices.show(model.now, refusal.message);
        }
        Request::Change { task, change, .. }
            if is_link(&change) && model.address.task.as_ref() == Some(&task) =>
        {
            model.link_problem = Some((task, refusal.message));
        }
        Request::Change {
            task,
            change: Change::Answer { text },
            ..
        } => {
            if !text.is_empty() {
                model.comment.refuse(task, text);
            }
            model.notices.show(model.now, refusal.message);
        }
        Request::Change {
            task,
            change: Change::Edit { .. },
            ..
        } => {
            model.edit.answer(&task, false);
            model.notices.show(model.now, refusal.message);
        }
        _ => model.notices.show(model.now, refusal.message),
    }
    None
}

/// Takes in the answers to changes that were asked for together. Those that were refused because of
/// their checks are asked about, all at once.
fn answered_all(model: &mut Model, answers: Vec<Answer>) -> Option<Effect> {
    let asked = answers.len();
    let mut done: Vec<(String, Change)> = Vec::new();
    let mut saved_each = Vec::new();
    let mut left = 0_usize;
    let mut with_check = Vec::new();
    for (request, result) in answers {
        let Request::Change { task, name, change } = request else {
            continue;
        };
        match (result, change) {
            (Err(refusal), Change::Complete { result }) if refusal.has_check => {
                with_check.push((task, result));
            }
            (Ok(saved), change) if saved.has_changed() => {
                done.push((name, change));
                saved_each.push((task, saved));
            }
            (Ok(_), _) => {}
            (Err(refusal), _) => {
                left = left.saturating_add(1);
                let why = model.board.in_titles(&refusal.message);
                model.selection.refuse(task, why);
            }
        }
    }
    let what = match done.as_slice() {
        [(name, ..)] => label::quoted(name),
        several => format!("{} tasks", several.len()),
    };
    if let Some((_, change)) = done.first() {
        let text = change.in_words(&what);
        offer(model, &text, saved_each);
    }
    if left > 0 {
        let text = format!("{left} of {asked} tasks stay as they are; their cards say why");
        model.notices.show(model.now, text);
    }
    confirm::ask_unchecked(model, with_check)
}

fn offer(model: &mut Model, text: &str, saved: Vec<(TaskId, Saved)>) {
    let text = model.board.in_titles(text);
    let saved = saved.into_iter().map(|(task, saved)| (task, saved.event));
    let (tasks, events) = saved.unzip();
    let act = model.undo.remember(text.clone(), events, tasks);
    model.notices.offer(model.now, text, act);
}

fn is_link(change: &Change) -> bool {
    matches!(change, Change::WaitFor { .. } | Change::StopWaitingFor(_))
}

//! Changes that a person has to agree to wait here: those that end running workers, whose work cannot be
//! brought back, and those that finish a task without its check, which its card says for ever.

use domain::id::TaskId;
use domain::text::MOST_NAMED;

use crate::change::Change;
use crate::{Effect, Model, label, requests};

/// Changes that wait for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    changes: Vec<(TaskId, Change)>,
    /// The tasks among them whose runs end; none where the question is about checks.
    ending: Vec<TaskId>,
    /// The effect that follows once the person has agreed.
    pub(crate) then: Option<Effect>,
}

/// The person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Msg {
    /// It may be done.
    Agreed,
    /// Everything stays as it is.
    Declined,
}

/// The question as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The question: the work that ends, or the check that does not run.
    pub heading: String,
    /// The titles of the tasks, where there are several.
    pub names: Vec<String>,
    /// The consequences, in one sentence, under the question.
    pub warning: &'static str,
    /// The words on the button that agrees.
    pub verb: String,
    /// The words on the button that declines.
    pub decline: &'static str,
}

/// Lets changes through that end no run; holds the others back, all of them, until the person has
/// agreed. Every change of a task passes here.
pub(crate) fn admit(
    model: &mut Model,
    changes: Vec<(TaskId, Change)>,
) -> Option<Vec<(TaskId, Change)>> {
    let ending = ending(model, &changes);
    if ending.is_empty() {
        return Some(changes);
    }
    model.confirmation = Some(Confirmation {
        changes,
        ending,
        then: None,
    });
    None
}

/// Asks whether tasks with a check may be finished without, each with this result.
pub(crate) fn ask_unchecked(
    model: &mut Model,
    tasks: Vec<(TaskId, Option<String>)>,
) -> Option<Effect> {
    if tasks.is_empty() {
        return None;
    }
    let changes = tasks
        .into_iter()
        .map(|(task, result)| (task, Change::CompleteUnchecked { result }));
    model.confirmation = Some(Confirmation {
        changes: changes.collect(),
        ending: Vec::new(),
        then: None,
    });
    Some(Effect::FocusConfirmation)
}

/// Takes in the answer. What has ended by itself meanwhile is left alone: the person agreed to
/// something else. Where another run has begun meanwhile, they are asked again.
pub(crate) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let Some(Confirmation {
        changes,
        ending,
        then,
    }) = model.confirmation.take()
    else {
        return Vec::new();
    };
    if msg == Msg::Declined {
        return Vec::new();
    }
    let now_ending = self::ending(model, &changes);
    let (changes, over): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .partition(|(task, _)| !ending.contains(task) || now_ending.contains(task));
    if let [(task, _), ..] = over.as_slice() {
        let name = model.board.name_of(task);
        let text = format!("“{name}” is not running any more, so it was left alone");
        model.notices.show(model.now, text);
    }
    if now_ending.iter().any(|task| !ending.contains(task)) {
        return requests::change(model, changes);
    }
    let agreed = changes.into_iter().map(|(task, change)| {
        if ending.contains(&task) {
            (task, change.ending_run())
        } else {
            (task, change)
        }
    });
    let agreed = agreed.collect();
    requests::send(model, agreed)
        .into_iter()
        .chain(then)
        .collect()
}

/// The question, in words.
pub(crate) fn question(model: &Model) -> Option<Question> {
    let Confirmation {
        changes, ending, ..
    } = model.confirmation.as_ref()?;
    let is_about_checks = ending.is_empty();
    let tasks: Vec<&TaskId> = if is_about_checks {
        changes.iter().map(|(task, _)| task).collect()
    } else {
        ending.iter().collect()
    };
    let name = |task: &TaskId| label::quoted(&model.board.name_of(task));
    let mut names: Vec<String> = tasks.iter().take(MOST_NAMED).map(|it| name(it)).collect();
    let more = tasks.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    let verb = changes.iter().find(|(task, _)| tasks.contains(&task));
    let heading = match (tasks.as_slice(), is_about_checks) {
        ([task], true) => format!("{} has a check. Finish it without?", name(task)),
        (tasks, true) => format!("{} tasks have a check. Finish them without?", tasks.len()),
        ([task], false) => format!("End the run of {}?", name(task)),
        (tasks, false) => format!("End {} runs?", tasks.len()),
    };
    if tasks.len() == 1 {
        names.clear();
    }
    Some(Question {
        heading,
        names,
        warning: if is_about_checks {
            "The check does not run, and the card says so for ever."
        } else {
            "The worker stops at once, and what it has not reported is lost. Its log stays."
        },
        verb: verb.map(|(_, change)| change.verb()).unwrap_or_default(),
        decline: if is_about_checks {
            "Cancel"
        } else {
            "Keep running"
        },
    })
}

/// The tasks whose runs these changes end, as the board will be once what is under way is done.
fn ending(model: &Model, changes: &[(TaskId, Change)]) -> Vec<TaskId> {
    let pending = model.pending.changes();
    let ends = |task: &TaskId, change: &Change| {
        let Some(summary) = model.board.get(task) else {
            return false;
        };
        let foreseen = pending.foresee(summary);
        change.ends_run(foreseen.as_ref().unwrap_or(summary))
    };
    let ending = changes.iter().filter(|(task, change)| ends(task, change));
    ending.map(|(task, _)| task.clone()).collect()
}

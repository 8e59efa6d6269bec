//! The contents of the open task.

use std::sync::Arc;

use domain::board::TaskSummary;
use domain::dispatch::{Facts, WhyNot, why_no_landing, why_not};
use domain::id::TaskId;
use domain::inbox::{Concern, Need};
use domain::outcome::DeadEnd;
use domain::review::Review;
use domain::status::Status;

use crate::Model;
use crate::drawer::edit::Text;
use crate::drawer::links::{self, Link};
use crate::drawer::tab::Tab;
use crate::drawer::{self, Content, Reading, timeline};
use crate::inbox;
use crate::refusal::Refusal;

/// The open task.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one of it; in a browser it is small"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Drawer {
    /// None is open.
    #[default]
    Closed,
    /// It is being read.
    Loading {
        /// Its id.
        task: TaskId,
        /// Its card, where that is on the board.
        card: Option<Arc<TaskSummary>>,
    },
    /// It is here.
    Loaded {
        /// The task and its log.
        reading: Arc<Reading>,
        /// Its status, as it will be once the server agrees.
        status: Status,
        /// The tab that is shown, of those that have something.
        tab: Tab,
        /// While it needs a person: the need, which is answered here as in the inbox.
        need: Option<Need>,
        /// The tasks that it waits for, each with the outcome on which it starts.
        parents: Vec<Link>,
        /// The tasks that wait for it, in the same way.
        children: Vec<Link>,
        /// Its changes, where they were read.
        changes: Option<drawer::Changes>,
        /// The reason why it does not run.
        why_not: Option<WhyNot>,
        /// While its work is to land: the reason why no landing begins.
        why_no_landing: Option<WhyNot>,
        /// The comments that are not in its history yet.
        comments: Vec<String>,
        /// The draft of a comment.
        draft: String,
        /// Its text as somebody here is rewriting it.
        rewriting: Option<Text>,
        /// The text of somebody else, saved while this one is being edited.
        conflict: Option<Text>,
        /// The reason why its dependencies could not be changed.
        problem: Option<String>,
    },
    /// It could not be read.
    Failed {
        /// Its id.
        task: TaskId,
        /// The refusal.
        refusal: Refusal,
    },
}

impl Drawer {
    /// The id of the open task.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Self::Closed => None,
            Self::Loading { task, .. } | Self::Failed { task, .. } => Some(task),
            Self::Loaded { reading, .. } => Some(&reading.detail.task.id),
        }
    }
}

pub(super) fn drawer(model: &Model) -> Drawer {
    let drawer::Model::Open {
        task,
        content,
        changes,
        ..
    } = &model.drawer
    else {
        return Drawer::Closed;
    };
    match content {
        Content::Loading => Drawer::Loading {
            task: task.clone(),
            card: model.board.get(task).cloned().map(Arc::new),
        },
        Content::Loaded(reading) => loaded(model, task, reading, changes.clone()),
        Content::Failed(refusal) => Drawer::Failed {
            task: task.clone(),
            refusal: refusal.clone(),
        },
    }
}

fn loaded(
    model: &Model,
    id: &TaskId,
    reading: &Arc<Reading>,
    changes: Option<drawer::Changes>,
) -> Drawer {
    let task = &reading.detail.task;
    let on_board = model.board.get(id);
    let foreseen = on_board.and_then(|task| model.pending.changes().foresee(task));
    let is_unfinished = |parent: &&TaskId| {
        let parent = model.board.get(parent);
        parent.is_some_and(|parent| !parent.status.is_finished())
    };
    let unfinished: Vec<TaskId> = reading
        .detail
        .parents
        .iter()
        .filter(is_unfinished)
        .cloned()
        .collect();
    let detail = &reading.detail;
    let dead_ends = links::dead_ends(model, detail);
    let facts = Facts::of_task(task, &unfinished, &dead_ends);
    let comments = model.pending.comments_on(id);
    let problem = model.link_problem.as_ref();
    let dispatch = &model.pulse.pulse().dispatch;
    let landing = detail.landing.as_ref();
    let status = foreseen.map_or_else(|| task.status.clone(), |task| task.status);
    Drawer::Loaded {
        tab: model.drawer.tab(model.address.tab).unwrap_or(Tab::Overview),
        changes,
        parents: links::parents(model, detail),
        children: links::children(model, detail),
        need: need(model, reading, &status, dead_ends.clone()),
        status,
        why_not: why_not(&facts, dispatch),
        why_no_landing: landing.and_then(|it| why_no_landing(it, dispatch)),
        comments: comments.map(ToOwned::to_owned).collect(),
        draft: model.comment.draft(id).to_owned(),
        rewriting: model.edit.draft(id).cloned(),
        conflict: model.edit.conflict(task),
        problem: problem
            .filter(|(about, _)| about == id)
            .map(|(_, problem)| problem.clone()),
        reading: Arc::clone(reading),
    }
}

/// The need of a task that goes on only once a person has looked at it. Files of other programs may have
/// the question in an event alone.
fn need(
    model: &Model,
    reading: &Reading,
    status: &Status,
    dead_ends: Vec<DeadEnd>,
) -> Option<Need> {
    let task = &reading.detail.task;
    if *status == Status::Todo && !dead_ends.is_empty() {
        return Some(Need::DeadEnd { dead_ends });
    }
    if let Some(landing) = &reading.detail.landing
        && let Some(problem) = landing.problem.clone()
    {
        let request = landing.request;
        let is_answered = model.pending.undoes(request) || model.pending.changes().touch(&task.id);
        return (!is_answered).then(|| Need::Landing {
            onto: landing.onto.clone(),
            method: landing.method,
            delete_branch: landing.delete_branch,
            problem,
            request,
        });
    }
    if status.is_finished() {
        let mut concerns = inbox::concerns(model).into_iter();
        let concern =
            concerns.find(|it| it.task == task.id && matches!(it.need, Need::DeadEnd { .. }));
        return concern.map(|it| it.need);
    }
    if *status == Status::Review {
        let dispatch = &model.pulse.pulse().dispatch;
        let is_for_person = |it: &&Review| it.is_for_person() || dispatch.lacks_lane(&it.reviewer);
        let review = task.in_review.as_ref().filter(is_for_person)?;
        let tip = reading.detail.branch.as_ref().and_then(|it| it.tip.clone());
        return Some(Need::Review {
            run: review.run,
            commit: tip,
            result: None,
        });
    }
    if *status != Status::Blocked || task.status != Status::Blocked {
        return None;
    }
    let question = task.block_reason.clone();
    let question = question.or_else(|| match task.last_error {
        None => timeline::why_blocked(&reading.detail.events),
        Some(_) => None,
    });
    let on_board = model.board.get(&task.id).and_then(Concern::of_task);
    let proposed = on_board.and_then(|concern| model.inbox.proposed(&concern));
    let error = task.last_error.clone();
    Some(Need::of_blocked(question, task.failures, error, proposed))
}

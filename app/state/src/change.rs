//! The changes a person may make to a task on the board, and how they look before the server has
//! answered.

use domain::board::TaskSummary;
use domain::command::{
    ApproveTask, ArchiveTask, AssignTask, BlockTask, CancelRun, Command, CommentOnTask,
    CompleteTask, EditTask, LandTask, LinkTasks, MoveTask, RequestChanges, SetPriority, SnoozeTask,
    UnblockTask, UnlinkTasks,
};
use domain::id::{RunId, TaskId};
use domain::landing::Method;
use domain::outcome::StartOn;
use domain::status::Status;
use domain::time::Seconds;
use domain::transition::{self, Step};
use serde::{Deserialize, Serialize};

use crate::label;

/// One change of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Put it into `triage`, `todo` or `ready`.
    Move(Status),
    /// Let it go on after it was blocked.
    Unblock,
    /// Let it go on, with this said first where there is something to say.
    Answer {
        /// The text.
        text: String,
    },
    /// Stop it until somebody has answered.
    Block {
        /// The question; empty where there is none, and `None` until the person was asked for it.
        reason: Option<String>,
    },
    /// Finish it by hand.
    Complete {
        /// The result.
        result: Option<String>,
    },
    /// Finish it by hand although it has a check, which did not run.
    CompleteUnchecked {
        /// The result.
        result: Option<String>,
    },
    /// Approve its work, which is that of this run and commit where they are known.
    Approve {
        /// The run.
        run: Option<RunId>,
        /// The commit.
        commit: Option<String>,
    },
    /// Ask for changes to its work.
    RequestChanges {
        /// The changes that are asked for.
        reason: String,
        /// The run.
        run: Option<RunId>,
        /// The commit.
        commit: Option<String>,
    },
    /// Land its work.
    Land {
        /// The branch that it lands on; `None` for that on which it began.
        onto: Option<String>,
        /// The method; `None` leaves that to the task and its lane.
        method: Option<Method>,
        /// True if its own branch is deleted afterwards.
        delete_branch: bool,
    },
    /// Put it away.
    Archive,
    /// Stop its worker; it goes to `todo`.
    Cancel,
    /// Give it to somebody, or to nobody.
    Assign(Option<String>),
    /// The same, and end its run.
    Reassign(Option<String>),
    /// Let it start sooner or later than others.
    SetPriority(i64),
    /// Change what it says. What is `None` stays.
    Edit {
        /// The title.
        title: Option<String>,
        /// The body.
        body: Option<String>,
        /// The script of its check; an empty one for none.
        check: Option<String>,
        /// The one who has to approve its work; an empty one for nobody.
        review: Option<String>,
    },
    /// Start it no sooner than after this span; without one, as soon as it can.
    Snooze(Option<Seconds>),
    /// Let it wait for another task.
    WaitFor {
        /// The other task.
        parent: String,
        /// The outcome on which it starts; without one success, or that of the link that is there.
        on: Option<StartOn>,
    },
    /// Let it wait for another task no longer.
    StopWaitingFor(TaskId),
}

impl Change {
    /// The change that brings a task from one column to another; `None` where no person can do
    /// that.
    pub fn between(from: &Status, to: &Status) -> Option<Self> {
        let change = match (from, to) {
            (from, to) if from == to => return None,
            (Status::Blocked, Status::Ready) => Self::Unblock,
            (_, Status::Triage | Status::Todo | Status::Ready) => Self::Move(to.clone()),
            (_, Status::Blocked) => Self::Block { reason: None },
            (Status::Review, Status::Done) => Self::Approve {
                run: None,
                commit: None,
            },
            (_, Status::Done) => Self::Complete { result: None },
            (_, Status::Archived) => Self::Archive,
            (_, Status::Running | Status::Review | Status::Other(_)) => return None,
        };
        change.leads_from(from).is_some().then_some(change)
    }

    /// The landing that the fields of a form ask for. What is empty is left to the task and its lane.
    pub fn land(onto: &str, method: &str, delete_branch: bool) -> Self {
        let onto = onto.trim();
        Self::Land {
            onto: (!onto.is_empty()).then(|| onto.to_owned()),
            method: method.parse().ok(),
            delete_branch,
        }
    }

    /// The reason why [`Change::between`] returns nothing.
    pub fn why_not_between(from: &Status, to: &Status) -> String {
        match to {
            to if from == to => format!("It is in {} already", label::of(to)),
            Status::Running => "Only a worker that takes a task starts it".to_owned(),
            Status::Review => "Only a worker that has finished gives it to review".to_owned(),
            Status::Blocked => "Only a task that is ready or running can be blocked".to_owned(),
            Status::Done => "Move it to Ready before it is finished".to_owned(),
            _ => format!("It cannot go to {}", label::of(to)),
        }
    }

    /// The commands that carry it out, all of them or none.
    pub fn into_commands(self, task: TaskId) -> Vec<Command> {
        let command: Command = match self {
            Self::Answer { text } => {
                let body = text.trim().to_owned();
                let about = task.clone();
                let said = (!body.is_empty()).then_some(CommentOnTask { task: about, body }.into());
                let go_on = UnblockTask { task }.into();
                return said.into_iter().chain([go_on]).collect();
            }
            Self::Move(to) => MoveTask { task, to }.into(),
            Self::Unblock => UnblockTask { task }.into(),
            Self::Block { reason } => BlockTask {
                task,
                reason: reason.filter(|text| !text.is_empty()),
            }
            .into(),
            Self::Complete { result } => complete(task, result, false).into(),
            Self::CompleteUnchecked { result } => complete(task, result, true).into(),
            Self::Approve { run, commit } => ApproveTask {
                task,
                run,
                commit,
                note: None,
            }
            .into(),
            Self::RequestChanges {
                reason,
                run,
                commit,
            } => RequestChanges {
                task,
                reason,
                run,
                commit,
            }
            .into(),
            Self::Land {
                onto,
                method,
                delete_branch,
            } => LandTask {
                task,
                onto,
                method,
                delete_branch,
            }
            .into(),
            Self::Archive => ArchiveTask { task }.into(),
            Self::Cancel => CancelRun { task }.into(),
            Self::Assign(assignee) => AssignTask {
                task,
                assignee,
                stop: false,
                reason: None,
            }
            .into(),
            Self::Reassign(assignee) => AssignTask {
                task,
                assignee,
                stop: true,
                reason: None,
            }
            .into(),
            Self::SetPriority(priority) => SetPriority { task, priority }.into(),
            Self::Snooze(span) => SnoozeTask {
                task,
                until: None,
                span,
            }
            .into(),
            Self::Edit {
                title,
                body,
                check,
                review,
            } => EditTask {
                title,
                body,
                check,
                review,
                ..EditTask::of(task)
            }
            .into(),
            Self::WaitFor { parent, on } => LinkTasks {
                parent,
                child: task.into(),
                on,
            }
            .into(),
            Self::StopWaitingFor(parent) => UnlinkTasks {
                parent,
                child: task,
            }
            .into(),
        };
        vec![command]
    }

    /// Makes a card look as it will once the server agrees.
    pub fn foresee(&self, task: &mut TaskSummary) {
        match self {
            Self::Assign(assignee) => task.assignee.clone_from(assignee),
            Self::Reassign(assignee) => {
                task.assignee.clone_from(assignee);
                task.status = Status::Ready;
            }
            Self::SetPriority(priority) => task.priority = *priority,
            Self::Edit {
                title: Some(title), ..
            } => title.trim().clone_into(&mut task.title),
            Self::WaitFor {
                on: Some(StartOn::Always),
                ..
            }
            | Self::StopWaitingFor(_) => task.is_dead_end = false,
            Self::Land { .. } => task.is_landing = true,
            Self::Edit { title: None, .. } | Self::Snooze(_) | Self::WaitFor { .. } => {}
            step => {
                if let Some(status) = step.leads_from(&task.status) {
                    task.status = status;
                }
            }
        }
    }

    /// The change as done to `what`, in words: `Moved “Count words” to Ready`.
    pub fn in_words(&self, what: &str) -> String {
        match self {
            Self::Move(column) => format!("Moved {what} to {}", label::of(column)),
            Self::Unblock => format!("Unblocked {what}"),
            Self::Answer { text } if text.trim().is_empty() => format!("Let {what} go on"),
            Self::Answer { .. } => format!("Answered {what}"),
            Self::Block { .. } => format!("Blocked {what}"),
            Self::Complete { .. } => format!("Completed {what}"),
            Self::CompleteUnchecked { .. } => format!("Completed {what} without its check"),
            Self::Approve { .. } => format!("Approved {what}"),
            Self::RequestChanges { .. } => format!("Asked for changes of {what}"),
            Self::Land { onto, .. } => match onto {
                Some(onto) => format!("Asked to land {what} on {onto}"),
                None => format!("Asked to land {what}"),
            },
            Self::Archive => format!("Archived {what}"),
            Self::Cancel => format!("Stopped {what}"),
            Self::Assign(Some(name)) | Self::Reassign(Some(name)) => {
                format!("Assigned {what} to {name}")
            }
            Self::Assign(None) | Self::Reassign(None) => format!("Unassigned {what}"),
            Self::SetPriority(priority) => format!("Gave {what} priority {priority}"),
            Self::Edit { .. } => format!("Edited {what}"),
            Self::Snooze(Some(span)) => format!("Snoozed {what} for {span}"),
            Self::Snooze(None) => format!("Snoozed {what} no longer"),
            Self::WaitFor { parent, on: None } => format!("Let {what} wait for {parent}"),
            Self::WaitFor {
                parent,
                on: Some(on),
            } => format!("Let {what} start {} of {parent}", label::start_on(*on)),
            Self::StopWaitingFor(parent) => format!("Let {what} no longer wait for {parent}"),
        }
    }

    /// The words on the button that does it.
    pub fn verb(&self) -> String {
        match self {
            Self::Move(column) => format!("Move to {}", label::of(column)),
            Self::Assign(Some(name)) | Self::Reassign(Some(name)) => format!("Assign to {name}"),
            Self::Assign(None) | Self::Reassign(None) => "Unassign".to_owned(),
            Self::Block { .. } => "Block".to_owned(),
            Self::Complete { .. } => "Complete".to_owned(),
            Self::CompleteUnchecked { .. } => "Finish without".to_owned(),
            Self::Approve { .. } => "Approve".to_owned(),
            Self::Archive => "Archive".to_owned(),
            Self::Cancel => "Stop".to_owned(),
            _ => "Go on".to_owned(),
        }
    }

    /// Returns true where it ends the run of a task: the worker is stopped, and what it has not
    /// reported yet is lost. A person who claimed a task by hand loses nothing by finishing or moving
    /// it, only by its going to somebody else.
    pub fn ends_run(&self, task: &TaskSummary) -> bool {
        let ends = match self {
            Self::Assign(assignee) => *assignee != task.assignee,
            step => task.has_worker && step.leads_from(&task.status).is_some(),
        };
        task.status == Status::Running && ends
    }

    /// The same change once the person has agreed that the run ends.
    #[must_use]
    pub fn ending_run(self) -> Self {
        match self {
            Self::Assign(assignee) => Self::Reassign(assignee),
            other => other,
        }
    }

    /// The status after it, where it is one that changes the status.
    fn leads_from(&self, from: &Status) -> Option<Status> {
        let step = match self {
            Self::Move(to) => Step::Move(to.clone()),
            Self::Unblock | Self::Answer { .. } => Step::Unblock { is_waiting: false },
            Self::Block { .. } => Step::Block,
            Self::Complete { .. } | Self::CompleteUnchecked { .. } => Step::Complete,
            Self::Approve { .. } => Step::Approve,
            Self::RequestChanges { .. } => Step::Reject,
            Self::Archive => Step::Archive,
            Self::Cancel => Step::Cancel,
            Self::Assign(_)
            | Self::Reassign(_)
            | Self::SetPriority(_)
            | Self::Snooze(_)
            | Self::Land { .. }
            | Self::Edit { .. }
            | Self::WaitFor { .. }
            | Self::StopWaitingFor(_) => return None,
        };
        transition::after(from, &step)
    }
}

fn complete(task: TaskId, result: Option<String>, unchecked: bool) -> CompleteTask {
    CompleteTask {
        task,
        outcome: None,
        result,
        summary: None,
        metadata: None,
        unchecked,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use domain::fixture::summary;

    use super::*;
    use crate::fixture::with_status;

    fn foreseen(mut task: TaskSummary, change: &Change) -> TaskSummary {
        change.foresee(&mut task);
        task
    }

    #[test]
    fn no_drop_leads_to_running() {
        for from in Status::ALL {
            assert_eq!(Change::between(&from, &Status::Running), None);
        }
    }

    #[test]
    fn a_blocked_task_goes_on_by_unblocking_it() {
        assert_eq!(
            Change::between(&Status::Blocked, &Status::Ready),
            Some(Change::Unblock)
        );
        assert_eq!(
            Change::between(&Status::Done, &Status::Ready),
            Some(Change::Move(Status::Ready))
        );
    }

    #[test]
    fn an_idea_is_not_finished_by_a_drop() {
        assert_eq!(Change::between(&Status::Triage, &Status::Done), None);
        assert_eq!(Change::between(&Status::Done, &Status::Blocked), None);
        assert_eq!(
            Change::between(&Status::Triage, &Status::Archived),
            Some(Change::Archive)
        );
    }

    #[test]
    fn changes_beside_the_status_are_foreseen_too() {
        let given = foreseen(summary(1), &Change::Assign(None));
        assert_eq!(given.assignee, None);
        assert_eq!(foreseen(summary(1), &Change::SetPriority(3)).priority, 3);
        let edit = Change::Edit {
            title: Some(" Another ".to_owned()),
            body: None,
            check: None,
            review: None,
        };
        assert_eq!(foreseen(summary(1), &edit).title, "Another");
        let wait = |on| Change::WaitFor {
            parent: "t_2".to_owned(),
            on,
        };
        assert_eq!(foreseen(summary(1), &wait(None)), summary(1));
        let stuck = TaskSummary {
            is_dead_end: true,
            ..summary(1)
        };
        assert_eq!(foreseen(stuck.clone(), &wait(None)), stuck);
        for way_out in [
            wait(Some(StartOn::Always)),
            Change::StopWaitingFor(TaskId::from_bits(2)),
        ] {
            assert_eq!(foreseen(stuck.clone(), &way_out), summary(1));
        }
    }

    #[test]
    fn what_the_rules_forbid_is_not_foreseen() {
        let done = with_status(1, Status::Done);
        assert_eq!(
            foreseen(done.clone(), &Change::Block { reason: None }),
            done
        );
    }

    proptest! {
        #[test]
        fn a_drop_that_is_offered_lands_where_it_was_dropped(
            from in proptest::sample::select(Status::ALL.to_vec()),
            to in proptest::sample::select(Status::ALL.to_vec()),
        ) {
            match Change::between(&from, &to) {
                Some(change) => {
                    prop_assert_eq!(foreseen(with_status(1, from), &change).status, to);
                }
                None => prop_assert!(!Change::why_not_between(&from, &to).is_empty()),
            }
        }
    }
}

//! The verbs that make and change a task.

use serde::{Deserialize, Serialize};

use super::texts::LONGEST_TITLE;
use super::{Audited, Change, Commented, Created, SHELL, Verb, texts, verb};
use crate::actor::Authority;
use crate::authority::Act;
use crate::check::LONGEST_CHECK;
use crate::error::Error;
use crate::id::TaskId;
use crate::landing::Method;
use crate::outcome::StartOn;
use crate::status::Status;
use crate::task::WorkspaceKind;
use crate::text::{lines, one_line, printed};
use crate::time::{Seconds, Timestamp};

/// Creates a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CreateTask {
    /// The title: the work, in a line.
    pub title: String,
    /// The description.
    pub body: Option<String>,
    /// The assignee.
    pub assignee: Option<String>,
    /// The project or customer.
    pub tenant: Option<String>,
    /// Higher starts sooner.
    pub priority: i64,
    /// The kind of folder that its workers run in.
    pub workspace_kind: WorkspaceKind,
    /// The folder.
    pub workspace_path: Option<String>,
    /// The ids of tasks to wait for, as given, each with the outcome on which this one starts
    /// (`t_1a2b3c4d:failure`) unless that is success; empty ones are dropped.
    pub parents: Vec<String>,
    /// True for an idea, which goes to `triage`.
    pub triage: bool,
    /// A key under which a repeated request finds the task of the first.
    pub idempotency_key: Option<String>,
    /// The number of failures in a row that blocks it.
    pub failure_limit: Option<u32>,
    /// The time limit of an attempt, where it is less than the lane's.
    pub max_runtime: Option<Seconds>,
    /// The time by which it is to be finished.
    pub due_at: Option<Timestamp>,
    /// The names of the skills that its workers need.
    pub skills: Vec<String>,
    /// Its check: a script that has to exit with 0 before it counts as done.
    pub check: Option<String>,
    /// The number of red checks in a row that blocks it.
    pub rework_limit: Option<u32>,
    /// The one who has to approve its work before it counts as done: `person`, or a lane.
    pub review: Option<String>,
    /// The method by which its work lands; without one, as its lane says.
    pub land_method: Option<Method>,
}

impl Verb for CreateTask {
    type Answer = Created;

    const ACT: Act = Act::Create;

    fn accept(&mut self, by: &Authority) -> Result<(), Error> {
        let Self {
            title,
            body,
            assignee,
            tenant,
            priority: _,
            workspace_kind: _,
            workspace_path,
            parents: _,
            triage: _,
            idempotency_key,
            failure_limit: _,
            max_runtime: _,
            due_at: _,
            skills: _,
            check,
            rework_limit: _,
            review,
            land_method,
        } = self;
        accept_check(check.as_deref(), by)?;
        accept_review(review, by)?;
        accept_method(land_method.map(Method::as_str), by)?;
        texts::clean(title, one_line);
        texts::bound("title", Some(title), LONGEST_TITLE)?;
        texts::name("assignee", assignee.as_mut())?;
        texts::name("tenant", tenant.as_mut())?;
        texts::path("workspace path", workspace_path.as_deref())?;
        texts::name("idempotency key", idempotency_key.as_mut())?;
        // A script is run as it was written.
        if by.is_worker() && assignee.as_deref() != Some(SHELL) {
            texts::clean_some(body, printed);
        }
        texts::refuse_nul(body.as_deref())
    }

    fn audited(&self) -> Option<Audited<'_>> {
        // An idea starts nothing.
        let assignee = self.assignee.clone().filter(|_| !self.triage)?;
        Some(("create", Some(assignee)))
    }
}

/// Checks a check. Whoever it is to judge does not set it.
fn accept_check(check: Option<&str>, by: &Authority) -> Result<(), Error> {
    if check.is_some() && !matches!(by, Authority::Full) {
        return Err(Error::NotYourCheck);
    }
    texts::bound("check", check, LONGEST_CHECK)?;
    texts::refuse_nul(check)
}

/// Checks a reviewer. Whoever is to be judged does not choose one.
fn accept_review(review: &mut Option<String>, by: &Authority) -> Result<(), Error> {
    if review.is_some() && !matches!(by, Authority::Full) {
        return Err(Error::NotYourCheck);
    }
    texts::name("reviewer", review.as_mut())?;
    match review.as_deref() {
        Some(SHELL) => Err(Error::ShellReview),
        _ => Ok(()),
    }
}

/// Checks the name of a method of landing, which may be blank. Whoever may not land work does not say how
/// it lands.
fn accept_method(method: Option<&str>, by: &Authority) -> Result<(), Error> {
    if method.is_some() && !matches!(by, Authority::Full) {
        return Err(Error::NotYourCheck);
    }
    match method.map(str::trim) {
        None | Some("") => Ok(()),
        Some(name) => name.parse::<Method>().map(drop),
    }
}

/// Edits the texts, the due time, the check, the reviewer and the method of landing of a task. `None`
/// keeps one; a due time of zero, a blank check, a blank reviewer and a blank method remove it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditTask {
    /// The task.
    pub task: TaskId,
    /// The new title.
    pub title: Option<String>,
    /// The new body.
    pub body: Option<String>,
    /// The new time by which it is to be finished.
    pub due_at: Option<Timestamp>,
    /// The new check.
    pub check: Option<String>,
    /// The new reviewer.
    pub review: Option<String>,
    /// The new method by which its work lands: `merge` or `rebase`.
    #[serde(default)]
    pub land_method: Option<String>,
}

impl EditTask {
    /// An edit of `task` that keeps everything.
    pub const fn of(task: TaskId) -> Self {
        Self {
            task,
            title: None,
            body: None,
            due_at: None,
            check: None,
            review: None,
            land_method: None,
        }
    }
}

impl Verb for EditTask {
    type Answer = Change;

    const ACT: Act = Act::Edit;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, by: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            title,
            body,
            due_at: _,
            check,
            review,
            land_method,
        } = self;
        accept_check(check.as_deref(), by)?;
        accept_review(review, by)?;
        accept_method(land_method.as_deref(), by)?;
        texts::clean_some(title, one_line);
        texts::bound("title", title.as_deref(), LONGEST_TITLE)?;
        texts::refuse_nul(body.as_deref())
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("edit", None))
    }
}

/// Assigns a task to somebody, or to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignTask {
    /// The task.
    pub task: TaskId,
    /// The new assignee.
    pub assignee: Option<String>,
    /// Stops a worker that has the task, also where the assignee stays the same; without it a running
    /// task is refused.
    pub stop: bool,
    /// The reason, for whoever reads that a worker was stopped and the assignee stayed the same.
    pub reason: Option<String>,
}

impl Verb for AssignTask {
    type Answer = Change;

    const ACT: Act = Act::Assign;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            assignee,
            stop: _,
            reason,
        } = self;
        texts::reason(reason)?;
        texts::name("assignee", assignee.as_mut())
    }

    fn audited(&self) -> Option<Audited<'_>> {
        let assignee = self.assignee.clone()?;
        Some(("assign", Some(assignee)))
    }
}

/// Changes the order in which tasks start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetPriority {
    /// The task.
    pub task: TaskId,
    /// Higher starts sooner.
    pub priority: i64,
}

verb!(SetPriority: Prioritize -> Change, task);

/// Changes the limits of a task. `None` keeps a limit; zero returns it to the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitTask {
    /// The task.
    pub task: TaskId,
    /// The time limit of an attempt, where it is less than the lane's.
    pub max_runtime: Option<Seconds>,
    /// The number of failures in a row that blocks it.
    pub failure_limit: Option<u32>,
    /// The number of red checks in a row that blocks it.
    #[serde(default)]
    pub rework_limit: Option<u32>,
}

verb!(LimitTask: Prioritize -> Change, task);

/// Moves a task to `triage`, `todo` or `ready` by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MoveTask {
    /// The task.
    pub task: TaskId,
    /// The new status.
    pub to: Status,
}

impl Verb for MoveTask {
    type Answer = Change;

    const ACT: Act = Act::Move;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        let is_started = self.to == Status::Ready;
        is_started.then(|| ("move", Some(self.to.to_string())))
    }
}

/// Archives a task. It counts as finished for the tasks that depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArchiveTask {
    /// The task.
    pub task: TaskId,
}

impl Verb for ArchiveTask {
    type Answer = Change;

    const ACT: Act = Act::Archive;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("archive", None))
    }
}

/// Makes a task depend on another, or changes the outcome on which it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkTasks {
    /// The task to wait for, as given.
    pub parent: String,
    /// The task that waits, as given.
    pub child: String,
    /// The outcome on which it starts; without one success, or that of the link that is there.
    #[serde(default)]
    pub on: Option<StartOn>,
}

verb!(LinkTasks: Link -> Change);

/// Removes a dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnlinkTasks {
    /// The task that was waited for.
    pub parent: TaskId,
    /// The task that waited.
    pub child: TaskId,
}

impl Verb for UnlinkTasks {
    type Answer = Change;

    const ACT: Act = Act::Unlink;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.child)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("unlink", Some(self.parent.to_string())))
    }
}

/// Comments on a task in the name of the actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CommentOnTask {
    /// The task.
    pub task: TaskId,
    /// The text of the comment.
    pub body: String,
}

impl Verb for CommentOnTask {
    type Answer = Commented;

    const ACT: Act = Act::Comment;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, by: &Authority) -> Result<(), Error> {
        let Self { task: _, body } = self;
        if by.is_worker() {
            texts::clean(body, printed);
            return Ok(());
        }
        texts::refuse_nul(Some(body))?;
        texts::clean(body, lines);
        Ok(())
    }
}

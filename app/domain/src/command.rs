//! The commands of the board. Every door builds these; the kernel alone carries them out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actor::RequestKey;
use crate::dispatch::{Place, Report};
use crate::home::HomeIdentity;
use crate::id::{CommentId, DeliveryId, EventId, RunId, SubscriptionId, TaskId};
use crate::notify::delivery::Retry;
use crate::notify::quiet::QuietHours;
use crate::notify::{Address, Filter};
use crate::run::{Claimed, Outcome, ProcessIdentity};
use crate::status::Status;
use crate::task::WorkspaceKind;
use crate::time::{Seconds, Timestamp};
use crate::workspace::Workspace;

/// The lane that runs the text of a task as a script.
pub const SHELL: &str = "shell";

/// The default length of a lease.
pub const LEASE: Seconds = Seconds(900);

/// The default number of failures in a row that blocks a task.
pub const FAILURE_LIMIT: u32 = 5;

/// The maximum number of changes in one bulk request.
pub const MAX_CHANGES: usize = 1_000;

/// A change to the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Creates a task.
    CreateTask(NewTask),
    /// Claims a ready task and opens a run.
    ClaimTask {
        /// The task.
        task: TaskId,
        /// The claimer, as `host:pid`.
        lock: String,
        /// The length of the lease.
        ttl: Seconds,
        /// The lane that will start the worker; `None` for a person.
        lane: Option<String>,
        /// Checks beyond status and parents.
        policy: ClaimPolicy,
    },
    /// Records a heartbeat of the worker: it makes progress. Renews the lease too.
    Heartbeat {
        /// The task.
        task: TaskId,
        /// The new length of the lease, from now.
        ttl: Seconds,
    },
    /// Renews the lease for the supervisor, which is alive. Says nothing of the worker's progress.
    RenewLease {
        /// The task.
        task: TaskId,
        /// The new length of the lease, from now.
        ttl: Seconds,
    },
    /// Completes a task. Tasks that waited for it become ready.
    CompleteTask {
        /// The task.
        task: TaskId,
        /// The result, for the tasks that depend on it.
        result: Option<String>,
        /// A summary of the run for people; also the result where there is none.
        summary: Option<String>,
        /// Metadata of the run for programs: the text of a JSON object.
        metadata: Option<String>,
    },
    /// Blocks a task until a person has answered. A reason is also kept as a comment.
    BlockTask {
        /// The task.
        task: TaskId,
        /// The question, or what is missing.
        reason: Option<String>,
    },
    /// Unblocks a task: to `ready`, or to `todo` where it still waits for a parent.
    UnblockTask {
        /// The task.
        task: TaskId,
    },
    /// Comments on a task in the name of the actor.
    CommentOnTask {
        /// The task.
        task: TaskId,
        /// The text of the comment.
        body: String,
    },
    /// Assigns a task to somebody, or to nobody.
    AssignTask {
        /// The task.
        task: TaskId,
        /// The new assignee.
        assignee: Option<String>,
        /// Stops a worker that has the task; without it a running task is refused.
        stop: bool,
    },
    /// Edits the texts of a task. `None` keeps a text.
    EditTask {
        /// The task.
        task: TaskId,
        /// The new title.
        title: Option<String>,
        /// The new body.
        body: Option<String>,
    },
    /// Changes the order in which tasks start.
    SetPriority {
        /// The task.
        task: TaskId,
        /// Higher starts sooner.
        priority: i64,
    },
    /// Changes the time limit and the failure limit of a task. `None` keeps a limit; zero returns
    /// it to the default.
    LimitTask {
        /// The task.
        task: TaskId,
        /// The time limit of an attempt, where it is less than the lane's.
        max_runtime: Option<Seconds>,
        /// The number of failures in a row that blocks it.
        failure_limit: Option<u32>,
    },
    /// Archives a task. It counts as finished for the tasks that depend on it.
    ArchiveTask {
        /// The task.
        task: TaskId,
    },
    /// Makes a task depend on another.
    LinkTasks {
        /// The task to wait for, as given.
        parent: String,
        /// The task that waits, as given.
        child: String,
    },
    /// Removes a dependency.
    UnlinkTasks {
        /// The task that was waited for.
        parent: TaskId,
        /// The task that waited.
        child: TaskId,
    },
    /// Moves a task to `triage`, `todo` or `ready` by hand.
    MoveTask {
        /// The task.
        task: TaskId,
        /// The new status.
        to: Status,
    },
    /// Undoes all that the request did which wrote this event. Refused once a task that it touched
    /// has changed again.
    Undo {
        /// An event of the request's receipts.
        event: EventId,
    },
    /// Pauses a lane or the dispatcher: nothing more starts until [`Command::Resume`].
    Pause {
        /// The lane; `None` is the whole dispatcher.
        lane: Option<String>,
    },
    /// Resumes a lane or the dispatcher.
    Resume {
        /// The lane; `None` is the whole dispatcher. A lane with a pause of its own stays paused.
        lane: Option<String>,
    },
    /// Promotes every waiting task whose parents are finished to `ready`.
    PromoteWaiting,
    /// Subscribes an address to the news of a task.
    Subscribe {
        /// The task.
        task: TaskId,
        /// The address.
        to: Address,
    },
    /// Removes a subscription to a task.
    Unsubscribe {
        /// The task.
        task: TaskId,
        /// The address, of which the user does not count.
        to: Address,
    },
    /// Subscribes an address to the news of many tasks.
    SubscribeBoard {
        /// The address.
        to: Address,
        /// The filter of tasks and news.
        filter: Filter,
    },
    /// Removes a subscription to many tasks.
    UnsubscribeBoard {
        /// The subscription.
        subscription: SubscriptionId,
    },
    /// Sets the quiet hours of an address; messages of that time are sent afterwards.
    SetQuietHours {
        /// The address, of which the user does not count.
        to: Address,
        /// The hours; `None` is never.
        hours: Option<QuietHours>,
    },
    /// Records that these were delivered, in one message.
    RecordDelivered {
        /// The deliveries; all to one address.
        deliveries: Vec<DeliveryId>,
        /// The receiver's id of the message.
        receipt: Option<String>,
        /// True for a chat, which has a rate limit.
        is_chat: bool,
    },
    /// Records that these could not be delivered.
    RecordUndelivered {
        /// The deliveries; all to one address.
        deliveries: Vec<DeliveryId>,
        /// The error, in a sentence.
        error: String,
        /// The time of the next attempt, or none.
        retry: Retry,
    },
    /// Retries a delivery that was given up, and everything else undelivered at its address.
    RetryDelivery {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// Drops a delivery that was given up, and everything else undelivered at its address.
    DropDelivery {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// Records a message from a chat, which the second time changes nothing, so that a message that
    /// is sent again is not acted upon twice.
    TakeMessage {
        /// The platform of the chat.
        platform: String,
        /// The platform's id of the message.
        message: String,
    },
    /// Deletes the events of finished tasks that are older than this.
    ForgetEvents {
        /// Events before this moment are deleted.
        before: Timestamp,
    },
    /// Takes back every claim whose lease has expired.
    ReleaseStaleClaims,
    /// Moves back-offs and leases along after the wall clock was set or nobody could renew a lease.
    /// Writes no event.
    FollowClock {
        /// The amount by which the clock was set forward.
        by: Seconds,
        /// The least that every lease lasts from now.
        grace: Seconds,
    },
    /// Takes back the claim of another program whose worker is gone. Does not count as a failure;
    /// does nothing if the task is claimed otherwise by then.
    ReleaseCrashed {
        /// The task.
        task: TaskId,
        /// The claimer, as `host:pid`.
        lock: String,
        /// The process id of the worker.
        worker_pid: i64,
    },
    /// Cancels the current run of a task. The task goes to `todo` and stays there.
    CancelRun {
        /// The task.
        task: TaskId,
    },
    /// Takes a running task away from its worker, makes it ready for another attempt, and resets
    /// its failures: a person has looked at it.
    ReclaimTask {
        /// The task.
        task: TaskId,
        /// Refuses unless this is its current run.
        run: Option<RunId>,
        /// The reason, for whoever reads the event.
        reason: Option<String>,
    },
    /// Records the process of a run's supervisor. Refused once the run is closed, so that a
    /// supervisor that comes too late starts no worker.
    AttachSupervisor {
        /// The run.
        run: RunId,
        /// The supervisor's process.
        process: ProcessIdentity,
    },
    /// Records that the worker of a run was started.
    RecordSpawn {
        /// The run.
        run: RunId,
        /// The process id of the worker.
        worker_pid: i64,
        /// Its working directory.
        workspace: String,
        /// The start of its output in the task's log, in bytes.
        log_start: Option<u64>,
    },
    /// Records the workspace of a run that was claimed by hand. Writes no event.
    PlaceRun {
        /// The run.
        run: RunId,
        /// The folder.
        workspace: String,
    },
    /// Records that the worker of a run is gone. Does not settle the task; the run may be closed.
    /// If it is open, the commands of the same request close it as of that moment.
    RecordExit {
        /// The run.
        run: RunId,
        /// The time of the exit, if known.
        ended_at: Option<Timestamp>,
        /// The worker's exit code, if it exited by itself.
        code: Option<i32>,
        /// The end of its output in the task's log, in bytes; `None` when the log was rotated.
        log_end: Option<u64>,
    },
    /// Closes a run as failed.
    FailRun {
        /// The run.
        run: RunId,
        /// The kind and the error of the failure.
        failure: Failure,
        /// The number of failures in a row that blocks the task, unless the task has its own;
        /// `None` is [`FAILURE_LIMIT`].
        limit: Option<u32>,
        /// The back-off before the next attempt.
        #[serde(default)]
        next: NextAttempt,
    },
    /// Defers a run: a dependency is temporarily unavailable. Does not count as a failure; the task
    /// backs off, longer each time in a row, and is blocked after too many deferrals or too long a
    /// wait.
    DeferRun {
        /// The run.
        run: RunId,
        /// The dependency that is missing.
        reason: String,
    },
    /// Closes a run that was interrupted from outside. Does not count as a failure.
    InterruptRun {
        /// The run.
        run: RunId,
        /// The cause, in a sentence, if known.
        error: Option<String>,
    },
    /// Records that a restarted dispatcher adopted a living run.
    AdoptRun {
        /// The run.
        run: RunId,
    },
    /// Records a folder that the dispatcher made for a task and may remove one day.
    RecordWorkspace(Workspace),
    /// Forgets a folder that the dispatcher had made and has removed.
    ForgetWorkspace {
        /// The folder.
        path: String,
    },
    /// Records every workspace that was made at the default place of another home at this one's.
    MoveWorkspaces {
        /// The folder of workspaces in this home.
        to: String,
    },
    /// Begins to dispatch from a home; pauses the board where that is a copy of the one before.
    DispatchFrom {
        /// The home.
        home: HomeIdentity,
        /// The folder of workspaces in it.
        workspaces: String,
    },
    /// Publishes the dispatcher's report. Writes no event.
    PublishDispatcher(Report),
    /// Brings the full-text index up to date by one step.
    IndexTexts,
    /// Keeps the answer of an idempotent request. Writes no event.
    KeepAnswer {
        /// The request.
        request: RequestKey,
        /// The answer as the door wrote it; `None` where it is too long.
        answer: Option<String>,
    },
    /// Records an act in the audit log that is none of the board's, such as a new token.
    Audit {
        /// The act.
        action: String,
    },
}

/// The fields of a task to create.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewTask {
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
    /// The ids of tasks to wait for, as given; empty ones are dropped.
    pub parents: Vec<String>,
    /// True for an idea, which goes to `triage`.
    pub triage: bool,
    /// A key under which a repeated request finds the task of the first.
    pub idempotency_key: Option<String>,
    /// The number of failures in a row that blocks it.
    pub failure_limit: Option<u32>,
    /// The time limit of an attempt, where it is less than the lane's.
    pub max_runtime: Option<Seconds>,
    /// The names of the skills that its workers need.
    pub skills: Vec<String>,
}

/// The checks of a claim beyond the task's status and parents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimPolicy {
    /// The maximum number of open runs on the whole board.
    pub global_cap: Option<u32>,
    /// The maximum number of open runs in the lane.
    pub lane_cap: Option<u32>,
    /// True to refuse a task in back-off.
    pub respects_rest: bool,
    /// True to refuse while the dispatcher or the lane is paused.
    pub respects_pause: bool,
    /// The runs whose processes may still be alive, and their slots. Those that are closed by then
    /// keep their tasks from being claimed and count against the caps.
    pub unsettled: BTreeMap<RunId, Place>,
}

/// The back-off class after a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NextAttempt {
    /// Retries after seconds, and longer each time.
    #[default]
    Soon,
    /// Retries after a minute, and longer each time: its workers depend on a service.
    Later,
    /// Retries only once a person has mended something.
    Never,
}

/// The failure of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The class of failure.
    pub outcome: Outcome,
    /// The worker's exit code, where it exited by itself.
    pub code: Option<i32>,
    /// The error, in a sentence.
    pub error: String,
    /// The last output of a worker that reported nothing: a person may accept it as the result.
    pub proposed: Option<String>,
}

/// The outcome of a command.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The events that it wrote, in order; none when nothing changed.
    pub events: Vec<EventId>,
    /// The answer to the caller.
    pub answer: Answer,
}

/// The answer in a [`Receipt`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// The command was carried out.
    Done,
    /// The task that was created, or found under its idempotency key.
    Created {
        /// Its id.
        task: TaskId,
        /// True if it was created by this command.
        is_new: bool,
    },
    /// The claim was granted.
    Claimed(Box<Claimed>),
    /// The lease was renewed.
    Renewed {
        /// The new end of the lease.
        lease_expires: Timestamp,
    },
    /// The comment was written.
    Commented {
        /// Its id.
        comment: CommentId,
    },
    /// Waiting tasks were made ready.
    Promoted {
        /// Their number.
        count: usize,
    },
    /// Claims whose lease had run out were taken back.
    Reclaimed {
        /// Their number.
        count: usize,
    },
    /// Old events were forgotten.
    Forgotten {
        /// Their number.
        count: usize,
    },
    /// There was nothing to do.
    Unchanged,
}

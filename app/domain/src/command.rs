//! What can be asked of the board. Every door builds these; the kernel alone carries them out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actor::RequestKey;
use crate::dispatch::{Place, Report};
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

/// How long a claim lasts unless it is renewed.
pub const LEASE: Seconds = Seconds(900);

/// After how many failures in a row a task is blocked, unless the task says otherwise.
pub const FAILURE_LIMIT: u32 = 5;

/// How many changes one request may ask for.
pub const MAX_CHANGES: usize = 1_000;

/// One change asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Put a task on the board.
    CreateTask(NewTask),
    /// Take a ready task and open a run.
    ClaimTask {
        /// The task.
        task: TaskId,
        /// Who claims, as `host:pid`.
        lock: String,
        /// How long the claim lasts unless it is renewed.
        ttl: Seconds,
        /// The lane that will start the worker; `None` for a person.
        lane: Option<String>,
        /// What is checked beyond status and parents.
        policy: ClaimPolicy,
    },
    /// The worker of the current run shows that it makes progress. Lengthens the lease too.
    Heartbeat {
        /// The task.
        task: TaskId,
        /// The new length of the lease, from now.
        ttl: Seconds,
    },
    /// The supervisor of the current run lives. Says nothing of the worker's progress.
    RenewLease {
        /// The task.
        task: TaskId,
        /// The new length of the lease, from now.
        ttl: Seconds,
    },
    /// Finish a task. Tasks that waited for it become ready.
    CompleteTask {
        /// The task.
        task: TaskId,
        /// What came out of it, for the tasks that depend on it.
        result: Option<String>,
        /// What the run did, for whoever looks at it later; also the result where there is none.
        summary: Option<String>,
        /// Particulars of the run for programs: the text of a JSON object.
        metadata: Option<String>,
    },
    /// Stop a task until a person has answered. A reason is also kept as a comment.
    BlockTask {
        /// The task.
        task: TaskId,
        /// The question, or what is missing.
        reason: Option<String>,
    },
    /// Let a blocked task go on: to `ready`, or to `todo` where it still waits for a parent.
    UnblockTask {
        /// The task.
        task: TaskId,
    },
    /// Say something about a task, in the name of the actor.
    CommentOnTask {
        /// The task.
        task: TaskId,
        /// What to say.
        body: String,
    },
    /// Give a task to somebody, or to nobody.
    AssignTask {
        /// The task.
        task: TaskId,
        /// To whom.
        assignee: Option<String>,
        /// Whether a worker that has the task is stopped; without it a running task is refused.
        stop: bool,
    },
    /// Change what a task says. What is `None` stays.
    EditTask {
        /// The task.
        task: TaskId,
        /// The new title.
        title: Option<String>,
        /// The new body.
        body: Option<String>,
    },
    /// Change when a task starts relative to others.
    SetPriority {
        /// The task.
        task: TaskId,
        /// Higher starts sooner.
        priority: i64,
    },
    /// Change how long a task may run and how often it may fail. What is `None` stays; zero takes a
    /// limit of its own away.
    LimitTask {
        /// The task.
        task: TaskId,
        /// How long an attempt may run, where that is less than its lane allows.
        max_runtime: Option<Seconds>,
        /// After how many failures in a row it is blocked.
        failure_limit: Option<u32>,
    },
    /// Put a task away. It counts as finished for the tasks that depend on it.
    ArchiveTask {
        /// The task.
        task: TaskId,
    },
    /// Let a task wait for another.
    LinkTasks {
        /// The task to wait for, as given.
        parent: String,
        /// The task that waits, as given.
        child: String,
    },
    /// Let a task no longer wait for another.
    UnlinkTasks {
        /// The task that was waited for.
        parent: TaskId,
        /// The task that waited.
        child: TaskId,
    },
    /// Put a task into `triage`, `todo` or `ready` by hand.
    MoveTask {
        /// The task.
        task: TaskId,
        /// Where to.
        to: Status,
    },
    /// Take back everything that the request did which wrote this event. Refused once a task that it
    /// touched has changed again.
    Undo {
        /// An event of the request's receipts.
        event: EventId,
    },
    /// Start nothing more, in one lane or at all, until [`Command::Resume`].
    Pause {
        /// The lane; `None` is the whole dispatcher.
        lane: Option<String>,
    },
    /// Start tasks again.
    Resume {
        /// The lane; `None` is the whole dispatcher. A lane that is paused for itself stays paused.
        lane: Option<String>,
    },
    /// Look through every waiting task and make those ready whose parents are finished.
    PromoteWaiting,
    /// Tell somebody what becomes of a task, from now on.
    Subscribe {
        /// The task.
        task: TaskId,
        /// Who is told, and where.
        to: Address,
    },
    /// Tell them no longer.
    Unsubscribe {
        /// The task.
        task: TaskId,
        /// Who was told; the user does not count.
        to: Address,
    },
    /// Tell somebody what becomes of many tasks, from now on.
    SubscribeBoard {
        /// Who is told, and where.
        to: Address,
        /// Of what.
        filter: Filter,
    },
    /// Tell them no longer.
    UnsubscribeBoard {
        /// The subscription.
        subscription: SubscriptionId,
    },
    /// Leave a place alone at certain hours; what happens meanwhile is told afterwards.
    SetQuietHours {
        /// The place; the user does not count.
        to: Address,
        /// The hours; `None` is never.
        hours: Option<QuietHours>,
    },
    /// These were delivered, in one message.
    RecordDelivered {
        /// Which; all of one place.
        deliveries: Vec<DeliveryId>,
        /// The number that the receiver gave to the message.
        receipt: Option<String>,
        /// Whether people read there, who are told only so much in a minute.
        is_chat: bool,
    },
    /// These could not be delivered.
    RecordUndelivered {
        /// Which; all of one place.
        deliveries: Vec<DeliveryId>,
        /// Why, in a sentence.
        error: String,
        /// Whether to try again.
        retry: Retry,
    },
    /// Try again what was given up, and with it everything else that the same place was not told.
    RetryDelivery {
        /// Which.
        delivery: DeliveryId,
    },
    /// Forget what was given up, and with it everything else that the same place was not told.
    DropDelivery {
        /// Which.
        delivery: DeliveryId,
    },
    /// A message came in from a chat. Done the first time only, so that one that is sent again is not
    /// acted upon twice.
    TakeMessage {
        /// The channel.
        platform: String,
        /// What the channel calls it.
        message: String,
    },
    /// Forget the events of finished tasks that are older than this.
    ForgetEvents {
        /// The moment before which events are forgotten.
        before: Timestamp,
    },
    /// Take back every claim whose lease has run out.
    ReleaseStaleClaims,
    /// Let rests and leases last as long as they were to, though the wall clock was set or nobody was
    /// there to take a renewal. Writes no event.
    FollowClock {
        /// By how much the clock was set forward.
        by: Seconds,
        /// How long every lease lasts from now at least.
        grace: Seconds,
    },
    /// Take back a claim whose worker another program had started and which is gone. Does not count as
    /// a failure. Nothing happens when the task is claimed otherwise by then.
    ReleaseCrashed {
        /// The task.
        task: TaskId,
        /// Who claimed it, as `host:pid`.
        lock: String,
        /// The worker.
        worker_pid: i64,
    },
    /// Stop the current run of a task. The task goes to `todo` and stays there.
    CancelRun {
        /// The task.
        task: TaskId,
    },
    /// Take a running task away from its worker and make it ready for another attempt. Its failures are
    /// forgiven: a person has looked at it.
    ReclaimTask {
        /// The task.
        task: TaskId,
        /// Refuses unless this is its current run.
        run: Option<RunId>,
        /// Why, for whoever reads the event.
        reason: Option<String>,
    },
    /// The supervisor of a run says who it is. Refused once the run is closed, so that a supervisor
    /// that comes too late starts no worker.
    AttachSupervisor {
        /// The run.
        run: RunId,
        /// The supervisor.
        process: ProcessIdentity,
    },
    /// The worker of a run was started.
    RecordSpawn {
        /// The run.
        run: RunId,
        /// The worker.
        worker_pid: i64,
        /// Where it runs.
        workspace: String,
        /// Where its output begins in the task's log, in bytes.
        log_start: Option<u64>,
    },
    /// The workspace of a run is ready that somebody opened by hand. Writes no event.
    PlaceRun {
        /// The run.
        run: RunId,
        /// The folder.
        workspace: String,
    },
    /// The worker of a run is gone. Says nothing of what becomes of the task; the run may be closed.
    /// Where it is open, the commands of the same request close it as of that moment.
    RecordExit {
        /// The run.
        run: RunId,
        /// When it ended, where that is known.
        ended_at: Option<Timestamp>,
        /// The worker's exit code, where it exited by itself.
        code: Option<i32>,
        /// Where its output ends in the task's log, in bytes; `None` when the log was rotated.
        log_end: Option<u64>,
    },
    /// A run ended without finishing its task.
    FailRun {
        /// The run.
        run: RunId,
        /// How.
        failure: Failure,
        /// After how many failures in a row the task is blocked, unless the task says otherwise;
        /// [`FAILURE_LIMIT`] where nobody says.
        limit: Option<u32>,
        /// When the next attempt is made.
        #[serde(default)]
        next: NextAttempt,
    },
    /// A run ended because something it needs is not to be had now. Does not count as a failure; the
    /// task rests, longer each time in a row, and is blocked when it has waited too often or too long.
    DeferRun {
        /// The run.
        run: RunId,
        /// What it waits for.
        reason: String,
    },
    /// A run ended through no fault of its own. Does not count.
    InterruptRun {
        /// The run.
        run: RunId,
        /// Why, in a sentence, where that is known.
        error: Option<String>,
    },
    /// A restarted dispatcher took over a living run.
    AdoptRun {
        /// The run.
        run: RunId,
    },
    /// The dispatcher made a folder for a task and may remove it one day.
    RecordWorkspace(Workspace),
    /// The dispatcher has removed a folder that it had made.
    ForgetWorkspace {
        /// The folder.
        path: String,
    },
    /// The dispatcher says how it does. Writes no event.
    PublishDispatcher(Report),
    /// Bring the full-text index up to date by one step.
    IndexTexts,
    /// What a request was answered that is carried out once. Writes no event.
    KeepAnswer {
        /// The request.
        request: RequestKey,
        /// The answer, as the door that gave it writes it down; `None` where it is too long.
        answer: Option<String>,
    },
    /// Write down an act that is none of the board's, such as a new token.
    Audit {
        /// What was done.
        action: String,
    },
}

/// A task to be put on the board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewTask {
    /// What is to be done, in a line.
    pub title: String,
    /// The whole story.
    pub body: Option<String>,
    /// Who is to work on it.
    pub assignee: Option<String>,
    /// The project or customer.
    pub tenant: Option<String>,
    /// Higher starts sooner.
    pub priority: i64,
    /// What kind of folder its workers run in.
    pub workspace_kind: WorkspaceKind,
    /// Which folder.
    pub workspace_path: Option<String>,
    /// The ids of tasks to wait for, as given; empty ones are dropped.
    pub parents: Vec<String>,
    /// Whether it is only an idea yet.
    pub triage: bool,
    /// A key under which a repeated request finds the task of the first.
    pub idempotency_key: Option<String>,
    /// After how many failures in a row it is blocked.
    pub failure_limit: Option<u32>,
    /// How long an attempt may run, where that is less than its lane allows.
    pub max_runtime: Option<Seconds>,
    /// What its workers are to be able to do, by name.
    pub skills: Vec<String>,
}

/// What a claim checks beyond the task's status and parents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimPolicy {
    /// How many runs may be open on the whole board.
    pub global_cap: Option<u32>,
    /// How many runs may be open in the lane.
    pub lane_cap: Option<u32>,
    /// Whether a task that rests between two attempts is left alone.
    pub respects_rest: bool,
    /// Whether a paused dispatcher or lane takes nothing.
    pub respects_pause: bool,
    /// The runs whose processes may be there still, and their places. Those of them that are closed by
    /// then hold their tasks back and take up room.
    pub unsettled: BTreeMap<RunId, Place>,
}

/// When a task is tried again after a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NextAttempt {
    /// After seconds, and longer each time.
    #[default]
    Soon,
    /// After a minute, and longer each time: its workers depend on a service.
    Later,
    /// Only once a person has mended something.
    Never,
}

/// How a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The class of failure.
    pub outcome: Outcome,
    /// The worker's exit code, where it exited by itself.
    pub code: Option<i32>,
    /// What went wrong, in a sentence.
    pub error: String,
    /// The last output of a worker that reported nothing: a person may take it for the result.
    pub proposed: Option<String>,
}

/// What became of a command.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The events that it wrote, in order; none when nothing changed.
    pub events: Vec<EventId>,
    /// What the asker wants to know.
    pub answer: Answer,
}

/// The particulars of a [`Receipt`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is done.
    Done,
    /// The task that was created, or found under its idempotency key.
    Created {
        /// Its id.
        task: TaskId,
        /// Whether it is new.
        is_new: bool,
    },
    /// The claim was granted.
    Claimed(Box<Claimed>),
    /// The lease was renewed.
    Renewed {
        /// When it ends now.
        lease_expires: Timestamp,
    },
    /// The comment was written.
    Commented {
        /// Its number.
        comment: CommentId,
    },
    /// Waiting tasks were made ready.
    Promoted {
        /// How many.
        count: usize,
    },
    /// Claims whose lease had run out were taken back.
    Reclaimed {
        /// How many.
        count: usize,
    },
    /// Old events were forgotten.
    Forgotten {
        /// How many.
        count: usize,
    },
    /// There was nothing to do.
    Unchanged,
}

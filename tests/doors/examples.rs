//! The commands for every door: each where it works, and where it is refused.

use domain::command::{
    ApproveTask, ArchiveTask, AssignTask, BlockTask, CancelRun, ClaimPolicy, ClaimTask, Command,
    CommentOnTask, CompleteTask, CreateTask, DeferTask, DropDelivery, EditTask, Heartbeat,
    HoldLane, LEASE, LandTask, LimitTask, LinkTasks, MoveTask, Pause, PromoteWaiting, ReclaimTask,
    ReleaseLane, RequestChanges, Resume, RetryDelivery, SetPriority, SetQuietHours, SnoozeTask,
    Subscribe, SubscribeBoard, UnblockTask, Undo, UnlinkTasks, Unsubscribe, UnsubscribeBoard,
};
use domain::id::{DeliveryId, EventId, SubscriptionId, TaskId};
use domain::landing::Method;
use domain::notify::Filter;
use domain::outcome::StartOn;
use domain::status::Status;
use domain::time::Seconds;

use super::cast::{Cast, place};

/// A command about a cast.
type Example = fn(&Cast) -> Command;

pub(super) const EXAMPLES: &[(&str, Example)] = &[
    ("a new task", |cast| new(cast, "new", &[])),
    ("a new child", |cast| {
        new(cast, "new", &[&cast.ready, &cast.done])
    }),
    ("a new task without a title", |cast| new(cast, "  ", &[])),
    ("a child of nobody", |cast| {
        new(cast, "new", &[&cast.unknown])
    }),
    ("a new task that lands by a rebase", rebased),
    ("a claim", |cast| claim(&cast.ready)),
    ("a claim of what waits", |cast| claim(&cast.waiting)),
    ("a claim of nothing", |cast| claim(&cast.unknown)),
    ("a heartbeat", |cast| heartbeat(&cast.running)),
    ("a heartbeat of what does not run", |cast| {
        heartbeat(&cast.ready)
    }),
    ("a completion", |cast| complete(&cast.ready)),
    ("a completion of a run", |cast| complete(&cast.running)),
    ("a second completion", |cast| complete(&cast.done)),
    ("a completion of nothing", |cast| complete(&cast.unknown)),
    ("an approval", |cast| approve(&cast.reviewed)),
    ("an approval of what runs", |cast| approve(&cast.running)),
    ("a landing of what has no branch", |cast| land(&cast.done)),
    ("a landing of what is not done", |cast| land(&cast.ready)),
    ("changes asked for", |cast| {
        request(&cast.reviewed, "the date is missing")
    }),
    ("changes of what is done", |cast| {
        request(&cast.done, "more")
    }),
    ("a completion of what is reviewed", |cast| {
        complete(&cast.reviewed)
    }),
    ("a block", |cast| block(&cast.running, Some("why?"))),
    ("a block without a reason", |cast| block(&cast.ready, None)),
    ("a second block", |cast| block(&cast.blocked, None)),
    ("an unblock", |cast| unblock(&cast.blocked)),
    ("a comment", |cast| comment(&cast.archived, "so be it")),
    ("an empty comment", |cast| comment(&cast.archived, " ")),
    ("a comment on nothing", |cast| {
        comment(&cast.unknown, "so be it")
    }),
    ("an assignment", |cast| {
        assign(&cast.ready, Some("bob"), false)
    }),
    ("an assignment of what runs", |cast| {
        assign(&cast.running, Some("bob"), false)
    }),
    ("an assignment that stops", |cast| {
        assign(&cast.running, Some("bob"), true)
    }),
    ("an assignment to the same nobody", |cast| {
        assign(&cast.ready, None, false)
    }),
    ("an edit", |cast| {
        edit(&cast.ready, Some("other"), Some("more"))
    }),
    ("an edit that changes nothing", |cast| {
        edit(&cast.ready, Some("ready"), None)
    }),
    ("an edit without a title", |cast| {
        edit(&cast.ready, Some(" "), None)
    }),
    ("an edit of nothing", |cast| {
        edit(&cast.unknown, Some("other"), None)
    }),
    ("an edit of the landing method", |cast| {
        land_by(&cast.ready, "rebase")
    }),
    ("an edit to a method that there is not", |cast| {
        land_by(&cast.ready, "squash")
    }),
    ("a priority", |cast| prioritise(&cast.waiting, -7)),
    ("limits", |cast| limit(&cast.ready, 90, 3)),
    ("limits that are none", |cast| limit(&cast.ready, 0, 0)),
    ("limits of nothing", |cast| limit(&cast.unknown, 90, 3)),
    ("an archiving", |cast| archive(&cast.ready)),
    ("an archiving of what runs", |cast| archive(&cast.running)),
    ("a second archiving", |cast| archive(&cast.archived)),
    ("a link", |cast| link(&cast.running, &cast.ready)),
    ("a link that is there", |cast| {
        link(&cast.ready, &cast.waiting)
    }),
    ("a circle of links", |cast| link(&cast.waiting, &cast.ready)),
    ("a link to itself", |cast| link(&cast.ready, &cast.ready)),
    ("a link to nothing", |cast| link(&cast.unknown, &cast.ready)),
    ("an unlink", |cast| {
        UnlinkTasks {
            parent: cast.ready.clone(),
            child: cast.waiting.clone(),
        }
        .into()
    }),
    ("a card put aside", |cast| put(&cast.ready, Status::Todo)),
    ("a card taken from its worker", |cast| {
        put(&cast.running, Status::Triage)
    }),
    ("a card pushed past its parents", |cast| {
        put(&cast.waiting, Status::Ready)
    }),
    ("a card dragged to running", |cast| {
        put(&cast.ready, Status::Running)
    }),
    ("a card reopened", |cast| put(&cast.done, Status::Ready)),
    ("a card of nothing", |cast| put(&cast.unknown, Status::Todo)),
    ("a reclaim", |cast| reclaim(&cast.running, None)),
    ("a reclaim with a reason", |cast| {
        reclaim(&cast.running, Some("it loops"))
    }),
    ("a reclaim of what does not run", |cast| {
        reclaim(&cast.ready, None)
    }),
    ("a reclaim of nothing", |cast| reclaim(&cast.unknown, None)),
    ("an undo", |cast| Undo { event: cast.newest }.into()),
    ("an undo of nothing", |_| {
        Undo {
            event: EventId(999_999),
        }
        .into()
    }),
    ("a snooze", |cast| snooze(&cast.waiting)),
    ("a snooze of what runs", |cast| snooze(&cast.running)),
    ("a snooze of nothing", |cast| snooze(&cast.unknown)),
    ("a pause", |_| Pause { lane: None }.into()),
    ("a pause of a lane", |_| {
        Pause {
            lane: Some("shell".to_owned()),
        }
        .into()
    }),
    ("a resumption", |_| Resume { lane: None }.into()),
    ("a hold", |_| hold("shell", Some(Seconds(3_600)))),
    ("a hold without an end", |_| hold("shell", None)),
    ("a release of a lane that is not held", |_| {
        let lane = "shell".to_owned();
        ReleaseLane { lane }.into()
    }),
    ("a deferral", |cast| defer(&cast.running)),
    ("a deferral of what does not run", |cast| defer(&cast.ready)),
    ("a deferral of nothing", |cast| defer(&cast.unknown)),
    ("a promotion", |_| PromoteWaiting {}.into()),
    ("a subscription", |cast| {
        Subscribe {
            task: cast.ready.clone(),
            to: place("C1"),
        }
        .into()
    }),
    ("a subscription to nothing", |cast| {
        Subscribe {
            task: cast.unknown.clone(),
            to: place("C1"),
        }
        .into()
    }),
    ("an end of a subscription", |cast| {
        Unsubscribe {
            task: cast.done.clone(),
            to: place("before"),
        }
        .into()
    }),
    ("a subscription to the board", |cast| {
        subscribe_board(cast, &["created"])
    }),
    ("a subscription to unknown news", |cast| {
        subscribe_board(cast, &["finished"])
    }),
    ("an end of a subscription to the board", |cast| {
        UnsubscribeBoard {
            subscription: cast.board_subscription,
        }
        .into()
    }),
    ("an end of no subscription to the board", |_| {
        UnsubscribeBoard {
            subscription: SubscriptionId(999_999),
        }
        .into()
    }),
    ("quiet hours", |cast| {
        SetQuietHours {
            to: place(&cast.tenant),
            hours: "01:00-23:00 UTC".parse().ok(),
        }
        .into()
    }),
    ("an end of quiet hours", |cast| {
        SetQuietHours {
            to: place(&cast.tenant),
            hours: None,
        }
        .into()
    }),
    ("another attempt at a delivery", |cast| {
        RetryDelivery {
            delivery: cast.dead_letter,
        }
        .into()
    }),
    ("another attempt at nothing", |_| {
        RetryDelivery {
            delivery: DeliveryId(999_999),
        }
        .into()
    }),
    ("a dropped delivery", |cast| {
        DropDelivery {
            delivery: cast.dead_letter,
        }
        .into()
    }),
    ("nothing dropped", |_| {
        DropDelivery {
            delivery: DeliveryId(999_999),
        }
        .into()
    }),
    ("a stop", |cast| cancel(&cast.running)),
    ("a stop of what does not run", |cast| cancel(&cast.ready)),
];

fn new(cast: &Cast, title: &str, parents: &[&TaskId]) -> Command {
    CreateTask {
        title: title.to_owned(),
        body: Some("ünd more".to_owned()),
        assignee: Some("bob".to_owned()),
        tenant: Some(cast.tenant.clone()),
        priority: 3,
        parents: parents.iter().map(ToString::to_string).collect(),
        ..CreateTask::default()
    }
    .into()
}

fn rebased(cast: &Cast) -> Command {
    CreateTask {
        title: "new".to_owned(),
        tenant: Some(cast.tenant.clone()),
        land_method: Some(Method::Rebase),
        ..CreateTask::default()
    }
    .into()
}

fn claim(task: &TaskId) -> Command {
    ClaimTask {
        task: task.clone(),
        lock: "host:1".to_owned(),
        ttl: LEASE,
        lane: None,
        policy: ClaimPolicy::default(),
    }
    .into()
}

fn heartbeat(task: &TaskId) -> Command {
    let task = task.clone();
    Heartbeat { task, ttl: LEASE }.into()
}

fn complete(task: &TaskId) -> Command {
    CompleteTask {
        task: task.clone(),
        result: Some("ünd done".to_owned()),
        summary: None,
        metadata: None,
        outcome: None,
        unchecked: false,
    }
    .into()
}

fn approve(task: &TaskId) -> Command {
    ApproveTask {
        task: task.clone(),
        run: None,
        commit: None,
        note: None,
    }
    .into()
}

fn land(task: &TaskId) -> Command {
    LandTask {
        task: task.clone(),
        onto: None,
        method: None,
        delete_branch: false,
    }
    .into()
}

fn request(task: &TaskId, reason: &str) -> Command {
    RequestChanges {
        task: task.clone(),
        reason: reason.to_owned(),
        run: None,
        commit: None,
    }
    .into()
}

fn block(task: &TaskId, reason: Option<&str>) -> Command {
    BlockTask {
        task: task.clone(),
        reason: reason.map(str::to_owned),
    }
    .into()
}

fn unblock(task: &TaskId) -> Command {
    let task = task.clone();
    UnblockTask { task }.into()
}

fn comment(task: &TaskId, body: &str) -> Command {
    CommentOnTask {
        task: task.clone(),
        body: body.to_owned(),
    }
    .into()
}

fn assign(task: &TaskId, to: Option<&str>, stop: bool) -> Command {
    AssignTask {
        task: task.clone(),
        assignee: to.map(str::to_owned),
        stop,
        reason: None,
    }
    .into()
}

fn edit(task: &TaskId, title: Option<&str>, body: Option<&str>) -> Command {
    EditTask {
        title: title.map(str::to_owned),
        body: body.map(str::to_owned),
        ..EditTask::of(task.clone())
    }
    .into()
}

fn land_by(task: &TaskId, method: &str) -> Command {
    EditTask {
        land_method: Some(method.to_owned()),
        ..EditTask::of(task.clone())
    }
    .into()
}

fn snooze(task: &TaskId) -> Command {
    SnoozeTask {
        task: task.clone(),
        until: None,
        span: Some(Seconds(7_200)),
    }
    .into()
}

fn hold(lane: &str, span: Option<Seconds>) -> Command {
    HoldLane {
        lane: lane.to_owned(),
        until: None,
        span,
        reason: Some("it is late".to_owned()),
    }
    .into()
}

fn defer(task: &TaskId) -> Command {
    DeferTask {
        task: task.clone(),
        until: None,
        span: Some(Seconds(3_600)),
        reason: Some("usage limit reached".to_owned()),
    }
    .into()
}

fn prioritise(task: &TaskId, priority: i64) -> Command {
    let task = task.clone();
    SetPriority { task, priority }.into()
}

fn archive(task: &TaskId) -> Command {
    let task = task.clone();
    ArchiveTask { task }.into()
}

fn link(parent: &TaskId, child: &TaskId) -> Command {
    LinkTasks {
        parent: parent.to_string(),
        child: child.to_string(),
        on: Some(StartOn::Always),
    }
    .into()
}

fn subscribe_board(cast: &Cast, kinds: &[&str]) -> Command {
    SubscribeBoard {
        to: place(&cast.tenant),
        filter: Filter {
            tenant: Some(cast.tenant.clone()),
            assignee: Some("bob".to_owned()),
            kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
        },
    }
    .into()
}

fn put(task: &TaskId, to: Status) -> Command {
    let task = task.clone();
    MoveTask { task, to }.into()
}

fn cancel(task: &TaskId) -> Command {
    let task = task.clone();
    CancelRun { task }.into()
}

fn reclaim(task: &TaskId, reason: Option<&str>) -> Command {
    ReclaimTask {
        task: task.clone(),
        run: None,
        reason: reason.map(str::to_owned),
    }
    .into()
}

fn limit(task: &TaskId, seconds: i64, failures: u32) -> Command {
    LimitTask {
        task: task.clone(),
        max_runtime: Some(Seconds(seconds)),
        failure_limit: Some(failures),
        rework_limit: Some(failures),
    }
    .into()
}

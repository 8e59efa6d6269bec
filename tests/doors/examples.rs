//! The commands for every door: each where it works, and where it is refused.

use domain::command::{ClaimPolicy, Command, LEASE, NewTask};
use domain::id::{DeliveryId, EventId, SubscriptionId, TaskId};
use domain::notify::Filter;
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
    ("an unlink", |cast| Command::UnlinkTasks {
        parent: cast.ready.clone(),
        child: cast.waiting.clone(),
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
    ("an undo", |cast| Command::Undo { event: cast.newest }),
    ("an undo of nothing", |_| Command::Undo {
        event: EventId(999_999),
    }),
    ("a pause", |_| Command::Pause { lane: None }),
    ("a pause of a lane", |_| Command::Pause {
        lane: Some("shell".to_owned()),
    }),
    ("a resumption", |_| Command::Resume { lane: None }),
    ("a promotion", |_| Command::PromoteWaiting),
    ("a subscription", |cast| Command::Subscribe {
        task: cast.ready.clone(),
        to: place("C1"),
    }),
    ("a subscription to nothing", |cast| Command::Subscribe {
        task: cast.unknown.clone(),
        to: place("C1"),
    }),
    ("an end of a subscription", |cast| Command::Unsubscribe {
        task: cast.done.clone(),
        to: place("before"),
    }),
    ("a subscription to the board", |cast| {
        subscribe_board(cast, &["created"])
    }),
    ("a subscription to unknown news", |cast| {
        subscribe_board(cast, &["finished"])
    }),
    ("an end of a subscription to the board", |cast| {
        Command::UnsubscribeBoard {
            subscription: cast.board_subscription,
        }
    }),
    ("an end of no subscription to the board", |_| {
        Command::UnsubscribeBoard {
            subscription: SubscriptionId(999_999),
        }
    }),
    ("quiet hours", |cast| Command::SetQuietHours {
        to: place(&cast.tenant),
        hours: "01:00-23:00 UTC".parse().ok(),
    }),
    ("an end of quiet hours", |cast| Command::SetQuietHours {
        to: place(&cast.tenant),
        hours: None,
    }),
    ("another attempt at a delivery", |cast| {
        Command::RetryDelivery {
            delivery: cast.dead_letter,
        }
    }),
    ("another attempt at nothing", |_| Command::RetryDelivery {
        delivery: DeliveryId(999_999),
    }),
    ("a dropped delivery", |cast| Command::DropDelivery {
        delivery: cast.dead_letter,
    }),
    ("nothing dropped", |_| Command::DropDelivery {
        delivery: DeliveryId(999_999),
    }),
    ("a stop", |cast| cancel(&cast.running)),
    ("a stop of what does not run", |cast| cancel(&cast.ready)),
];

fn new(cast: &Cast, title: &str, parents: &[&TaskId]) -> Command {
    Command::CreateTask(NewTask {
        title: title.to_owned(),
        body: Some("ünd more".to_owned()),
        assignee: Some("bob".to_owned()),
        tenant: Some(cast.tenant.clone()),
        priority: 3,
        parents: parents.iter().map(ToString::to_string).collect(),
        ..NewTask::default()
    })
}

fn claim(task: &TaskId) -> Command {
    Command::ClaimTask {
        task: task.clone(),
        lock: "host:1".to_owned(),
        ttl: LEASE,
        lane: None,
        policy: ClaimPolicy::default(),
    }
}

fn heartbeat(task: &TaskId) -> Command {
    let task = task.clone();
    Command::Heartbeat { task, ttl: LEASE }
}

fn complete(task: &TaskId) -> Command {
    Command::CompleteTask {
        task: task.clone(),
        result: Some("ünd done".to_owned()),
        summary: None,
        metadata: None,
    }
}

fn block(task: &TaskId, reason: Option<&str>) -> Command {
    Command::BlockTask {
        task: task.clone(),
        reason: reason.map(str::to_owned),
    }
}

fn unblock(task: &TaskId) -> Command {
    let task = task.clone();
    Command::UnblockTask { task }
}

fn comment(task: &TaskId, body: &str) -> Command {
    Command::CommentOnTask {
        task: task.clone(),
        body: body.to_owned(),
    }
}

fn assign(task: &TaskId, to: Option<&str>, stop: bool) -> Command {
    Command::AssignTask {
        task: task.clone(),
        assignee: to.map(str::to_owned),
        stop,
    }
}

fn edit(task: &TaskId, title: Option<&str>, body: Option<&str>) -> Command {
    Command::EditTask {
        task: task.clone(),
        title: title.map(str::to_owned),
        body: body.map(str::to_owned),
    }
}

fn prioritise(task: &TaskId, priority: i64) -> Command {
    let task = task.clone();
    Command::SetPriority { task, priority }
}

fn archive(task: &TaskId) -> Command {
    let task = task.clone();
    Command::ArchiveTask { task }
}

fn link(parent: &TaskId, child: &TaskId) -> Command {
    Command::LinkTasks {
        parent: parent.to_string(),
        child: child.to_string(),
    }
}

fn subscribe_board(cast: &Cast, kinds: &[&str]) -> Command {
    Command::SubscribeBoard {
        to: place(&cast.tenant),
        filter: Filter {
            tenant: Some(cast.tenant.clone()),
            assignee: Some("bob".to_owned()),
            kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
        },
    }
}

fn put(task: &TaskId, to: Status) -> Command {
    let task = task.clone();
    Command::MoveTask { task, to }
}

fn cancel(task: &TaskId) -> Command {
    let task = task.clone();
    Command::CancelRun { task }
}

fn reclaim(task: &TaskId, reason: Option<&str>) -> Command {
    Command::ReclaimTask {
        task: task.clone(),
        run: None,
        reason: reason.map(str::to_owned),
    }
}

fn limit(task: &TaskId, seconds: i64, failures: u32) -> Command {
    Command::LimitTask {
        task: task.clone(),
        max_runtime: Some(Seconds(seconds)),
        failure_limit: Some(failures),
    }
}

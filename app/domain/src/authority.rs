//! The table of grants by authority, which the kernel and every door ask. An act that is not in it
//! is refused.

use std::fmt;

use crate::actor::Authority;

/// An act that an authority may be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Read the program's own texts.
    ReadGuide,
    /// Read tasks, their runs, the lanes and the dispatcher.
    Read,
    /// Read the output of a worker.
    ReadLog,
    /// Read the inbox and the subscriptions.
    ReadNews,
    /// Follow the board or a log for longer than one answer.
    Follow,
    /// Comment on a task.
    Comment,
    /// Create a task.
    Create,
    /// Send a heartbeat or renew the lease of a task.
    Heartbeat,
    /// Complete a task.
    Complete,
    /// Approve the work of another, or ask for changes.
    Review,
    /// Land the work of a task on the branch that it came from.
    Land,
    /// Block a task until a person has answered.
    Block,
    /// Put a running task off, and hold its lane.
    Defer,
    /// Unblock a task.
    Unblock,
    /// Claim a task.
    Claim,
    /// Move a task into another column.
    Move,
    /// Assign a task.
    Assign,
    /// Change the text of a task.
    Edit,
    /// Change the priority of a task.
    Prioritize,
    /// Archive a task.
    Archive,
    /// Make a task depend on another.
    Link,
    /// Remove a dependency.
    Unlink,
    /// Cancel the run of a task.
    Cancel,
    /// Pause and resume the dispatcher.
    Pause,
    /// Subscribe to a task.
    Subscribe,
    /// Subscribe to many tasks, and set quiet hours.
    SubscribeBoard,
    /// Retry or drop deliveries that were given up.
    Redeliver,
    /// Undo a change.
    Undo,
    /// Start a worker and watch it, as its supervisor.
    Supervise,
    /// Start, settle and clear up runs, as the dispatcher.
    Dispatch,
    /// Deliver news, as the notifier.
    Deliver,
    /// Keep the records of the board itself.
    KeepRecords,
    /// Administer the board or its machine: serve, log in, copy, restore, clear up.
    Administer,
}

/// The scope of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Granted without a condition.
    Always,
    /// Granted for the task of the run.
    OwnTask,
    /// Granted for the run itself.
    OwnRun,
    /// Granted unless it writes or starts anything that the lane `shell` runs; from a chat, unless
    /// it names a folder or another chat, or stops a run.
    Harmless,
    /// Refused.
    Never,
}

impl Authority {
    /// Returns the grant of this authority for `act`.
    pub const fn grant(&self, act: Act) -> Grant {
        let (_, [run, trusted, chat]) = act.row();
        match self {
            Self::Full => Grant::Always,
            Self::Run(_) => run,
            Self::Chat { is_trusted: true } => trusted,
            Self::Chat { is_trusted: false } => chat,
        }
    }
}

impl Act {
    /// Returns the row of the table: the act as a phrase, and the grants of a run, a trusted chat
    /// and any other chat.
    #[rustfmt::skip]
    pub(crate) const fn row(self) -> (&'static str, [Grant; 3]) {
        use Grant::{Always, Harmless, Never, OwnRun, OwnTask};
        match self {
            Self::ReadGuide      => ("read the guide",               [Always,   Always,   Always]),
            Self::Read           => ("read the board",               [Always,   Always,   Always]),
            Self::ReadLog        => ("read this log",                [OwnTask,  Always,   Always]),
            Self::ReadNews       => ("read who is told what",        [Never,    Always,   Always]),
            Self::Follow         => ("follow the board",             [Never,    Never,    Never]),
            Self::Comment        => ("comment on a task",            [Always,   Always,   Always]),
            Self::Create         => ("create a task",                [Harmless, Harmless, Harmless]),
            Self::Heartbeat      => ("renew a claim",                [OwnTask,  Never,    Never]),
            Self::Complete       => ("complete a task",              [OwnTask,  Always,   Never]),
            Self::Review         => ("review a task",                [OwnTask,  Always,   Never]),
            Self::Land           => ("land the work of a task",      [Never,    Never,    Never]),
            Self::Block          => ("block a task",                 [OwnTask,  Always,   Harmless]),
            Self::Defer          => ("put a task off",               [OwnTask,  Always,   Never]),
            Self::Unblock        => ("unblock a task",               [Never,    Always,   Always]),
            Self::Claim          => ("claim a task",                 [Never,    Never,    Never]),
            Self::Move           => ("move a task",                  [Never,    Harmless, Never]),
            Self::Assign         => ("assign a task",                [Never,    Harmless, Never]),
            Self::Edit           => ("edit a task",                  [Never,    Harmless, Never]),
            Self::Prioritize     => ("change the priority of a task", [Never,   Always,   Never]),
            Self::Archive        => ("archive a task",               [Never,    Always,   Never]),
            Self::Link           => ("link tasks",                   [Never,    Harmless, Never]),
            Self::Unlink         => ("unlink tasks",                 [Never,    Harmless, Never]),
            Self::Cancel         => ("stop a run",                   [Never,    Always,   Never]),
            Self::Pause          => ("pause or resume the dispatcher", [Never,  Always,   Never]),
            Self::Subscribe      => ("subscribe to a task",          [Never,    Always,   Harmless]),
            Self::SubscribeBoard => ("subscribe to the board",       [Never,    Always,   Never]),
            Self::Redeliver      => ("repeat or drop news",          [Never,    Always,   Never]),
            Self::Undo           => ("undo a change",                [Never,    Never,    Never]),
            Self::Supervise      => ("supervise a run",              [OwnRun,   Never,    Never]),
            Self::Dispatch       => ("start tasks",                  [Never,    Never,    Never]),
            Self::Deliver        => ("deliver news",                 [Never,    Never,    Never]),
            Self::KeepRecords    => ("change the board's records",   [Never,    Never,    Never]),
            Self::Administer     => ("administer the board",         [Never,    Never,    Never]),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().0)
    }
}

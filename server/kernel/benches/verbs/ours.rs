//! The kernel, asked by one caller at a time.

use std::path::Path;

use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, LEASE, NewTask};
use domain::id::{RunToken, TaskId};
use kernel::Kernel;
use tokio::runtime::Runtime;

use crate::Verbs;

pub(crate) struct Ours {
    pub(crate) kernel: Kernel,
    pub(crate) runtime: Runtime,
}

impl Ours {
    pub(crate) fn open(path: &Path) -> Self {
        Self {
            kernel: Kernel::open(path).unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
        }
    }

    fn give(&self, actor: &Actor, command: Command) -> Answer {
        let receipt = self.runtime.block_on(self.kernel.execute(actor, command));
        receipt.unwrap().answer
    }

    pub(crate) fn create_child_of(&self, parents: &[&TaskId]) -> TaskId {
        let new = NewTask {
            parents: parents.iter().map(ToString::to_string).collect(),
            ..new_task()
        };
        match self.give(&Actor::full("ada"), Command::CreateTask(new)) {
            Answer::Created { task, .. } => task,
            other => panic!("{other:?}"),
        }
    }
}

impl Verbs for Ours {
    fn create(&mut self) -> TaskId {
        self.create_child_of(&[])
    }

    fn claim(&mut self, task: &TaskId) -> RunToken {
        let claim = Command::ClaimTask {
            task: task.clone(),
            lock: "host:1".to_owned(),
            ttl: LEASE,
            lane: Some("shell".to_owned()),
            policy: ClaimPolicy {
                global_cap: Some(u32::MAX),
                lane_cap: None,
                respects_rest: true,
                respects_pause: true,
                ..ClaimPolicy::default()
            },
        };
        match self.give(&Actor::dispatcher(), claim) {
            Answer::Claimed(claimed) => claimed.token,
            other => panic!("{other:?}"),
        }
    }

    fn complete(&mut self, task: &TaskId, token: &RunToken) {
        let complete = Command::CompleteTask {
            task: task.clone(),
            result: Some("42".to_owned()),
            summary: None,
            metadata: None,
        };
        self.give(&Actor::worker("shell", token.clone()), complete);
    }
}

pub(crate) fn new_task() -> NewTask {
    NewTask {
        title: "a task of the benchmark".to_owned(),
        assignee: Some("shell".to_owned()),
        ..NewTask::default()
    }
}

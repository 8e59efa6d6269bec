//! The kernel, asked by one caller at a time.

use std::path::Path;

use domain::actor::Actor;
use domain::command::{ClaimPolicy, ClaimTask, CompleteTask, CreateTask, LEASE, Verb};
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

    fn give<V: Verb>(&self, actor: &Actor, verb: V) -> V::Answer {
        let receipt = self.runtime.block_on(self.kernel.execute(actor, verb));
        receipt.unwrap().answer
    }

    pub(crate) fn create_child_of(&self, parents: &[&TaskId]) -> TaskId {
        let new = CreateTask {
            parents: parents.iter().map(ToString::to_string).collect(),
            ..new_task()
        };
        self.give(&Actor::full("ada"), new).task
    }
}

impl Verbs for Ours {
    fn create(&mut self) -> TaskId {
        self.create_child_of(&[])
    }

    fn claim(&mut self, task: &TaskId) -> RunToken {
        let claim = ClaimTask {
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
        self.give(&Actor::dispatcher(), claim).token
    }

    fn complete(&mut self, task: &TaskId, token: &RunToken) {
        let complete = CompleteTask {
            task: task.clone(),
            result: Some("42".to_owned()),
            summary: None,
            metadata: None,
            outcome: None,
            unchecked: false,
        };
        self.give(&Actor::worker("shell", token.clone()), complete);
    }
}

pub(crate) fn new_task() -> CreateTask {
    CreateTask {
        title: "a task of the benchmark".to_owned(),
        assignee: Some("shell".to_owned()),
        ..CreateTask::default()
    }
}

//! The price of a write, counted rather than timed: bytes given to the system, and transactions.
//!
//! The system counts the bytes of a process, so this is the one test of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use domain::actor::Actor;
use domain::command::CreateTask;
use kernel::{Durability, Kernel, Options};

const CLIENTS: usize = 16;

/// Enough for several checkpoints of the write-ahead log.
const TASKS_OF_EACH: usize = 250;

/// The most that a task may cost, in the log and by checkpoints; a third more than it does.
const MOST_BYTES: u64 = 12_000;

/// The bytes that this process has written to files so far (`proc_pid_io(5)`).
fn bytes_written() -> u64 {
    let counts = std::fs::read_to_string("/proc/self/io").unwrap();
    let count = counts.lines().find_map(|line| line.strip_prefix("wchar: "));
    count.unwrap().parse().unwrap()
}

async fn create(kernel: &Kernel, client: usize) {
    for number in 0..TASKS_OF_EACH {
        let new = CreateTask {
            title: format!("Oil hinge {number} of door {client}"),
            body: Some("It squeaks, most of all in the morning. ".repeat(4 + number % 5)),
            assignee: (number % 5 > 0).then(|| format!("worker-{}", number % 8)),
            tenant: (number % 5 > 1).then(|| format!("tenant-{}", number % 4)),
            ..CreateTask::default()
        };
        kernel.execute(&Actor::full("ada"), new).await.unwrap();
    }
}

#[tokio::test]
async fn sixteen_clients_share_commits_and_write_few_bytes_for_each_task() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        durability: Durability::Normal,
        ..Options::default()
    };
    let kernel = Kernel::open_with(&folder.path().join("kanban.db"), options).unwrap();
    let kernel = Arc::new(kernel);
    let (bytes, commits) = (bytes_written(), kernel.commits());
    let clients = (0..CLIENTS).map(|client| {
        let kernel = kernel.clone();
        tokio::spawn(async move { create(&kernel, client).await })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let tasks = u64::try_from(CLIENTS * TASKS_OF_EACH).unwrap();
    let (bytes, commits) = (bytes_written() - bytes, kernel.commits() - commits);
    assert!(commits * 4 <= tasks, "{commits} commits for {tasks} tasks");
    let each = bytes / tasks;
    assert!(each <= MOST_BYTES, "{each} bytes a task");
}

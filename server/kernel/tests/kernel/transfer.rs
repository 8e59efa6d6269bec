//! A board that is exported and imported is the same board, whatever is on it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use domain::command::{
    ArchiveTask, AssignTask, BlockTask, ClaimPolicy, ClaimTask, Command, CommentOnTask,
    CompleteTask, CreateTask, Created, ForgetEvents, InterruptRun, LEASE, LinkTasks, MoveTask,
    Pause, Resume, RetryDelivery, SetPriority, Subscribe, UnblockTask,
};
use domain::id::TaskId;
use domain::notify::Address;
use domain::status::Status;
use domain::time::Seconds;
use kernel::copies;
use kernel::transfer::TransferError;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::Index;
use rusqlite::Connection;

use crate::beside::attempts::assert_always_in_step;
use crate::board::{Board, person};

/// A step that changes a board; an index stands for one of its tasks.
#[derive(Clone, Debug)]
enum Step {
    Create {
        title: String,
        body: Option<String>,
        key: Option<u8>,
        parent: Option<Index>,
        triage: bool,
    },
    Claim(Index),
    Complete(Index, Option<String>),
    Block(Index, Option<String>),
    Unblock(Index),
    Archive(Index),
    Comment(Index, String),
    Assign(Index, Option<String>),
    Priority(Index, i64),
    Link(Index, Index),
    Move(Index),
    Subscribe(Index, String),
    Pause(Option<String>),
    Forget,
    Wait(u16),
}

/// Any text that a database can hold: also quotes, line breaks and other alphabets.
fn text() -> impl Strategy<Value = String> {
    "[^\u{0}]{1,12}"
}

fn step() -> impl Strategy<Value = Step> {
    let optional = || proptest::option::of(text());
    let create = (
        text(),
        optional(),
        proptest::option::of(0..3_u8),
        proptest::option::of(any::<Index>()),
        any::<bool>(),
    );
    prop_oneof![
        4 => create.prop_map(|(title, body, key, parent, triage)| Step::Create {
            title, body, key, parent, triage,
        }),
        2 => any::<Index>().prop_map(Step::Claim),
        2 => (any::<Index>(), optional()).prop_map(|(task, result)| Step::Complete(task, result)),
        1 => (any::<Index>(), optional()).prop_map(|(task, reason)| Step::Block(task, reason)),
        1 => any::<Index>().prop_map(Step::Unblock),
        1 => any::<Index>().prop_map(Step::Archive),
        1 => (any::<Index>(), text()).prop_map(|(task, body)| Step::Comment(task, body)),
        1 => (any::<Index>(), optional()).prop_map(|(task, whom)| Step::Assign(task, whom)),
        1 => (any::<Index>(), any::<i64>()).prop_map(|(task, it)| Step::Priority(task, it)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Step::Link(one, other)),
        1 => any::<Index>().prop_map(Step::Move),
        1 => (any::<Index>(), text()).prop_map(|(task, chat)| Step::Subscribe(task, chat)),
        1 => optional().prop_map(Step::Pause),
        1 => Just(Step::Forget),
        1 => any::<u16>().prop_map(Step::Wait),
    ]
}

impl Step {
    /// Returns the command, if there is a task that it can be about.
    fn command(self, board: &Board, tasks: &[TaskId]) -> Option<Command> {
        let pick = |index: Index| (!tasks.is_empty()).then(|| index.get(tasks).clone());
        Some(match self {
            Self::Create {
                title,
                body,
                key,
                parent,
                triage,
            } => CreateTask {
                title,
                body,
                idempotency_key: key.map(|key| key.to_string()),
                parents: parent
                    .and_then(pick)
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                triage,
                ..CreateTask::default()
            }
            .into(),
            Self::Claim(task) => ClaimTask {
                task: pick(task)?,
                lock: "host:1".to_owned(),
                ttl: LEASE,
                lane: None,
                policy: ClaimPolicy::default(),
            }
            .into(),
            Self::Complete(task, result) => CompleteTask {
                task: pick(task)?,
                result,
                summary: None,
                metadata: None,
                outcome: None,
                unchecked: false,
            }
            .into(),
            Self::Block(task, reason) => BlockTask {
                task: pick(task)?,
                reason,
            }
            .into(),
            Self::Unblock(task) => UnblockTask { task: pick(task)? }.into(),
            Self::Archive(task) => ArchiveTask { task: pick(task)? }.into(),
            Self::Comment(task, body) => CommentOnTask {
                task: pick(task)?,
                body,
            }
            .into(),
            Self::Assign(task, assignee) => AssignTask {
                task: pick(task)?,
                assignee,
                stop: true,
                reason: None,
            }
            .into(),
            Self::Priority(task, priority) => SetPriority {
                task: pick(task)?,
                priority,
            }
            .into(),
            Self::Link(parent, child) => LinkTasks {
                parent: pick(parent)?.to_string(),
                child: pick(child)?.to_string(),
                on: None,
            }
            .into(),
            Self::Move(task) => MoveTask {
                task: pick(task)?,
                to: Status::Todo,
            }
            .into(),
            Self::Subscribe(task, chat_id) => Subscribe {
                task: pick(task)?,
                to: Address {
                    platform: "x".to_owned(),
                    chat_id,
                    thread_id: String::new(),
                    user_id: None,
                },
            }
            .into(),
            Self::Pause(lane) => Pause { lane }.into(),
            Self::Forget => ForgetEvents {
                before: board.kernel.now(),
            }
            .into(),
            Self::Wait(seconds) => {
                board.clock.advance(Seconds(i64::from(seconds)));
                return None;
            }
        })
    }
}

/// An output that can be read afterwards.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) async fn export(board: &Board) -> String {
    let lines = Lines::default();
    board.kernel.export(lines.clone()).await.unwrap();
    let bytes = std::mem::take(&mut *lines.0.lock().unwrap());
    String::from_utf8(bytes).unwrap()
}

pub(crate) async fn import(
    board: &Board,
    export: &str,
) -> Result<kernel::transfer::Imported, TransferError> {
    let input = io::Cursor::new(export.as_bytes().to_vec());
    board.kernel.import(&person(), input).await
}

async fn interrupt_all(board: &Board) {
    for open in board.kernel.open_runs().await.unwrap() {
        board
            .act(InterruptRun {
                run: open.run,
                error: None,
            })
            .await
            .unwrap();
    }
}

/// Gives up pending deliveries as an import does.
fn give_up_deliveries(board: &Board) {
    let now = board.kernel.now().0;
    board.sql(&format!(
        "UPDATE deliveries SET state = 'dead', settled_at = {now}, error = \
             'taken in from another board, which may have told it; try again to tell it from here' \
         WHERE state = 'pending'"
    ));
}

/// As an import does.
fn pause(board: &Board) {
    let now = board.kernel.now().0;
    board.sql(&format!(
        "INSERT INTO pauses (lane, since, by, is_copy) VALUES ('', {now}, 'import', 1) \
         ON CONFLICT (lane) DO UPDATE SET is_copy = 1"
    ));
}

#[tokio::test]
async fn a_board_that_was_taken_in_starts_nothing_and_a_list_of_tasks_does() {
    let board = Board::new();
    board.task_named("runs twice").await;
    let other = Board::new();
    let whole = import(&other, &export(&board).await).await.unwrap();
    let paused = other.kernel.dispatch().await.unwrap().paused;
    assert_eq!((whole.is_whole, paused.len()), (true, 1));
    assert_eq!((&paused[0].lane, paused[0].by.as_str()), (&None, "import"));

    let third = Board::new();
    let list = import(&third, "{\"title\": \"a\"}\n").await.unwrap();
    let paused = third.kernel.dispatch().await.unwrap().paused;
    assert_eq!((list.is_whole, paused.len()), (false, 0));
}

#[tokio::test]
async fn what_another_board_was_still_to_tell_is_not_told_twice() {
    let board = Board::new();
    let task = board.task_named("told").await;
    let to = Address {
        platform: "webhook".to_owned(),
        chat_id: "ci".to_owned(),
        thread_id: String::new(),
        user_id: None,
    };
    let subscribe = Subscribe {
        task: task.clone(),
        to,
    };
    board.act(subscribe).await.unwrap();
    board.block(&task, "which port?").await;
    assert_eq!(board.kernel.outbox().await.unwrap().due.len(), 1);

    let other = Board::new();
    import(&other, &export(&board).await).await.unwrap();
    assert_eq!(other.kernel.outbox().await.unwrap().due, []);
    let counts = other.kernel.delivery_counts().await.unwrap();
    assert_eq!((counts.pending, counts.dead), (0, 1));
    let letter = counts.last_dead.unwrap();
    assert!(
        letter
            .error
            .unwrap()
            .starts_with("taken in from another board")
    );

    // The subscription came along, and a person can have the old news told from here.
    assert_eq!(other.kernel.subscriptions(None).await.unwrap().len(), 1);
    let retry = RetryDelivery {
        delivery: letter.id,
    };
    other.act(retry).await.unwrap();
    // Not before they have said that this board is the only one.
    let waiting = other.kernel.outbox().await.unwrap();
    assert_eq!((waiting.due.len(), waiting.may_be_copy), (0, true));
    other.act(Resume { lane: None }).await.unwrap();
    let due = other.kernel.outbox().await.unwrap().due;
    let told = other.kernel.due_deliveries(due[0].place, 9).await.unwrap();
    assert_eq!(told[0].key, letter.key);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn an_export_comes_back_as_the_same_board(steps in vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let board = Board::new();
            let mut tasks = Vec::new();
            for step in steps {
                let Some(command) = step.command(&board, &tasks) else {
                    continue;
                };
                // A refused command changes nothing, which other tests prove.
                if let Ok(receipt) = board.act(command).await
                    && let domain::command::Answer::Created(Created { task, is_new: true }) = receipt.answer
                {
                    tasks.push(task);
                }
            }
            let with_runs = export(&board).await;
            let other = Board::new();
            other.clock.advance(Seconds(board.kernel.now().seconds_since(other.kernel.now())));
            import(&other, &with_runs).await.unwrap();
            assert_always_in_step(&board.folder.path().join("kanban.db"));
            assert_always_in_step(&other.folder.path().join("kanban.db"));

            // Open runs and pending deliveries end with an import; beyond that, every row is the
            // same.
            give_up_deliveries(&board);
            interrupt_all(&board).await;
            pause(&board);
            let (ours, theirs) = (export(&board).await, export(&other).await);
            assert_eq!(ours, theirs);

            // And so it is in a copy of the file.
            give_up_deliveries(&board);
            let ours = export(&board).await;
            let copy = board.folder.path().join("copy.db");
            let examined = board.kernel.back_up(&copy).await.unwrap();
            assert_eq!(usize::try_from(examined.tasks).unwrap(), tasks.len());
            assert_eq!(copies::examine(&copy).unwrap(), examined);
            let third = Board::new();
            third.clock.advance(Seconds(board.kernel.now().seconds_since(third.kernel.now())));
            third.kernel.import_file(&person(), &copy).await.unwrap();
            assert_eq!(export(&third).await, ours);
        });
    }
}

#[tokio::test]
async fn a_file_whose_tasks_are_computed_is_no_board() {
    let board = Board::new();
    let path = board.folder.path().join("endless.db");
    #[expect(clippy::disallowed_methods, reason = "the test plays another program")]
    let other = Connection::open(&path).unwrap();
    let endless = "CREATE VIEW tasks AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) \
        SELECT 't_' || n AS id, 'x' AS title, NULL AS body, NULL AS assignee, 'ready' AS status, \
            0 AS priority, 'a' AS created_by, 1 AS created_at, NULL AS started_at, \
            NULL AS completed_at, 'scratch' AS workspace_kind, NULL AS workspace_path, \
            NULL AS claim_lock, NULL AS claim_expires FROM r; \
        CREATE TABLE task_links (parent_id, child_id); \
        CREATE TABLE task_comments (id, task_id, author, body, created_at); \
        CREATE TABLE task_events (id, task_id, kind, payload, created_at);";
    other.execute_batch(endless).unwrap();
    drop(other);
    let refused = board
        .kernel
        .import_file(&person(), &path)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("is not a kanban database"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_number_beyond_what_can_be_reckoned_with_is_not_taken_in() {
    let board = Board::new();
    board.task_named("task").await;
    let export = export(&board).await;
    for (column, value) in [("deferred_for", i64::MAX), ("deferred_for", i64::MIN)] {
        let edited = export.replace(&format!("\"{column}\":0"), &format!("\"{column}\":{value}"));
        let refused = import(&Board::new(), &edited).await.unwrap_err();
        let refused = refused.to_string();
        assert!(refused.contains("deferred_for is too large"), "{refused}");
    }
    let priority = export.replace("\"priority\":0", &format!("\"priority\":{}", i64::MAX));
    import(&Board::new(), &priority).await.unwrap();
}

#[tokio::test]
async fn nothing_is_taken_in_over_what_is_there() {
    let board = Board::new();
    board.task_named("a").await;
    let whole = export(&board).await;
    assert!(matches!(
        import(&board, &whole).await,
        Err(TransferError::NotEmpty)
    ));
    assert_eq!(export(&board).await, whole);
}

#[tokio::test]
async fn what_was_taken_in_is_found_by_its_words() {
    let board = Board::new();
    board.task_named("a needle in the hay").await;
    let other = Board::new();
    import(&other, &export(&board).await).await.unwrap();
    let query = kernel::SearchQuery {
        text: "needle".to_owned(),
        include_archived: false,
        offset: 0,
        limit: 10,
    };
    assert_eq!(other.kernel.search(query).await.unwrap().hits.len(), 1);
}

#[tokio::test]
async fn a_long_list_comes_in_whichever_way_round_it_is() {
    let board = Board::new();
    let line = |at: u32| match at {
        0 => "{\"id\":\"c0\",\"title\":\"c0\"}\n".to_owned(),
        at => format!(
            "{{\"id\":\"c{at}\",\"title\":\"c{at}\",\"parents\":[\"c{}\"]}}\n",
            at - 1
        ),
    };
    let list: String = (0..3_000).rev().map(line).collect();
    let (ada, list) = (person(), io::Cursor::new(list));
    let imported = board.kernel.import(&ada, list).await.unwrap();
    assert_eq!(imported.tasks.len(), 3_000);
    let first = board.task(&imported.tasks[0]).await;
    assert_eq!((first.title.as_str(), first.status), ("c0", Status::Ready));
}

//! Texts with hidden characters: some are refused, some cleaned, and some kept as they were
//! written.

use domain::actor::Actor;
use domain::command::{
    AssignTask, BlockTask, ClaimPolicy, ClaimTask, Command, CommentOnTask, CompleteTask,
    CreateTask, Created, DeferRun, EditTask, FailRun, Failure, LEASE, Pause, RecordUndelivered,
    SetQuietHours, Subscribe, SubscribeBoard,
};
use domain::error::Error as Refusal;
use domain::id::{DeliveryId, TaskId};
use domain::notify::delivery::Retry;
use domain::notify::quiet::QuietHours;
use domain::notify::{Address, Filter};
use domain::run::Outcome;
use domain::text::is_hidden;

use crate::board::{Board, person, refusal};

/// A colour, a title of the window, a bell, a direction override, a tag and a line break.
const TRICKY: &str = "a\u{1b}[31mb\u{1b}]0;x\u{7}c\u{8}\u{202e}\u{e0041}\nd";

fn new(title: &str) -> CreateTask {
    CreateTask {
        title: title.to_owned(),
        ..CreateTask::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "most fields are optional")]
fn tricky() -> Option<String> {
    Some(TRICKY.to_owned())
}

fn address(platform: &str, chat_id: &str, thread_id: &str, user_id: Option<String>) -> Address {
    Address {
        platform: platform.to_owned(),
        chat_id: chat_id.to_owned(),
        thread_id: thread_id.to_owned(),
        user_id,
    }
}

/// Each command that writes a name, with one name that is none.
fn commands_with_a_bad_name(task: &TaskId, bad: &str) -> Vec<(&'static str, Command)> {
    let bad = || bad.to_owned();
    let create = |new| new;
    let subscribe = |to| Subscribe {
        task: task.clone(),
        to,
    };
    let filtered = |tenant, assignee| SubscribeBoard {
        to: address("webhook", "ci", "", None),
        filter: Filter {
            tenant,
            assignee,
            kinds: Vec::new(),
        },
    };
    let claim = |lock, lane| ClaimTask {
        task: task.clone(),
        lock,
        ttl: LEASE,
        lane,
        policy: ClaimPolicy::default(),
    };
    vec![
        (
            "assignee",
            create(CreateTask {
                assignee: Some(bad()),
                ..new("x")
            })
            .into(),
        ),
        (
            "tenant",
            create(CreateTask {
                tenant: Some(bad()),
                ..new("x")
            })
            .into(),
        ),
        (
            "workspace path",
            create(CreateTask {
                workspace_path: Some(bad()),
                ..new("x")
            })
            .into(),
        ),
        (
            "idempotency key",
            create(CreateTask {
                idempotency_key: Some(bad()),
                ..new("x")
            })
            .into(),
        ),
        (
            "assignee",
            AssignTask {
                task: task.clone(),
                assignee: Some(bad()),
                stop: false,
                reason: None,
            }
            .into(),
        ),
        ("claimer", claim(bad(), None).into()),
        ("lane", claim("host:1".to_owned(), Some(bad())).into()),
        ("lane", Pause { lane: Some(bad()) }.into()),
        ("platform", subscribe(address(&bad(), "1", "", None)).into()),
        (
            "chat id",
            subscribe(address("webhook", &bad(), "", None)).into(),
        ),
        (
            "thread id",
            subscribe(address("webhook", "1", &bad(), None)).into(),
        ),
        (
            "user id",
            subscribe(address("webhook", "1", "", Some(bad()))).into(),
        ),
        ("tenant", filtered(Some(bad()), None).into()),
        ("assignee", filtered(None, Some(bad())).into()),
        (
            "platform",
            SetQuietHours {
                to: address(&bad(), "1", "", None),
                hours: "22:00-07:00".parse::<QuietHours>().ok(),
            }
            .into(),
        ),
    ]
}

#[tokio::test]
async fn a_name_with_a_hidden_character_is_refused_and_changes_nothing() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let before = board.newest_event();
    for bad in [
        "shell\n",
        "she\u{1b}ll",
        "\u{202e}llehs",
        "shell\u{2069}",
        "shell\u{e0001}",
        "a\tb",
        "a\0b",
        "a\u{9b}b",
        "a\u{2028}b",
        "a\u{7f}",
    ] {
        for (field, command) in commands_with_a_bad_name(&task, bad) {
            let found = bad.chars().find(|it| !it.is_ascii_alphanumeric()).unwrap();
            let expected = Refusal::HiddenInName { field, found };
            assert_eq!(
                refusal(board.act(command.clone()).await),
                expected,
                "{command:?}"
            );
        }
    }
    assert_eq!(board.newest_event(), before);
    let refusal = Refusal::HiddenInName {
        field: "assignee",
        found: '\n',
    };
    assert_eq!(
        refusal.to_string(),
        "assignee must be one line without hidden characters, but holds U+000A; leave it out"
    );
}

#[tokio::test]
async fn a_list_that_is_imported_comes_in_the_same_way() {
    let board = Board::new();
    let import = async |list: &'static str| {
        let lines = std::io::Cursor::new(list.as_bytes());
        board.kernel.import(&person(), lines).await
    };
    let refused = import(r#"{"title": "x", "assignee": "shell\n"}"#)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("assignee must be one line"),
        "{refused}"
    );
    let imported = import(r#"{"title": "a\u001b[31mb\nc"}"#).await.unwrap();
    assert_eq!(board.task(&imported.tasks[0]).await.title, "ab c");
}

#[tokio::test]
async fn what_is_said_is_clean_before_it_is_stored() {
    let board = Board::new();
    let (people, dispatcher) = (Actor::full(TRICKY), Actor::dispatcher());
    let say = async |actor: &Actor, command: Command| board.give(actor, command).await.unwrap();

    say(&people, new(TRICKY).into()).await;
    let task = board.task_named(TRICKY).await;
    assert_eq!(board.task(&task).await.title, "ab\u{fffd}c d");
    let edit = EditTask {
        title: Some(format!("{TRICKY} again\r\n")),
        ..EditTask::of(task.clone())
    };
    say(&people, edit.into()).await;
    assert_eq!(board.task(&task).await.title, "ab\u{fffd}c d again");
    let comment = |body: &str| CommentOnTask {
        task: task.clone(),
        body: body.to_owned(),
    };
    say(&people, comment(TRICKY).into()).await;

    let claimed = board.claim(&task).await.unwrap();
    let worker = Actor::worker(TRICKY, claimed.token);
    say(&worker, comment(&format!("{TRICKY}\0")).into()).await;
    let failure = Failure {
        outcome: Outcome::Protocol,
        code: Some(0),
        error: TRICKY.to_owned(),
        proposed: tricky(),
    };
    let run = claimed.run;
    say(
        &dispatcher,
        FailRun {
            run,
            failure,
            limit: None,
            next: domain::command::NextAttempt::default(),
            breaker: None,
        }
        .into(),
    )
    .await;
    let run = board.claim(&task).await.unwrap().run;
    say(
        &dispatcher,
        DeferRun {
            run,
            reason: TRICKY.to_owned(),
            met: None,
        }
        .into(),
    )
    .await;
    say(
        &dispatcher,
        BlockTask {
            task: task.clone(),
            reason: tricky(),
        }
        .into(),
    )
    .await;
    let reason = board.task(&task).await.block_reason;
    assert_eq!(reason.as_deref(), Some("abc\nd"));

    let to = address("webhook", "ci", "", None);
    say(
        &people,
        Subscribe {
            task: task.clone(),
            to,
        }
        .into(),
    )
    .await;
    board.unblock(&task).await;
    board.claim(&task).await.unwrap();
    let complete = CompleteTask {
        task: task.clone(),
        result: tricky(),
        summary: tricky(),
        metadata: None,
        outcome: None,
        unchecked: false,
    };
    say(&people, complete.into()).await;
    assert_eq!(board.task(&task).await.result.as_deref(), Some("abc\nd"));
    let undelivered = RecordUndelivered {
        deliveries: vec![DeliveryId(1)],
        error: TRICKY.to_owned(),
        retry: Retry::Never,
    };
    say(&dispatcher, undelivered.into()).await;
    say(&people, Pause { lane: None }.into()).await;
    assert_eq!(hidden_texts(&board), Vec::<String>::new());
}

#[tokio::test]
async fn a_body_stays_as_a_person_wrote_it_and_a_script_too() {
    let board = Board::new();
    let with_body = |assignee: &str| CreateTask {
        body: tricky(),
        assignee: Some(assignee.to_owned()),
        ..new("task")
    };
    let written = board.create(with_body("ada")).await;
    assert_eq!(board.task(&written).await.body.as_deref(), Some(TRICKY));
    let claimed = board.claim(&written).await.unwrap();
    let worker = Actor::worker("shell", claimed.token);
    for (assignee, stored) in [("ada", "abc\nd"), ("shell", TRICKY)] {
        let create = with_body(assignee);
        let receipt = board.give(&worker, create).await.unwrap();
        let domain::command::Answer::Created(Created { task, .. }) = receipt.answer else {
            panic!("not created");
        };
        assert_eq!(
            board.task(&task).await.body.as_deref(),
            Some(stored),
            "{assignee}"
        );
    }
}

#[tokio::test]
async fn a_text_that_no_program_could_be_given_is_refused() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let body = Some("a\0b".to_owned());
    let edit = EditTask {
        body: body.clone(),
        ..EditTask::of(task.clone())
    };
    let comment = CommentOnTask {
        task,
        body: "a\0b".to_owned(),
    };
    let create = CreateTask {
        body,
        ..new("task")
    };
    for command in [Command::from(create), edit.into(), comment.into()] {
        let refused = board.give(&person(), command).await;
        assert_eq!(refusal(refused), Refusal::NulInText);
    }
}

/// The texts of the file that hold a hidden character, in whichever table and column.
fn hidden_texts(board: &Board) -> Vec<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test looks at the file itself"
    )]
    let conn = rusqlite::Connection::open(board.folder.path().join("kanban.db")).unwrap();
    let columns = "SELECT tables.name, columns.name \
                   FROM pragma_table_list AS tables, pragma_table_info(tables.name) AS columns \
                   WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'";
    let mut statement = conn.prepare(columns).unwrap();
    let columns = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)));
    let columns: Vec<(String, String)> = columns.unwrap().collect::<Result<_, _>>().unwrap();
    assert!(columns.len() > 60, "{columns:?}");
    let mut hidden = Vec::new();
    for (table, column) in columns {
        let texts = format!("SELECT \"{column}\" FROM {table} WHERE typeof(\"{column}\") = 'text'");
        let mut statement = conn.prepare(&texts).unwrap();
        let texts = statement
            .query_map((), |row| row.get::<_, String>(0))
            .unwrap();
        let texts = texts.map(Result::unwrap);
        let bad = texts.filter(|text| text.contains(is_hidden) || text.contains("\\u00"));
        hidden.extend(bad.map(|text| format!("{table}.{column}: {text:?}")));
    }
    hidden
}

#[tokio::test]
async fn a_text_that_people_read_whole_has_a_bound() {
    let board = Board::new();
    let long = |most: usize| "ä".repeat(most + 1);
    let task = board.create(new(&"ä".repeat(1_000))).await;
    let refused = async |command: Command| match refusal(board.act(command).await) {
        Refusal::TooLong { field, most, .. } => (field, most),
        other => panic!("{other}"),
    };
    let title = new(&long(1_000));
    assert_eq!(refused(title.into()).await, ("title", 1_000));
    let edit = EditTask {
        title: Some(long(1_000)),
        ..EditTask::of(task.clone())
    };
    assert_eq!(refused(edit.into()).await, ("title", 1_000));
    let assign = AssignTask {
        task: task.clone(),
        assignee: Some(long(500)),
        stop: false,
        reason: None,
    };
    assert_eq!(refused(assign.into()).await, ("assignee", 500));
    let block = BlockTask {
        task: task.clone(),
        reason: Some(long(20_000)),
    };
    assert_eq!(refused(block.into()).await, ("reason", 20_000));
    assert_eq!(board.kernel.task(&task).await.unwrap().events.len(), 1);
}

#[tokio::test]
async fn no_name_looks_like_another() {
    let board = Board::new();
    for name in [
        "ada\u{200b}",
        "ada\u{200d}",
        "\u{feff}ada",
        "a\u{ad}da",
        "ada\u{e0101}",
        "ada\u{a0}",
        "\u{2003}ada",
        "ada\u{3000}b",
    ] {
        let create = CreateTask {
            assignee: Some(name.to_owned()),
            ..new("x")
        };
        let refused = refusal(board.act(create).await);
        assert!(matches!(refused, Refusal::HiddenInName { .. }), "{name:?}");
    }
    for name in [
        "می\u{200c}خواهم",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "\u{2764}\u{fe0f}",
    ] {
        board
            .create(CreateTask {
                assignee: Some(name.to_owned()),
                ..new("x")
            })
            .await;
    }
}

#[tokio::test]
async fn spaces_around_a_name_are_no_part_of_it() {
    let board = Board::new();
    let mut ids = std::collections::BTreeSet::new();
    for name in ["shell ", " shell", "shell"] {
        let id = board
            .create(CreateTask {
                assignee: Some(name.to_owned()),
                tenant: Some(name.to_owned()),
                idempotency_key: Some(name.to_owned()),
                ..new("x")
            })
            .await;
        let task = board.task(&id).await;
        ids.insert(id);
        assert_eq!(task.assignee.as_deref(), Some("shell"));
        assert_eq!(task.tenant.as_deref(), Some("shell"));
    }
    // The key was the same each time.
    assert_eq!(ids.len(), 1);
}

//! The interface of the file to other programs, kept as text: a change of one is a change of an
//! interface. `KANBAN_BLESS=1` writes the texts anew; look through the difference then.

use std::path::Path;
use std::{env, fs, iter};

use domain::event::EventBody;
use domain::hold::Cause;
use domain::id::{EventId, ReceiptId, RunId, TaskId};
use domain::news::KINDS;
use domain::outcome::{StartOn, TaskOutcome};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Timestamp;

use crate::board::Board;

#[track_caller]
fn assert_golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if env::var_os("KANBAN_BLESS").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "KANBAN_BLESS=1 accepts it");
}

#[tokio::test]
async fn a_new_file_has_the_schema_that_it_always_had() {
    let board = Board::new();
    #[expect(clippy::disallowed_methods, reason = "the test looks from outside")]
    let conn = rusqlite::Connection::open(board.folder.path().join("kanban.db")).unwrap();
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let mut schema = format!(
        "PRAGMA application_id = {};\nPRAGMA user_version = {};\n",
        pragma("application_id").unwrap(),
        pragma("user_version").unwrap()
    );
    // The shadow tables of FTS5 are its own affair.
    let mut statement = conn
        .prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT IN \
                 (SELECT name FROM pragma_table_list WHERE type = 'shadow') \
                 AND name NOT LIKE 'sqlite_%' \
             ORDER BY type = 'index', tbl_name, name",
        )
        .unwrap();
    for sql in statement
        .query_map((), |row| row.get::<_, String>(0))
        .unwrap()
    {
        schema.extend(["\n", &sql.unwrap(), ";\n"]);
    }
    assert_golden("schema.sql", &schema);
}

#[test]
fn every_kind_of_event_reads_as_it_always_did() {
    let every = iter::successors(Some(first()), after);
    let line = |body: EventBody| {
        let kind = body.kind();
        // Whoever is told of those is told that it gave up.
        let is_news = KINDS.contains(&kind) || kind == "spawn_auto_blocked";
        assert!(is_news, "nobody can be told of {kind}");
        let payload = serde_json::to_string(&body).unwrap();
        format!("{} {payload}\n", body.kind())
    };
    let lines: String = every.map(line).collect();
    assert_golden("events.txt", &lines);
}

fn first() -> EventBody {
    EventBody::Created {
        assignee: Some("ada".to_owned()),
        status: Status::Todo,
        parents: vec![task(1)],
        tenant: None,
    }
}

/// Returns the next kind of event, so that a new one does not compile without its place here.
#[expect(
    clippy::too_many_lines,
    reason = "each event follows another, so that the compiler misses none"
)]
fn after(last: &EventBody) -> Option<EventBody> {
    let text = || "text".to_owned();
    let run = RunId(7);
    let receipt = ReceiptId(3);
    Some(match last {
        EventBody::Created { .. } => EventBody::Ready,
        EventBody::Ready => EventBody::Claimed {
            lock: "host:1".to_owned(),
            expires: MOMENT,
        },
        EventBody::Claimed { .. } => EventBody::Reclaimed {
            stale_lock: Some("host:1".to_owned()),
            by: None,
            reason: None,
        },
        EventBody::Reclaimed { .. } => EventBody::Crashed {
            pid: Some(4711),
            claimer: Some("host:1".to_owned()),
            run: Some(run),
        },
        EventBody::Crashed { .. } => EventBody::SpawnFailed {
            error: text(),
            failures: 1,
        },
        EventBody::SpawnFailed { .. } => EventBody::SpawnAutoBlocked {
            failures: 5,
            error: text(),
        },
        EventBody::SpawnAutoBlocked { .. } => EventBody::Completed {
            result_len: 4,
            outcome: TaskOutcome::Success,
            unchecked: false,
        },
        EventBody::Completed { .. } => EventBody::Blocked { reason: None },
        EventBody::Blocked { .. } => EventBody::Unblocked,
        EventBody::Unblocked => EventBody::Archived,
        EventBody::Archived => EventBody::Assigned { assignee: None },
        EventBody::Assigned { .. } => EventBody::Linked {
            parent: task(1),
            child: task(2),
            on: StartOn::Success,
        },
        EventBody::Linked { .. } => EventBody::Unlinked {
            parent: task(1),
            child: task(2),
        },
        EventBody::Unlinked { .. } => EventBody::Priority { priority: -3 },
        EventBody::Priority { .. } => EventBody::Edited,
        EventBody::Edited => EventBody::Commented {
            author: "ada".to_owned(),
            len: 4,
        },
        EventBody::Commented { .. } => EventBody::Status {
            status: Status::Triage,
        },
        EventBody::Status { .. } => EventBody::Spawned {
            run,
            lane: "shell".to_owned(),
            pid: 4711,
            workspace: "/srv/x".to_owned(),
        },
        EventBody::Spawned { .. } => EventBody::AttemptFailed {
            run,
            outcome: Outcome::Exit,
            code: Some(3),
            error: text(),
            failures: 1,
            retry_at: MOMENT,
        },
        EventBody::AttemptFailed { .. } => EventBody::Reported { run, result_len: 4 },
        EventBody::Reported { .. } => EventBody::CheckStarted { run },
        EventBody::CheckStarted { .. } => EventBody::CheckPassed { run, receipt },
        EventBody::CheckPassed { .. } => EventBody::CheckFailed {
            run,
            receipt,
            error: text(),
            rework: 1,
        },
        EventBody::CheckFailed { .. } => EventBody::BranchMoved {
            commit: "1a2b3c".to_owned(),
        },
        EventBody::BranchMoved { .. } => EventBody::LandingRequested {
            onto: Some("main".to_owned()),
            by: text(),
        },
        EventBody::LandingRequested { .. } => EventBody::LandingWaits { problem: text() },
        EventBody::LandingWaits { .. } => EventBody::LandingEnded { reason: text() },
        EventBody::LandingEnded { .. } => EventBody::LandingFailed {
            onto: "main".to_owned(),
            receipt: ReceiptId(3),
            error: text(),
            sent_back: 1,
        },
        EventBody::LandingFailed { .. } => EventBody::Landed {
            onto: "main".to_owned(),
            commit: "1a2b3c".to_owned(),
            receipt: ReceiptId(3),
            kept: None,
        },
        EventBody::Landed { .. } => EventBody::ReviewRequested {
            run: Some(run),
            reviewer: "person".to_owned(),
            result_len: 4,
        },
        EventBody::ReviewRequested { .. } => EventBody::Approved {
            run: Some(run),
            receipt,
            by: "ada".to_owned(),
        },
        EventBody::Approved { .. } => EventBody::ChangesRequested {
            run: Some(run),
            receipt,
            by: "ada".to_owned(),
            reason: text(),
            rounds: 1,
        },
        EventBody::ChangesRequested { .. } => EventBody::GaveUp {
            failures: 5,
            error: text(),
            outcome: Outcome::TimedOut,
        },
        EventBody::GaveUp { .. } => EventBody::Cancelled {
            run,
            by: "ada".to_owned(),
        },
        EventBody::Cancelled { .. } => EventBody::Deferred {
            run,
            until: Some(MOMENT),
            reason: text(),
        },
        EventBody::Deferred { .. } => EventBody::LaneHeld {
            lane: "claude".to_owned(),
            cause: Cause::RateLimited,
            until: Some(MOMENT),
            reason: text(),
        },
        EventBody::LaneHeld { .. } => EventBody::LaneReleased {
            lane: "claude".to_owned(),
        },
        EventBody::LaneReleased { .. } => EventBody::Interrupted { run },
        EventBody::Interrupted { .. } => EventBody::Adopted { run },
        EventBody::Adopted { .. } => EventBody::Demoted {
            reason: "parent_reopened".to_owned(),
            parent: task(1),
        },
        EventBody::Demoted { .. } => EventBody::Marked {
            reason: "parent_added".to_owned(),
            parent: task(1),
        },
        EventBody::Marked { .. } => EventBody::Unmarked { parent: task(1) },
        EventBody::Unmarked { .. } => EventBody::Snoozed {
            until: Some(MOMENT),
        },
        EventBody::Snoozed { .. } => EventBody::Undone { event: EventId(17) },
        EventBody::Undone { .. } => return None,
    })
}

const MOMENT: Timestamp = Timestamp(1_777_200_000);

fn task(number: u32) -> TaskId {
    TaskId::from_bits(number)
}

//! Settings of `kanban.toml`, and the environment of workers.

use std::fs;

use dispatcher::{Config, Error, FindServers, Servers};
use domain::command::{CreateTask, Pause, Resume};
use domain::dispatch::WhyNot;
use domain::status::Status;

use crate::harness::{Board, in_time, lines, outcomes, write_program};

#[tokio::test]
async fn a_worker_is_told_everything_by_its_environment_and_nothing_by_its_input() {
    let board = Board::new();
    let config = Config {
        servers: FindServers::By(|_| Servers {
            url: Some("http://127.0.0.1:8420".to_owned()),
            is_reachable: false,
        }),
        ..board.config()
    };
    let names = [
        "HERMES_KANBAN_TASK",
        "HERMES_KANBAN_WORKSPACE",
        "HERMES_KANBAN_DB",
        "HERMES_TENANT",
        "HERMES_PROFILE",
        "KANBAN_TASK",
        "KANBAN_WORKSPACE",
        "KANBAN_DB",
        "KANBAN_HOME",
        "KANBAN_URL",
        "KANBAN_TENANT",
        "OF_LANE",
        "KANBAN_RUN_TOKEN",
    ];
    let print = lines(names.map(|name| format!("echo \"${name}\"")));
    let script = format!("cat; pwd\n{print}command -v kanban");
    board.lane(
        "agent",
        &script,
        "success = \"exit\"\nenv = { OF_LANE = \"yes\" }",
    );
    let dispatcher = board.start_with(config).await.unwrap();
    let task = board
        .create_task(CreateTask {
            tenant: Some("acme".to_owned()),
            ..board.task("agent", "")
        })
        .await;
    let done = board.until_status(&task, Status::Done).await;
    let told = done.task.result.unwrap();
    let told: Vec<&str> = told.lines().collect();
    let (id, work, db) = (task.as_str(), board.work(), board.home.db());
    let (work, db) = (work.to_str().unwrap(), db.to_str().unwrap());
    let home = board.home.root().to_str().unwrap();
    let url = "http://127.0.0.1:8420";
    let known = [
        work, id, work, db, "acme", "agent", id, work, db, home, url, "acme", "yes",
    ];
    assert_eq!(told[..known.len()], known);
    assert!(!told[known.len()].is_empty(), "the worker has no token");
    let run = done.runs[0].id;
    let program = board.home.run_dir(run).join("bin/kanban");
    assert_eq!(told[known.len() + 1], program.to_str().unwrap());
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_program_without_a_first_line_is_run_by_the_shell_as_in_a_terminal() {
    let board = Board::new();
    let programs = board.folder.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let program = programs.join("my-agent");
    write_program(&program, "echo \"done by $0\"");
    board.configure(&format!(
        "[lanes.agent]\n\
         command = [\"my-agent\"]\n\
         success = \"exit\"\n\
         env = {{ PATH = \"{}:/usr/bin:/bin\" }}",
        programs.display()
    ));
    let dispatcher = board.start().await;
    let task = board.create_task(board.task("agent", "")).await;
    let done = board.until_status(&task, Status::Done).await;
    let expected = format!("done by {}", program.display());
    assert_eq!(done.task.result, Some(expected));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_can_read_is_told_what_its_parents_came_to_and_how_to_report() {
    let board = Board::new();
    board.lane("agent", "cat $3", "success = \"exit\"");
    let dispatcher = board.start().await;
    let parent = board.create("echo the port is 8420").await;
    board.until_status(&parent, Status::Done).await;
    let task = board
        .create_task(CreateTask {
            parents: vec![parent.to_string()],
            ..board.task("agent", "write it down")
        })
        .await;
    let done = board.until_status(&task, Status::Done).await;
    let prompt = done.task.result.unwrap();
    for part in ["write it down", "the port is 8420", "kanban block"] {
        assert!(prompt.contains(part), "no {part:?} in {prompt}");
    }
    dispatcher.stop().await;
}

#[tokio::test]
async fn whoever_has_no_lane_of_their_own_is_served_by_the_default_lane() {
    let board = Board::new();
    board.configure("[dispatcher]\ndefault_lane = \"agent\"");
    board.lane("agent", "echo $2 works", "success = \"exit\"");
    let dispatcher = board.start().await;
    let task = board.create_for("ada").await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("ada works"));
    assert_eq!(done.runs[0].lane.as_deref(), Some("agent"));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_dispatcher_does_not_start_with_a_file_that_makes_no_sense() {
    let board = Board::new();
    board.configure("[dispatcher]\ncaps = 2");
    let refused = board.start_with(board.config()).await;
    let Err(Error::Mistake(mistake)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((mistake.path, mistake.line), (board.home.config(), Some(2)));
}

#[tokio::test]
async fn what_is_changed_in_the_file_holds_at_once_and_a_mistake_changes_nothing() {
    let board = Board::new();
    let dispatcher = board.start_with(board.config()).await.unwrap();
    let task = board.create_for("agent").await;
    board.lane("agent", "echo here", "success = \"exit\"");
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("here"));

    board.configure("[dispatcher]\ncaps = 2");
    let report = board.until_report(|report| report.problem.is_some()).await;
    let problem = report.problem.unwrap();
    assert!(
        problem.contains("kanban.toml, line 5: dispatcher: unknown field `caps`"),
        "{problem}"
    );
    assert_eq!(dispatcher.handle().status().problem, Some(problem));
    let next = board.create_for("agent").await;
    board.until_status(&next, Status::Done).await;

    std::fs::write(board.home.config(), "# no lanes of ours\n").unwrap();
    let report = board.until_report(|report| report.problem.is_none()).await;
    assert!(report.lanes.iter().all(|lane| lane.name != "agent"));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_paused_lane_starts_nothing_until_it_is_resumed() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let lane = Some("shell".to_owned());
    board.told(Pause { lane: lane.clone() }).await;
    let task = board.create("true").await;
    let report = in_time(dispatcher.handle().tick(None)).await.unwrap();
    let why = WhyNot::Paused { lane: lane.clone() };
    assert_eq!((report.spawned.len(), &report.skipped[0].why), (0, &why));
    assert_eq!(board.kernel.why(&task).await.unwrap(), Some(why));
    board.told(Resume { lane }).await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(outcomes(&done).len(), 1);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_dispatcher_says_on_the_board_how_it_does_and_that_it_has_ended() {
    let board = Board::new();
    let dispatcher = board.start_with(board.config_with_cap(3)).await.unwrap();
    let task = board.create("true").await;
    board.until_status(&task, Status::Done).await;
    let dispatch = board.kernel.dispatch().await.unwrap();
    let said = dispatch.living().unwrap();
    assert_eq!((said.cap, said.bad_ticks), (3, 0));
    assert_eq!(said.process.pid, i64::from(std::process::id()));
    assert!(said.last_tick.is_some() && said.next_tick > said.last_tick);
    assert_eq!(said.lane_of("shell").unwrap().problem, None);
    dispatcher.stop().await;
    let dispatch = board.kernel.dispatch().await.unwrap();
    assert_eq!(dispatch.living(), None);
    assert!(dispatch.report.is_some());
}

#[tokio::test]
async fn a_worker_is_started_without_the_secrets_of_channels() {
    let board = Board::new();
    // Cargo sets both for every test.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    board.configure(
        "[channels.webhook.ci]\nurl = \"http://localhost/\"\n\
         secrets = [{ env = \"CARGO_MANIFEST_DIR\" }]",
    );
    let script = "echo ${CARGO_MANIFEST_DIR-gone} ${CARGO_PKG_NAME-gone}";
    let done = board.ran(script, "completed").await;
    assert_eq!(done.task.result.as_deref(), Some("gone dispatcher"));
}

//! The outcome of a task, and the children that start on it.

use domain::actor::Actor;
use domain::check::{CheckEnd, GitFacts, Verdict};
use domain::command::{
    ArchiveTask, CompleteTask, CreateTask, LinkTasks, PromoteWaiting, SettleCheck, Undo,
};
use domain::dispatch::WhyNot;
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::inbox::{MOST_BEHIND, Need};
use domain::outcome::{DeadEnd, StartOn, TaskOutcome};
use domain::status::Status;
use kernel::{BoardFilter, Error};

use crate::board::{Board, START, refusal};
use crate::transfer::{export, import};

impl Board {
    pub(crate) async fn end_with(&self, task: &TaskId, outcome: TaskOutcome) {
        self.act(finish(task, Some(outcome))).await.unwrap();
    }

    async fn child_on(&self, parent: &TaskId, on: StartOn) -> TaskId {
        self.create(CreateTask {
            title: format!("on {on}"),
            parents: vec![format!("{parent}:{on}")],
            ..CreateTask::default()
        })
        .await
    }

    async fn link_on(&self, parent: &TaskId, child: &TaskId, on: Option<StartOn>) {
        let (parent, child) = (parent.to_string(), child.to_string());
        let link = LinkTasks { parent, child, on };
        self.act(link).await.unwrap();
    }

    async fn statuses<const N: usize>(&self, tasks: [&TaskId; N]) -> [Status; N] {
        let mut statuses = [const { Status::Triage }; N];
        for (at, task) in tasks.into_iter().enumerate() {
            statuses[at] = self.status(task).await;
        }
        statuses
    }

    async fn why_text(&self, task: &TaskId) -> String {
        let why = self.kernel.why(task).await.unwrap();
        why.map(|why| why.to_string()).unwrap_or_default()
    }
}

fn finish(task: &TaskId, outcome: Option<TaskOutcome>) -> CompleteTask {
    CompleteTask {
        task: task.clone(),
        outcome,
        result: None,
        summary: None,
        metadata: None,
        unchecked: false,
    }
}

fn dead_end(parent: &TaskId, child: &TaskId) -> DeadEnd {
    DeadEnd {
        parent: parent.clone(),
        child: child.clone(),
        outcome: TaskOutcome::Failure,
        on: StartOn::Success,
        was_archived: false,
    }
}

#[tokio::test]
async fn children_start_on_the_outcome_that_they_were_linked_for() {
    use Status::{Ready, Todo};
    for (outcome, expected) in [
        (TaskOutcome::Success, [Ready, Todo, Ready]),
        (TaskOutcome::Failure, [Todo, Ready, Ready]),
    ] {
        let board = Board::new();
        let parent = board.task_named("parent").await;
        let success = board.child_on(&parent, StartOn::Success).await;
        let failure = board.child_on(&parent, StartOn::Failure).await;
        let always = board.child_on(&parent, StartOn::Always).await;
        board.end_with(&parent, outcome).await;
        let children = [&success, &failure, &always];
        assert_eq!(board.statuses(children).await, expected);
        // The same when the parent is finished already, and when everything is looked at again.
        let late = board.child_on(&parent, StartOn::Failure).await;
        assert_eq!(board.status(&late).await, expected[1]);
        board.act(PromoteWaiting {}).await.unwrap();
        assert_eq!(board.statuses(children).await, expected);
    }
}

#[tokio::test]
async fn a_task_that_can_never_start_is_refused_and_says_why() {
    let board = Board::new();
    let parent = board.task_named("test").await;
    let child = board.child_of(&[&parent]).await;
    let behind = board.child_of(&[&child]).await;
    let last = board.child_of(&[&behind]).await;
    board.end_with(&parent, TaskOutcome::Failure).await;

    let refused = Refusal::DeadEnd(Box::new(dead_end(&parent, &child)));
    assert_eq!(refusal(board.move_to(&child, Status::Ready).await), refused);
    let says = board.why_text(&child).await;
    let names = format!("{parent} ended with failure, and {child} starts on its success");
    assert!(says.contains(&names), "{says}");
    for waits in [&behind, &last] {
        let says = board.why_text(waits).await;
        assert!(says.contains(&names), "{says}");
    }
    let snapshot = board.kernel.board(BoardFilter::default()).await.unwrap();
    let dead_ends = snapshot.tasks.iter().filter(|card| card.is_dead_end);
    assert_eq!(dead_ends.map(|card| &card.id).collect::<Vec<_>>(), [&child]);

    let inbox = board.kernel.inbox().await.unwrap();
    let [concern] = inbox.as_slice() else {
        panic!("{inbox:?}");
    };
    assert_eq!((&concern.task, concern.behind), (&parent, 3));
    let dead_ends = vec![dead_end(&parent, &child)];
    assert_eq!(concern.need, Need::DeadEnd { dead_ends });
}

#[tokio::test]
async fn each_parent_that_ended_otherwise_is_one_entry_of_the_inbox() {
    let board = Board::new();
    let [one, other] = [
        board.task_named("one").await,
        board.task_named("other").await,
    ];
    let of_one = board.child_of(&[&one]).await;
    let of_both = board.child_of(&[&one, &other]).await;
    let behind = board.child_of(&[&of_one, &of_both]).await;
    let mends = board.child_on(&one, StartOn::Failure).await;
    board.child_of(&[&mends]).await;
    let on_failure = board.child_on(&other, StartOn::Failure).await;
    board.end_with(&one, TaskOutcome::Failure).await;
    board.end_with(&other, TaskOutcome::Success).await;

    let inbox = board.kernel.inbox().await.unwrap();
    let told = inbox.into_iter().map(|concern| match concern.need {
        Need::DeadEnd { dead_ends } => {
            let children = dead_ends.into_iter().map(|it| (it.child, it.outcome));
            (
                concern.task,
                concern.title,
                concern.behind,
                children.collect(),
            )
        }
        need => panic!("{need:?}"),
    });
    let mut told: Vec<(TaskId, String, u32, Vec<_>)> = told.collect();
    told.sort_by(|one, other| one.1.cmp(&other.1));
    let (failure, success) = (TaskOutcome::Failure, TaskOutcome::Success);
    let of_one = vec![(of_one, failure), (of_both, failure)];
    let of_other = vec![(on_failure, success)];
    assert_eq!(
        told,
        [
            (one.clone(), "one".to_owned(), 3, of_one),
            (other, "other".to_owned(), 1, of_other),
        ]
    );
    // Tasks behind one that was put away are stuck all the same.
    board.act(ArchiveTask { task: one.clone() }).await.unwrap();
    board.act(ArchiveTask { task: behind }).await.unwrap();
    let inbox = board.kernel.inbox().await.unwrap();
    let behind = inbox.iter().find(|concern| concern.task == one);
    assert_eq!(behind.map(|concern| concern.behind), Some(2));
}

#[tokio::test]
async fn what_is_stuck_is_listed_and_counted_up_to_a_bound() {
    let board = Board::new();
    let parent = board.task_named("test").await;
    for _ in 0..=MOST_BEHIND {
        board.child_of(&[&parent]).await;
    }
    board.end_with(&parent, TaskOutcome::Failure).await;
    let inbox = board.kernel.inbox().await.unwrap();
    let [concern] = inbox.as_slice() else {
        panic!("{inbox:?}");
    };
    let Need::DeadEnd { dead_ends } = &concern.need else {
        panic!("{concern:?}");
    };
    assert_eq!(concern.behind, MOST_BEHIND);
    assert_eq!(dead_ends.len(), usize::try_from(MOST_BEHIND).unwrap());
}

#[tokio::test]
async fn a_parent_knows_on_which_outcome_its_children_start() {
    let board = Board::new();
    let parent = board.task_named("test").await;
    board.child_of(&[&parent]).await;
    let child = board.child_on(&parent, StartOn::Always).await;
    let detail = board.kernel.task(&parent).await.unwrap();
    assert_eq!(detail.child_conditions, [(child, StartOn::Always)].into());
}

#[tokio::test]
async fn a_dead_end_is_left_by_running_the_parent_again_or_by_another_condition() {
    let board = Board::new();
    let parent = board.task_named("test").await;
    let child = board.child_of(&[&parent]).await;
    board.end_with(&parent, TaskOutcome::Failure).await;
    board.link_on(&parent, &child, Some(StartOn::Always)).await;
    assert_eq!(board.status(&child).await, Status::Ready);
    let event = board.newest_event();
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
    assert!(board.why_text(&child).await.contains("can never start"));

    board.move_to(&parent, Status::Ready).await.unwrap();
    let why = board.kernel.why(&child).await.unwrap();
    assert!(matches!(why, Some(WhyNot::WaitsForParents { .. })));
    board.end_with(&parent, TaskOutcome::Success).await;
    assert_eq!(board.status(&child).await, Status::Ready);
    assert!(board.kernel.inbox().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_parent_that_was_archived_before_it_ended_is_said_to_be_so() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_on(&parent, StartOn::Failure).await;
    let archive = ArchiveTask {
        task: parent.clone(),
    };
    board.act(archive).await.unwrap();
    let said = board.why_text(&child).await;
    let expected = format!("{parent} was archived, and {child} starts on its failure");
    assert!(said.contains(&expected), "{said}");

    let parent = board.task_named("parent").await;
    let child = board.child_on(&parent, StartOn::Failure).await;
    board.end_with(&parent, TaskOutcome::Success).await;
    let archive = ArchiveTask {
        task: parent.clone(),
    };
    board.act(archive).await.unwrap();
    let said = board.why_text(&child).await;
    assert!(said.contains("ended with success"), "{said}");
}

#[tokio::test]
async fn a_link_that_is_made_again_keeps_its_condition_unless_it_says_another() {
    let board = Board::new();
    let parent = board.task_named("test").await;
    let child = board.child_on(&parent, StartOn::Failure).await;
    for (on, expected) in [
        (None, Some(&StartOn::Failure)),
        (Some(StartOn::Always), Some(&StartOn::Always)),
        (Some(StartOn::Success), None),
    ] {
        board.link_on(&parent, &child, on).await;
        let detail = board.kernel.task(&child).await.unwrap();
        assert_eq!(detail.conditions.get(&parent), expected);
    }
}

#[tokio::test]
async fn a_failure_that_is_taken_back_frees_nobody_whom_it_freed() {
    let board = Board::new();
    let parent = board.task_named("test").await;
    let child = board.child_on(&parent, StartOn::Failure).await;
    let failed = board.act(finish(&parent, Some(TaskOutcome::Failure))).await;
    let event = failed.unwrap().events[0];
    assert_eq!(board.status(&child).await, Status::Ready);
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
    board.end_with(&parent, TaskOutcome::Success).await;
    assert_eq!(board.status(&child).await, Status::Todo);
}

#[tokio::test]
async fn what_a_worker_reports_before_its_check_is_the_outcome_once_it_has_passed() {
    let board = Board::new();
    let task = board
        .create(CreateTask {
            title: "test".to_owned(),
            check: Some("true".to_owned()),
            ..CreateTask::default()
        })
        .await;
    let claimed = board.claim(&task).await.unwrap();
    let worker = Actor::worker("shell", claimed.token.clone());
    let report = finish(&task, Some(TaskOutcome::Failure));
    board.give(&worker, report).await.unwrap();
    let settle = SettleCheck {
        run: claimed.run,
        check: CheckEnd {
            command: "true".to_owned(),
            verdict: Verdict::Passed,
            began_at: START,
            ended_at: START,
            exit_code: Some(0),
            output: String::new(),
            log_start: None,
            log_end: None,
            git: GitFacts::default(),
        },
        limit: None,
    };
    let commands = vec![settle.into(), finish(&task, None).into()];
    board.kernel.execute_all(&worker, commands).await.unwrap();
    let done = board.kernel.task_alone(&task).await.unwrap();
    assert_eq!(
        (done.status, done.outcome),
        (Status::Done, TaskOutcome::Failure)
    );
}

#[tokio::test]
async fn an_unknown_condition_is_part_of_the_name_and_so_of_no_task() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let name = format!("{parent}:failed");
    let refused: Result<_, Error> = board
        .act(CreateTask {
            title: "child".to_owned(),
            parents: vec![name.clone()],
            ..CreateTask::default()
        })
        .await;
    assert_eq!(refusal(refused), Refusal::UnknownParents(vec![name]));
}

#[tokio::test]
async fn a_list_names_conditions_of_its_own_tasks_and_a_board_takes_them_along() {
    let board = Board::new();
    let list = "{\"id\":\"a:always\",\"title\":\"test\"}\n\
                {\"title\":\"mend\",\"parents\":[\"a:always:failure\"]}\n\
                {\"title\":\"tell\",\"parents\":[\"a:always\"]}\n";
    let imported = import(&board, list).await.unwrap();
    let [test, mend, tell] = imported.tasks.as_slice() else {
        panic!("{imported:?}");
    };
    board.end_with(test, TaskOutcome::Failure).await;
    let expected = [Status::Ready, Status::Todo];
    assert_eq!(board.statuses([mend, tell]).await, expected);

    let other = Board::new();
    import(&other, &export(&board).await).await.unwrap();
    let detail = other.kernel.task(mend).await.unwrap();
    assert_eq!(detail.conditions.get(test), Some(&StartOn::Failure));
    let test = other.kernel.task_alone(test).await.unwrap();
    assert_eq!(test.outcome, TaskOutcome::Failure);
}

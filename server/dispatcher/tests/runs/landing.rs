//! Landings, with real landers, real git and real checks.

use std::fs;
use std::path::PathBuf;

use domain::actor::Actor;
use domain::check::Verdict;
use domain::command::{ApproveTask, CreateTask, LandTask, NoteTip};
use domain::id::TaskId;
use domain::landing::Method;
use domain::status::Status;
use domain::task::TaskDetail;

use crate::git::{COMMIT, git, place};
use crate::harness::{Board, open, poll, wait_at};

#[path = "landing/hostile.rs"]
mod hostile;
#[path = "landing/kills.rs"]
mod kills;
#[path = "landing/losses.rs"]
mod losses;

/// A board with a repository that stands on `main`.
struct Ground {
    board: Board,
    repository: PathBuf,
}

impl Ground {
    fn new() -> Self {
        Self::with_lane("")
    }

    /// The lane `writer`, of which this is said, runs the script of a task.
    fn with_lane(more: &str) -> Self {
        let (board, repository) = Board::with_repository();
        let repository = PathBuf::from(repository);
        git(&repository, &["branch", "--move", "main"]);
        if !more.is_empty() {
            board.lane(
                "writer",
                "touch \"$1\"; git add --all; git -c user.name=a -c user.email=a@b commit -qm work",
                more,
            );
        }
        Self { board, repository }
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.repository, arguments)
    }

    fn main(&self) -> String {
        self.git(&["rev-parse", "main"])
    }

    fn commit(&self, file: &str, text: &str) {
        fs::write(self.repository.join(file), text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=by hand"]);
    }

    /// A task whose worker runs this and commits it.
    fn task(&self, script: &str, check: Option<&str>) -> CreateTask {
        let repository = self.repository.display().to_string();
        let script = format!("{script}; {COMMIT}");
        CreateTask {
            check: check.map(ToOwned::to_owned),
            ..self.board.in_worktree(&repository, &script)
        }
    }

    /// A task that is done like that.
    async fn done(&self, script: &str, check: Option<&str>) -> TaskDetail {
        let task = self.board.create_task(self.task(script, check)).await;
        let done = self.board.until_status(&task, Status::Done).await;
        self.board.until_all_is_settled().await;
        done
    }

    async fn land(&self, task: &TaskId) {
        self.board.told(land(task)).await;
    }

    /// The task, once its landing is over.
    async fn landed(&self, task: &TaskId) -> TaskDetail {
        self.board
            .until(task, |detail| detail.landing.is_none())
            .await
    }

    /// A check that, in a landing, says at the gate that it is there and waits to be let through.
    fn check_at_gate(&self) -> (PathBuf, String) {
        let gate = self.board.gate();
        let check = format!(
            "case $PWD in */landings/*) echo here > {0}; read line < {0} ;; esac",
            gate.display()
        );
        (gate, check)
    }

    async fn until_it_waits(&self, task: &TaskId) -> String {
        let waits = |detail: &TaskDetail| problem(detail).is_some();
        let detail = self.board.until(task, waits).await;
        problem(&detail).unwrap().to_owned()
    }

    /// Nothing of a landing is left but the lock of the repository.
    async fn is_tidy(&self) {
        let landings = self.board.home.landings();
        poll(|| {
            let entries = fs::read_dir(&landings).unwrap().flatten();
            entries
                .map(|it| it.path())
                .all(|it| it.extension().is_some())
        })
        .await;
        let listed = self.git(&["worktree", "list", "--porcelain"]);
        assert!(!listed.contains("/landings/"), "{listed}");
    }
}

fn approve(task: &TaskId) -> ApproveTask {
    ApproveTask {
        task: task.clone(),
        run: None,
        commit: None,
        note: None,
    }
}

fn land(task: &TaskId) -> LandTask {
    LandTask {
        task: task.clone(),
        onto: None,
        method: None,
        delete_branch: false,
    }
}

fn problem(detail: &TaskDetail) -> Option<&str> {
    detail.landing.as_ref()?.problem.as_deref()
}

fn verdicts(detail: &TaskDetail) -> Vec<Verdict> {
    let receipts = detail.receipts.iter();
    receipts.map(|receipt| receipt.check.verdict).collect()
}

fn result(detail: &TaskDetail) -> &str {
    detail
        .branch
        .as_ref()
        .unwrap()
        .landed_commit
        .as_deref()
        .unwrap()
}

#[tokio::test]
async fn work_is_merged_checked_and_lands_with_the_files_of_its_target() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    // It passes on the branch, and on the target only with both.
    let check = "test -e made && { test ! -e moved || test \"$KANBAN_CHECK\" = 1; }";
    let done = ground.done("touch made", Some(check)).await;
    ground.commit("moved", "meanwhile");
    let before = ground.main();
    ground.land(&done.task.id).await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;

    let expected = [Verdict::Passed, Verdict::Passed, Verdict::Landed];
    assert_eq!(verdicts(&landed), expected);
    let main = ground.main();
    assert_eq!(result(&landed), main);
    let git_facts = &landed.receipts[2].check.git;
    let head = git(place(&landed), &["rev-parse", "HEAD"]);
    assert_eq!(git_facts.commit.as_deref(), Some(&*head));
    assert_eq!(git_facts.commit_after.as_deref(), Some(&*main));
    assert_eq!(git_facts.base.as_deref(), Some(&*before));
    assert_eq!(landed.receipts[1].check.git.commit.as_deref(), Some(&*main));
    let parents = ground.git(&["show", "--no-patch", "--format=%P", "main"]);
    assert_eq!(parents, format!("{before} {head}"));
    // It was checked out, and clean.
    assert!(ground.repository.join("made").exists());
    assert_eq!(ground.git(&["status", "--porcelain"]), "");
    assert!(!landed.has_changed_since_check());
    let log = ground.board.log(&done.task.id).await;
    assert!(log.contains("check before landing on main"), "{log}");
    ground.is_tidy().await;
}

#[tokio::test]
async fn ten_landings_at_once_make_one_line_of_checked_commits_and_what_conflicts_is_sent_back() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let mut tasks = Vec::new();
    for number in 0..10 {
        // The last two have changed the same line.
        let file = number.min(8);
        let script = format!("echo {number} > f{file}");
        let new = ground.task(&script, Some(&format!("grep -q {number} f{file}")));
        tasks.push(ground.board.create_task(new).await);
    }
    for task in &tasks {
        ground.board.until_status(task, Status::Done).await;
    }
    ground.board.until_all_is_settled().await;
    for task in &tasks {
        let by_rebase = LandTask {
            method: Some(Method::Rebase),
            ..land(task)
        };
        ground.board.told(by_rebase).await;
    }
    let mut landed = Vec::new();
    let mut sent_back = Vec::new();
    for task in &tasks {
        let detail = ground.landed(task).await;
        match detail.receipts.last().unwrap().check.verdict {
            Verdict::Landed => landed.push(detail),
            Verdict::Conflict => sent_back.push(detail),
            other => panic!("{other:?}"),
        }
    }
    dispatcher.stop().await;
    assert_eq!((landed.len(), sent_back.len()), (9, 1));
    assert_eq!(
        ground.git(&["rev-list", "--count", "--merges", "main"]),
        "0"
    );
    let line = ground.git(&["rev-list", "main"]);
    assert_eq!(line.lines().count(), 10);
    for detail in &landed {
        // The commit that its check has seen is in the line.
        let receipts = &detail.receipts;
        let checked = &receipts[receipts.len() - 2].check;
        assert_eq!(checked.verdict, Verdict::Passed);
        assert_eq!(checked.git.commit.as_deref(), Some(result(detail)));
        assert!(line.contains(result(detail)));
    }
    assert_eq!(ground.git(&["status", "--porcelain"]), "");
    ground.is_tidy().await;
}

#[tokio::test]
async fn the_method_of_a_landing_is_that_of_the_request_else_of_the_task_else_of_the_lane() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let method = "land_method = \"rebase\"\nsuccess = \"exit\"";
    let script = format!("cd \"$KANBAN_WORKSPACE\"; touch $KANBAN_TASK; {COMMIT}");
    ground.board.lane("rebaser", &script, method);
    let merges = || ground.git(&["rev-list", "--count", "--merges", "main"]);
    let (merge, rebase) = (Some(Method::Merge), Some(Method::Rebase));
    // The method of the request, of the task, and the merges on the target afterwards.
    for (asked, of_task, expected) in [
        (None, None, "0"),
        (None, merge, "1"),
        (rebase, merge, "1"),
        (merge, None, "2"),
    ] {
        let new = CreateTask {
            assignee: Some("rebaser".to_owned()),
            land_method: of_task,
            ..ground.task("", None)
        };
        let task = ground.board.create_task(new).await;
        ground.board.until_status(&task, Status::Done).await;
        ground.board.until_all_is_settled().await;
        ground.commit(&format!("beside-{task}"), "meanwhile");
        let by = LandTask {
            method: asked,
            ..land(&task)
        };
        ground.board.told(by).await;
        ground.landed(&task).await;
        assert_eq!(merges(), expected, "{asked:?} {of_task:?}");
    }
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_conflict_and_a_red_check_stand_at_the_top_of_the_next_context() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let conflicting = ground.done("echo mine > same", None).await;
    let red = ground.done("touch made", Some("test ! -e same")).await;
    dispatcher.stop().await;
    ground.commit("same", "theirs");
    let before = ground.main();
    // Nobody works on what is sent back.
    let dispatcher = ground
        .board
        .start_with(ground.board.config_with_cap(0))
        .await;
    let dispatcher = dispatcher.unwrap();
    for task in [&conflicting, &red] {
        ground.land(&task.task.id).await;
    }
    let conflicting = ground.landed(&conflicting.task.id).await;
    let red = ground.landed(&red.task.id).await;
    dispatcher.stop().await;
    for detail in [&conflicting, &red] {
        assert_eq!(detail.task.status, Status::Ready);
    }
    let context = ground
        .board
        .kernel
        .context(&conflicting.task.id)
        .await
        .unwrap();
    let says = "cannot be merged into main at ";
    assert!(context.contains(says), "{context}");
    assert!(
        context.contains("both change same; run `git merge main`"),
        "{context}"
    );
    let last = red.receipts.last().unwrap();
    assert_eq!(last.check.verdict, Verdict::Failed);
    let context = ground.board.kernel.context(&red.task.id).await.unwrap();
    let says = format!("on your work on top of {}", &before[..10]);
    assert!(context.contains(&says), "{context}");
    assert_eq!(ground.main(), before);
    ground.is_tidy().await;
}

#[tokio::test]
async fn the_next_attempt_resolves_the_conflict_and_lands_by_itself() {
    let ground = Ground::with_lane("land = \"auto\"\nland_method = \"merge\"");
    let resolving = "if test -e same; then git -c user.name=a -c user.email=a@b merge -q -X ours main; \
                     else echo mine > same; git add --all; \
                     git -c user.name=a -c user.email=a@b commit -qm work; \
                     echo here > GATE; read line < GATE; fi";
    let gate = ground.board.gate();
    let resolving = resolving.replace("GATE", &gate.display().to_string());
    ground.board.lane(
        "resolver",
        &resolving,
        "success = \"exit\"\nland = \"auto\"",
    );
    let repository = ground.repository.display().to_string();
    let new = CreateTask {
        assignee: Some("resolver".to_owned()),
        ..ground.board.in_worktree(&repository, "")
    };
    let dispatcher = ground.board.start().await;
    let task = ground.board.create_task(new).await;
    wait_at(gate.clone()).await;
    ground.commit("same", "theirs");
    open(gate, "go\n").await;
    let landed = ground.board.until_event(&task, "landed").await;
    dispatcher.stop().await;
    assert_eq!(landed.runs.len(), 2);
    let expected = [Verdict::Conflict, Verdict::Landed];
    assert_eq!(verdicts(&landed), expected);
    let merged = fs::read_to_string(ground.repository.join("same")).unwrap();
    assert_eq!(merged, "mine\n");
}

#[tokio::test]
async fn a_target_that_moves_during_the_check_is_landed_on_anew() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let gate = ground.board.gate();
    let begun = ground.board.folder.path().join("begun");
    let check = format!(
        "case $PWD in */landings/*) test -e moved || {{ touch {}; read line < {}; }} ;; esac",
        begun.display(),
        gate.display()
    );
    let done = ground.done("touch made", Some(&check)).await;
    ground.land(&done.task.id).await;
    poll(|| begun.exists()).await;
    ground.commit("moved", "meanwhile");
    open(gate, "go\n").await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    let files = ground.git(&["ls-tree", "--name-only", "main"]);
    assert_eq!(files, "made\nmoved");
    assert_eq!(result(&landed), ground.main());
}

#[tokio::test]
async fn a_dirty_target_a_missing_one_and_work_that_is_not_committed_wait_and_say_so() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let done = ground.done("touch made", None).await;
    let task = &done.task.id;
    ground.commit("file", "text");
    let before = ground.main();
    fs::write(ground.repository.join("file"), "changed").unwrap();
    ground.land(task).await;
    let problem = ground.until_it_waits(task).await;
    let place_of_target = ground.repository.display().to_string();
    assert!(problem.starts_with("main is checked out in "), "{problem}");
    assert!(problem.contains(&place_of_target), "{problem}");
    assert_eq!(ground.main(), before);

    let elsewhere = LandTask {
        onto: Some("release".to_owned()),
        ..land(task)
    };
    ground.board.told(elsewhere).await;
    let problem = ground.until_it_waits(task).await;
    assert!(problem.contains("has no branch release"), "{problem}");

    fs::write(place(&done).join("left"), "over").unwrap();
    ground.git(&["branch", "release"]);
    let elsewhere = LandTask {
        onto: Some("release".to_owned()),
        ..land(task)
    };
    ground.board.told(elsewhere.clone()).await;
    let problem = ground.until_it_waits(task).await;
    assert!(
        problem.contains("changes that are not committed"),
        "{problem}"
    );
    fs::remove_file(place(&done).join("left")).unwrap();
    ground.board.told(elsewhere).await;
    ground.landed(task).await;
    // It is checked out nowhere; what is in the repository's files is as it was.
    assert!(
        ground
            .git(&["ls-tree", "--name-only", "release"])
            .contains("made")
    );
    let dirty = fs::read_to_string(ground.repository.join("file")).unwrap();
    assert_eq!(dirty, "changed");

    let empty = ground.board.create_task(CreateTask {
        workspace_path: Some(place_of_target),
        ..ground.board.in_worktree("", "true")
    });
    let empty = empty.await;
    ground.board.until_status(&empty, Status::Done).await;
    ground.board.until_all_is_settled().await;
    ground.land(&empty).await;
    let problem = ground.until_it_waits(&empty).await;
    assert!(problem.contains("nothing was committed"), "{problem}");
    dispatcher.stop().await;
}

#[tokio::test]
async fn work_of_a_repository_that_is_no_longer_listed_waits_and_says_what_would_let_it_land() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let done = ground.done("touch made", None).await;
    let task = &done.task.id;
    dispatcher.stop().await;
    let config = ground.board.home.config();
    let listed = fs::read_to_string(&config).unwrap();
    fs::remove_file(&config).unwrap();
    let before = ground.main();
    let dispatcher = ground.board.start().await;
    ground.land(task).await;
    let problem = ground.until_it_waits(task).await;
    let expected = format!(
        "the repository {} is not one of those that kanban.toml names; add it to `repositories` of \
         [board] there, and the work lands",
        ground.repository.display()
    );
    assert_eq!(problem, expected);
    assert_eq!(ground.main(), before);
    dispatcher.stop().await;
    // It is done as it says; a landing that waits is tried again each minute, and when asked for.
    fs::write(&config, listed).unwrap();
    let dispatcher = ground.board.start().await;
    ground.land(task).await;
    ground.landed(task).await;
    assert_ne!(ground.main(), before);
    dispatcher.stop().await;
}

#[tokio::test]
async fn work_lands_in_a_bare_repository_and_one_that_stands_on_no_branch() {
    let ground = Ground::new();
    let bare = ground.board.folder.path().join("bare.git");
    let (from, to) = (
        ground.repository.display().to_string(),
        bare.display().to_string(),
    );
    ground.git(&["clone", "--quiet", "--bare", &from, &to]);
    let listed = format!("[board]\nrepositories = [{from:?}, {to:?}]\n");
    fs::write(ground.board.home.config(), listed).unwrap();
    ground.git(&["checkout", "--quiet", "--detach"]);
    let dispatcher = ground.board.start().await;
    let detached = ground.done("touch made", None).await;
    assert_eq!(detached.branch.as_ref().unwrap().onto, None);
    let onto_main = LandTask {
        onto: Some("main".to_owned()),
        ..land(&detached.task.id)
    };
    ground.board.told(onto_main).await;
    ground.landed(&detached.task.id).await;
    assert_eq!(ground.git(&["ls-tree", "--name-only", "main"]), "made");
    assert!(!ground.repository.join("made").exists());

    let new = ground
        .board
        .in_worktree(&to, &format!("touch in-bare; {COMMIT}"));
    let task = ground.board.create_task(new).await;
    ground.board.until_status(&task, Status::Done).await;
    ground.board.until_all_is_settled().await;
    ground.land(&task).await;
    ground.landed(&task).await;
    dispatcher.stop().await;
    assert_eq!(git(&bare, &["ls-tree", "--name-only", "main"]), "in-bare");
}

#[tokio::test]
async fn a_branch_is_deleted_with_its_worktree_only_when_asked_for_and_its_children_begin_at_the_target()
 {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let done = ground.done("touch made", None).await;
    let name = format!("kanban/{}", done.task.id);
    ground.land(&done.task.id).await;
    ground.landed(&done.task.id).await;
    assert!(place(&done).exists());
    ground.git(&["rev-parse", "--verify", "--quiet", &name]);
    let with_branch = LandTask {
        delete_branch: true,
        ..land(&done.task.id)
    };
    ground.board.told(with_branch).await;
    ground.landed(&done.task.id).await;
    assert!(!place(&done).exists());
    assert_eq!(ground.git(&["branch", "--list", &name]), "");
    let child = CreateTask {
        parents: vec![done.task.id.to_string()],
        ..ground.task("test -e made && touch child", None)
    };
    let child = ground.board.create_task(child).await;
    let child = ground.board.until_status(&child, Status::Done).await;
    dispatcher.stop().await;
    assert_eq!(child.branch.unwrap().base, Some(ground.main()));
}

#[tokio::test]
async fn what_was_approved_lands_and_what_was_committed_after_that_waits() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let new = CreateTask {
        review: Some("person".to_owned()),
        ..ground.task("touch made", Some("true"))
    };
    let task = ground.board.create_task(new).await;
    ground.board.until_status(&task, Status::Review).await;
    ground.board.until_all_is_settled().await;
    ground.board.told(approve(&task)).await;
    ground.land(&task).await;
    let landed = ground.landed(&task).await;
    let before = ground.main();
    git(
        place(&landed),
        &["commit", "--quiet", "--allow-empty", "--message=later"],
    );
    let again = LandTask {
        delete_branch: true,
        ..land(&task)
    };
    ground.board.told(again).await;
    let problem = ground.until_it_waits(&task).await;
    dispatcher.stop().await;
    assert!(problem.contains(" was approved at "), "{problem}");
    assert_eq!(ground.main(), before);
}

#[tokio::test]
async fn whoever_asks_anew_during_the_check_is_heard() {
    let ground = Ground::new();
    ground.git(&["branch", "release"]);
    let dispatcher = ground.board.start().await;
    let (gate, check) = ground.check_at_gate();
    let done = ground.done("touch made", Some(&check)).await;
    ground.land(&done.task.id).await;
    wait_at(gate.clone()).await;
    let before = ground.main();
    let onto_release = LandTask {
        onto: Some("release".to_owned()),
        ..land(&done.task.id)
    };
    ground.board.told(onto_release).await;
    // The check of the first ends with its request, that of the second comes.
    wait_at(gate.clone()).await;
    open(gate, "go\n").await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    let branch = landed.branch.unwrap();
    assert_eq!(branch.landed_onto.as_deref(), Some("release"));
    assert_eq!(ground.main(), before);
}

#[tokio::test]
async fn files_that_stand_on_another_branch_by_the_last_step_are_left_alone() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let (gate, check) = ground.check_at_gate();
    let done = ground.done("touch made", Some(&check)).await;
    ground.git(&["branch", "feature"]);
    for (at_first, by_then) in [("main", "feature"), ("feature", "main")] {
        ground.git(&["checkout", "--quiet", at_first]);
        let feature = ground.git(&["rev-parse", "feature"]);
        ground.land(&done.task.id).await;
        wait_at(gate.clone()).await;
        ground.git(&["checkout", "--quiet", by_then]);
        open(gate.clone(), "go\n").await;
        let landed = ground.landed(&done.task.id).await;
        assert_eq!(result(&landed), ground.main());
        assert_eq!(ground.git(&["rev-parse", "feature"]), feature);
        assert_eq!(ground.git(&["status", "--porcelain"]), "");
        let is_there = ground.repository.join("made").exists();
        assert_eq!(is_there, by_then == "main");
        // Another commit, for the other way round.
        ground.git(&["checkout", "--quiet", "main"]);
        let place = place(&landed);
        fs::write(place.join("more"), by_then).unwrap();
        git(place, &["add", "--all"]);
        git(place, &["commit", "--quiet", "--message=more"]);
        let note = NoteTip {
            task: done.task.id.clone(),
            commit: git(place, &["rev-parse", "HEAD"]),
        };
        let dispatcher = Actor::dispatcher();
        let noted = ground.board.kernel.execute(&dispatcher, note);
        noted.await.unwrap();
        ground.git(&["branch", "--force", "feature", "main"]);
    }
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_lane_that_lets_land_what_nobody_committed_ends_that_with_a_word() {
    let ground = Ground::new();
    let lane = "success = \"exit\"\nland = \"auto\"";
    ground.board.lane("idle", "true", lane);
    let repository = ground.repository.display().to_string();
    let new = CreateTask {
        assignee: Some("idle".to_owned()),
        ..ground.board.in_worktree(&repository, "")
    };
    let dispatcher = ground.board.start().await;
    let task = ground.board.create_task(new).await;
    let ended = ground.board.until_event(&task, "landing_ended").await;
    dispatcher.stop().await;
    assert_eq!((ended.landing, ended.task.status), (None, Status::Done));
}

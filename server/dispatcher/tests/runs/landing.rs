//! Landings, with real landers, real git and real checks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use domain::check::Verdict;
use domain::command::{CreateTask, LandTask, MoveTask};
use domain::id::TaskId;
use domain::landing::Method;
use domain::status::Status;
use domain::task::TaskDetail;

use crate::git::{COMMIT, git, place};
use crate::harness::{Board, gone, open, poll, wait_at};

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
    detail.branch.as_ref().unwrap().landed.as_deref().unwrap()
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
                     git -c user.name=a -c user.email=a@b commit -qm work; touch \"$KANBAN_HOME/first\"; \
                     until test -e \"$KANBAN_HOME/go\"; do sleep 0.05; done; fi";
    ground
        .board
        .lane("resolver", resolving, "success = \"exit\"\nland = \"auto\"");
    let repository = ground.repository.display().to_string();
    let new = CreateTask {
        assignee: Some("resolver".to_owned()),
        ..ground.board.in_worktree(&repository, "")
    };
    let dispatcher = ground.board.start().await;
    let task = ground.board.create_task(new).await;
    let home = ground.board.home.root().to_owned();
    poll(|| home.join("first").exists()).await;
    ground.commit("same", "theirs");
    fs::write(home.join("go"), "").unwrap();
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
async fn a_lander_that_is_killed_during_its_check_is_followed_by_another() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let killed = ground.board.folder.path().join("killed");
    let check = format!(
        "case $PWD in */landings/*) test -e {0} || {{ touch {0}; kill -9 $PPID; sleep 60; }} ;; esac",
        killed.display()
    );
    let done = ground.done("touch made", Some(&check)).await;
    ground.land(&done.task.id).await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    assert!(killed.exists());
    let expected = [Verdict::Passed, Verdict::Passed, Verdict::Landed];
    assert_eq!(verdicts(&landed), expected);
    ground.is_tidy().await;
}

#[tokio::test]
async fn a_lander_that_is_killed_around_its_last_step_lands_the_work_once() {
    // Git calls the hook before a reference is written, and after.
    for state in ["prepared", "committed"] {
        let ground = Ground::new();
        let repository = ground.repository.display().to_string();
        let trusted = format!("[board]\ntrusted_repositories = [{repository:?}]\n");
        fs::write(ground.board.home.config(), trusted).unwrap();
        let dispatcher = ground.board.start().await;
        let done = ground.done("touch made", Some("true")).await;
        let killed = ground.board.folder.path().join("killed");
        let hook = ground.repository.join(".git/hooks/reference-transaction");
        // The lander is the parent of git, which is the parent of this.
        let script = format!(
            "#!/bin/sh\n\
             grep -q refs/heads/main || exit 0\n\
             [ \"$1\" = {state} ] || exit 0\n\
             [ -e {0} ] && exit 0\n\
             touch {0}\n\
             git=$PPID\n\
             lander=$(sed 's/.*) . //' /proc/$git/stat | cut -d ' ' -f 1)\n\
             kill -9 $lander $git\n",
            killed.display()
        );
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, script).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        ground.git(&["checkout", "--quiet", "--detach"]);
        ground.land(&done.task.id).await;
        poll(|| killed.exists()).await;
        // What git had locked when it was killed is its user's to unlock.
        fs::remove_file(ground.repository.join(".git/refs/heads/main.lock")).ok();
        ground.land_again(&done.task.id).await;
        let landed = ground.landed(&done.task.id).await;
        dispatcher.stop().await;
        assert_eq!(verdicts(&landed).last(), Some(&Verdict::Landed), "{state}");
        let line = ground.git(&["rev-list", "--count", "main"]);
        assert_eq!(line, "3", "{state}: the first, the work and one merge");
        assert_eq!(result(&landed), ground.main());
    }
}

#[tokio::test]
async fn a_server_that_is_gone_does_not_end_a_landing_and_the_next_one_starts_no_second() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let gate = ground.board.gate();
    let count = ground.board.folder.path().join("count");
    let check = format!(
        "case $PWD in */landings/*) echo x >> {}; read line < {} ;; esac",
        count.display(),
        gate.display()
    );
    let done = ground.done("touch made", Some(&check)).await;
    ground.land(&done.task.id).await;
    poll(|| count.exists()).await;
    dispatcher.stop().await;
    let dispatcher = ground.board.start().await;
    open(gate, "go\n").await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    assert_eq!(fs::read_to_string(count).unwrap(), "x\n");
    assert_eq!(result(&landed), ground.main());
}

#[tokio::test]
async fn a_landing_whose_task_is_moved_ends_with_its_check() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let gate = ground.board.gate();
    let check = format!(
        "case $PWD in */landings/*) sleep 1000 & echo $! > {}; wait ;; esac",
        gate.display()
    );
    let done = ground.done("touch made", Some(&check)).await;
    let before = ground.main();
    ground.land(&done.task.id).await;
    let sleeper: i64 = wait_at(gate).await.trim().parse().unwrap();
    let to_todo = MoveTask {
        task: done.task.id.clone(),
        to: Status::Todo,
    };
    ground.board.told(to_todo).await;
    gone(sleeper).await;
    ground.is_tidy().await;
    dispatcher.stop().await;
    let detail = ground.board.detail(&done.task.id).await;
    assert_eq!(detail.task.status, Status::Todo);
    assert_eq!(verdicts(&detail), [Verdict::Passed]);
    assert_eq!(ground.main(), before);
}

#[tokio::test]
async fn nothing_that_a_repository_names_is_started_by_a_landing() {
    for method in [Method::Merge, Method::Rebase] {
        let ground = Ground::new();
        let dispatcher = ground.board.start().await;
        let started = ground.board.folder.path().join("started");
        let program = ground.board.folder.path().join("evil");
        let script = format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", started.display());
        crate::harness::write_program(&program, &script);
        let evil = program.display().to_string();
        ground.commit(".gitattributes", "* filter=evil merge=evil diff=evil\n");
        let done = ground
            .done("echo x > made; echo y > same", Some("test -e made"))
            .await;
        ground.commit("other", "text");
        for key in [
            "core.fsmonitor",
            "filter.evil.smudge",
            "filter.evil.clean",
            "filter.evil.process",
            "merge.evil.driver",
            "diff.evil.command",
            "diff.external",
            "gpg.program",
            "core.editor",
            "sequence.editor",
            "credential.helper",
            "core.sshCommand",
        ] {
            ground.git(&["config", key, &evil]);
        }
        ground.git(&["config", "commit.gpgSign", "true"]);
        for hook in [
            "post-checkout",
            "post-merge",
            "pre-rebase",
            "post-rewrite",
            "pre-commit",
            "post-commit",
            "reference-transaction",
            "post-index-change",
            "prepare-commit-msg",
            "commit-msg",
        ] {
            let hooks = ground.repository.join(".git/hooks");
            fs::create_dir_all(&hooks).unwrap();
            std::os::unix::fs::symlink(&program, hooks.join(hook)).unwrap();
        }
        let by = LandTask {
            method: Some(method),
            ..land(&done.task.id)
        };
        ground.board.told(by).await;
        let landed = ground.landed(&done.task.id).await;
        dispatcher.stop().await;
        assert_eq!(verdicts(&landed).last(), Some(&Verdict::Landed));
        let started = fs::read_to_string(&started).unwrap_or_default();
        assert_eq!(started, "", "{method}");
    }
}

impl Ground {
    /// Asks again for what waits, or has not ended.
    async fn land_again(&self, task: &TaskId) {
        let person = domain::actor::Actor::full("user");
        let landing = self.board.kernel.landing(task).await.unwrap();
        if landing.is_some_and(|landing| landing.result.is_none()) {
            self.board
                .kernel
                .execute(&person, land(task))
                .await
                .unwrap();
        }
    }
}

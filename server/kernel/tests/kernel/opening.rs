//! Opening files: new ones, old ones, and what is no board at all.

use domain::command::Pause;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use kernel::{BoardFilter, Error, IfLost, Kernel, Options};

use crate::board::{Board, person};

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let board = Board::new();
    let task = board.task_named("kept").await;
    let Board { kernel, folder, .. } = board;
    drop(kernel);
    let again = Kernel::open(&folder.path().join("kanban.db")).unwrap();
    assert_eq!(again.task(&task).await.unwrap().task.title, "kept");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kanban.db");
    let text = "this is a shopping list, and a rather long one at that\n".repeat(100);
    fs::write(&path, &text).unwrap();
    assert!(matches!(
        Kernel::open(&path).err(),
        Some(Error::NotABoard(_))
    ));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kanban.db");
    drop(Kernel::open(&path).unwrap());
    #[expect(
        clippy::disallowed_methods,
        reason = "the test plays a newer version of the program"
    )]
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 9_999).unwrap();
    drop(newer);
    assert!(matches!(
        Kernel::open(&path).err(),
        Some(Error::NewerSchema(_))
    ));
}

#[test]
fn a_home_that_is_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("home"), "").unwrap();
    let opened = Kernel::open(&folder.path().join("home").join("kanban.db"));
    let said = opened.err().unwrap().to_string();
    assert!(
        said.contains(&folder.path().join("home").display().to_string()),
        "{said}"
    );
}

#[tokio::test]
async fn many_who_open_a_new_board_together_find_one_board() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kanban.db");
    let opened = (0..8).map(|_| {
        let path = path.clone();
        tokio::task::spawn_blocking(move || Kernel::open(&path))
    });
    let mut kernels = Vec::new();
    for opening in opened.collect::<Vec<_>>() {
        kernels.push(opening.await.unwrap().unwrap());
    }
    for kernel in &kernels {
        let new = domain::command::CreateTask {
            title: "one of 8".to_owned(),
            ..Default::default()
        };
        kernel.execute(&person(), new).await.unwrap();
    }
    assert_eq!(
        kernels[0]
            .board(BoardFilter::default())
            .await
            .unwrap()
            .tasks
            .len(),
        8
    );
}

#[test]
fn a_board_that_was_restored_from_a_copy_lets_readers_run_beside_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (
        folder.path().join("kanban.db"),
        folder.path().join("copy.db"),
    );
    drop(Kernel::open(&path).unwrap());
    #[expect(
        clippy::disallowed_methods,
        reason = "the test restores a copy by hand"
    )]
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    drop(Kernel::open(&copy).unwrap());
    // Bytes 18 and 19 of the header are 2 in write-ahead mode (<https://sqlite.org/fileformat.html>).
    assert_eq!(fs::read(&copy).unwrap()[18..20], [2, 2]);
}

fn options(if_lost: IfLost) -> Options {
    Options {
        if_lost,
        ..Options::default()
    }
}

#[expect(clippy::disallowed_methods, reason = "the test plays another program")]
fn sql(path: &Path, statements: &str) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch(statements).unwrap();
}

#[tokio::test]
async fn the_file_alone_is_whole_once_the_last_handle_is_gone() {
    let board = Board::new();
    let path = board.folder.path().join("kanban.db");
    let other = Kernel::open(&path).unwrap();
    let task = board.task_named("kept").await;
    // A connection that only reads is open still when the writer goes.
    board.kernel.task(&task).await.unwrap();
    drop(other);
    let Board { kernel, folder, .. } = board;
    drop(kernel);
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    let copied = Kernel::open_with(&copy, options(IfLost::Refuse)).unwrap();
    assert_eq!(copied.task(&task).await.unwrap().task.title, "kept");
}

#[test]
fn a_board_that_is_gone_or_empty_is_refused_where_there_has_been_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kanban.db");
    let refuse = || Kernel::open_with(&path, options(IfLost::Refuse)).err();
    assert!(matches!(refuse(), Some(Error::Lost(_))));
    assert!(!path.exists());
    fs::write(&path, "").unwrap();
    assert!(matches!(refuse(), Some(Error::Lost(_))));
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    // Write-ahead mode and nothing else: what a file without its log looks like.
    sql(&path, "PRAGMA journal_mode = WAL");
    assert!(matches!(refuse(), Some(Error::Lost(_))));
    drop(Kernel::open(&path).unwrap());
    assert!(refuse().is_none());
}

#[test]
fn a_board_with_two_names_is_refused_under_either() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| folder.path().join(name);
    let (board, soft, hard) = (in_folder("1.db"), in_folder("2.db"), in_folder("3.db"));
    drop(Kernel::open(&board).unwrap());
    symlink(&board, &soft).unwrap();
    let refused = |path| matches!(Kernel::open(path).err(), Some(Error::Linked(_)));
    assert!(refused(&soft));
    assert!(!refused(&board));
    fs::hard_link(&board, &hard).unwrap();
    assert!(refused(&hard) && refused(&board));
    fs::remove_file(&hard).unwrap();
    assert!(!refused(&board));
}

#[tokio::test]
async fn a_board_that_went_through_a_dump_opens_as_what_it_is() {
    let board = Board::new();
    let task = board.task_named("dumped").await;
    let Board { kernel, folder, .. } = board;
    drop(kernel);
    let path = folder.path().join("kanban.db");
    sql(&path, "PRAGMA user_version = 0; PRAGMA application_id = 0");
    let again = Kernel::open(&path).unwrap();
    assert_eq!(again.task(&task).await.unwrap().task.title, "dumped");
    assert_eq!(again.dispatch().await.unwrap().paused, []);
    let backups = fs::read_dir(folder.path().join("backups")).unwrap();
    assert_eq!(backups.count(), 1);
}

#[tokio::test]
async fn nothing_is_written_to_a_file_that_was_removed_or_replaced() {
    let board = Board::new();
    board.task_named("kept").await;
    let path = board.folder.path().join("kanban.db");
    let aside = board.folder.path().join("aside.db");
    let write = async || {
        let pause = Pause { lane: None };
        board.kernel.execute(&person(), pause).await
    };
    fs::rename(&path, &aside).unwrap();
    let refused = write().await;
    assert!(matches!(refused, Err(Error::Replaced(_))), "{refused:?}");
    fs::copy(&aside, &path).unwrap();
    let refused = write().await;
    assert!(matches!(refused, Err(Error::Replaced(_))), "{refused:?}");
    assert!(matches!(board.kernel.damage(), Some(Error::Replaced(_))));

    fs::rename(&aside, &path).unwrap();
    write().await.unwrap();
    assert!(board.kernel.damage().is_none());
}

#[tokio::test]
async fn a_damaged_page_is_noticed_and_nothing_is_written_any_more() {
    let board = Board::new();
    for _ in 0..100 {
        board.task_named(&"long ".repeat(200)).await;
    }
    let Board { kernel, folder, .. } = board;
    drop(kernel);
    let path = folder.path().join("kanban.db");
    let mut bytes = fs::read(&path).unwrap();
    // The last page belongs to the tasks; its header now says what no page is.
    let last = bytes.len() - 4_096;
    bytes[last..last + 100].fill(0xee);
    fs::write(&path, bytes).unwrap();

    let kernel = Kernel::open(&path).unwrap();
    assert!(kernel.damage().is_none());
    assert!(kernel.look_for_damage().await.is_err());
    let damage = kernel.damage().unwrap();
    assert!(damage.to_string().contains("kanban restore"), "{damage}");
    let pause = Pause { lane: None };
    let refused = kernel.execute(&person(), pause).await;
    assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
}

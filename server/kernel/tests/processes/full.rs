//! A writer on a full disk: on a real file system of a real size, and under the limit that a
//! process has for the size of its files.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command as Process;

use domain::command::CreateTask;
use domain::error::ErrorKind;
use domain::fixture::left_out;
use kernel::Error;

use super::{Board, FILE, ROLE, assert_sound, new_task};

/// A file beside the board that is removed to make room.
const BALLAST: &str = "ballast";

/// A disk of three megabytes in memory, which nobody but the process sees. A user who may not mount
/// it may do so in a user namespace of their own.
const ON_A_SMALL_DISK: &str = "\
    mount -t tmpfs -o size=3m small \"$1\" && head -c 1M /dev/zero > \"$1/ballast\" && exec \"$2\"";

/// A file may not be larger than so many blocks. Without the `trap` the process would be killed.
const WITH_SMALL_FILES: &str = "trap '' XFSZ; ulimit -S -f 3000; exec \"$2\"";

pub(super) fn survive_full_disk() {
    let namespace = ["unshare", "--user", "--map-root-user", "--mount"];
    let is_allowed = run(&[&namespace[..], &["true"]].concat(), |_| {});
    if is_allowed {
        fill_in(
            &[&namespace[..], &["sh", "-c", ON_A_SMALL_DISK]].concat(),
            "fill disk",
        );
    } else {
        left_out("a full disk", "namespaces for users and mounts");
    }
}

pub(super) fn survive_size_limit() {
    fill_in(&["sh", "-c", WITH_SMALL_FILES], "fill to limit");
}

/// Plays a role in a folder of its own, by way of a shell that limits it.
fn fill_in(shell: &[&str], role: &str) {
    let folder = tempfile::tempdir().unwrap();
    let test = std::env::current_exe().unwrap();
    let test = test.to_str().unwrap();
    let place = folder.path().to_str().unwrap();
    let went_well = run(&[shell, &["sh", place, test]].concat(), |process| {
        process
            .env(ROLE, role)
            .env(FILE, folder.path().join("kanban.db"));
    });
    assert!(went_well, "see above");
}

fn run(words: &[&str], prepare: impl FnOnce(&mut Process)) -> bool {
    let (program, arguments) = words.split_first().unwrap();
    let mut process = Process::new(program);
    process.args(arguments);
    prepare(&mut process);
    process.status().is_ok_and(|status| status.success())
}

pub(super) fn fill_disk(board: Board) {
    let error = fill(board, |path| {
        std::fs::remove_file(path.with_file_name(BALLAST)).unwrap();
    });
    assert!(matches!(error, Error::DiskFull), "{error}");
    assert_eq!(error.kind(), ErrorKind::Busy);
}

pub(super) fn fill_to_limit(board: Board) {
    let error = fill(board, |_| {
        let pid = std::process::id().to_string();
        assert!(run(
            &["prlimit", "--fsize=unlimited", "--pid", &pid],
            |_| {}
        ));
    });
    // The system does not call this a full disk, and neither does SQLite.
    let Error::Database(cause) = &error else {
        panic!("{error}")
    };
    let code = cause.sqlite_error().map(|error| error.extended_code);
    assert_eq!(code, Some(rusqlite::ffi::SQLITE_IOERR_WRITE));
}

/// Writes until there is no more room, and again once there is. Returns the error in between.
fn fill(board: Board, make_room: fn(&Path)) -> Error {
    let path = std::env::var(FILE).unwrap();
    let path = Path::new(&path);
    let mut acknowledged = BTreeSet::new();
    let error = loop {
        match create(&board) {
            Ok(task) => acknowledged.insert(task),
            Err(error) => break error,
        };
    };
    assert!(acknowledged.len() > 10, "full too soon: {error}");
    assert_eq!(
        board.tasks(),
        acknowledged,
        "what is there while it is full"
    );

    make_room(path);
    acknowledged.insert(create(&board).unwrap());
    assert_eq!(board.tasks(), acknowledged);
    drop(board);
    assert_sound(path);
    assert_eq!(Board::open(path).tasks(), acknowledged);
    error
}

/// Creates a task of some size.
fn create(board: &Board) -> Result<String, Error> {
    let new = CreateTask {
        body: Some("x".repeat(20_000)),
        ..new_task()
    };
    Ok(board.give(new)?.task.to_string())
}

//! Finding tasks by their texts.

use domain::command::{
    Answer, ArchiveTask, Change, CommentOnTask, CreateTask, EditTask, ForgetEvents, IndexTexts,
    SetPriority,
};
use domain::id::TaskId;
use domain::search::Found;
use domain::time::Seconds;
use kernel::SearchQuery;

use crate::board::Board;

async fn search(board: &Board, text: &str) -> Found {
    let query = SearchQuery {
        text: text.to_owned(),
        limit: 10,
        ..SearchQuery::default()
    };
    board.kernel.search(query).await.unwrap()
}

async fn found(board: &Board, text: &str) -> Vec<TaskId> {
    let hits = search(board, text).await.hits;
    hits.into_iter().map(|hit| hit.task.id).collect()
}

async fn with_body(board: &Board, title: &str, body: &str) -> TaskId {
    board
        .create(CreateTask {
            title: title.to_owned(),
            body: Some(body.to_owned()),
            ..CreateTask::default()
        })
        .await
}

#[tokio::test]
async fn every_word_must_begin_a_word_and_titles_count_most() {
    let board = Board::new();
    let body = with_body(&board, "notes", "how the release went").await;
    let title = with_body(&board, "Release the café menu", "").await;
    assert_eq!(found(&board, "rel").await, [title.clone(), body]);
    assert_eq!(found(&board, "RELEASE cafe").await, [title]);
    assert_eq!(found(&board, "elease").await, []);
    assert_eq!(found(&board, "release OR missing").await, []);
    assert_eq!(found(&board, " \"* ").await, []);
}

#[tokio::test]
async fn what_was_said_and_done_is_found_too_and_what_was_edited_away_is_not() {
    let board = Board::new();
    let task = with_body(&board, "first", "old words").await;
    assert_eq!(found(&board, "old").await, std::slice::from_ref(&task));
    let edit = EditTask {
        body: Some("new words".to_owned()),
        ..EditTask::of(task.clone())
    };
    board.act(edit).await.unwrap();
    let comment = CommentOnTask {
        task: task.clone(),
        body: "beware of the dragon".to_owned(),
    };
    board.act(comment).await.unwrap();
    board.complete(&task, "a treasure").await.unwrap();
    assert_eq!(found(&board, "old").await, []);
    let hits = search(&board, "dragon").await.hits;
    assert_eq!(hits[0].task.id, task);
    assert_eq!(hits[0].excerpt, "beware of the dragon");
    assert_eq!(found(&board, "treas").await, [task]);
}

#[tokio::test]
async fn tasks_that_were_there_before_the_index_are_found() {
    let board = Board::new();
    board.sql(
        "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 1200) \
         INSERT INTO tasks (id, title, status, created_at) \
         SELECT printf('t_%08x', i), 'imported ' || i, 'ready', i FROM n",
    );
    let all = search(&board, "imported").await;
    assert_eq!((all.total, all.hits.len()), (1201, 10));
    assert_eq!(found(&board, "1200").await[0].as_str(), "t_000004b0");
}

#[tokio::test]
async fn archived_tasks_are_found_only_when_asked_for() {
    let board = Board::new();
    let task = with_body(&board, "gone", "").await;
    let archive = ArchiveTask { task };
    board.act(archive).await.unwrap();
    assert_eq!(found(&board, "gone").await, []);
    let query = SearchQuery {
        text: "gone".to_owned(),
        include_archived: true,
        limit: 10,
        offset: 0,
    };
    let both = board.kernel.search(query).await.unwrap();
    assert_eq!(both.total, 1);
}

#[tokio::test]
async fn what_was_done_before_its_events_were_forgotten_is_found() {
    let board = Board::new();
    assert_eq!(found(&board, "anything").await, []);
    let task = with_body(&board, "short lived", "").await;
    board.complete(&task, "a treasure").await.unwrap();
    board.task_named("later").await;
    let before = board.kernel.now() + Seconds(1);
    board.act(ForgetEvents { before }).await.unwrap();
    assert_eq!(found(&board, "treasure").await, [task]);
}

#[tokio::test]
async fn a_task_that_another_program_deletes_takes_no_other_with_it() {
    let board = Board::new();
    let gone = with_body(&board, "gone", "").await;
    assert_eq!(found(&board, "gone").await, std::slice::from_ref(&gone));
    board.sql(&format!(
        "PRAGMA foreign_keys = ON; DELETE FROM tasks WHERE id = '{gone}'"
    ));
    let next = with_body(&board, "next", "").await;
    assert_eq!(found(&board, "next").await, [next]);
    assert_eq!(found(&board, "gone").await, []);
}

#[tokio::test]
async fn everything_is_found_after_many_more_events_than_a_step_takes() {
    let board = Board::new();
    assert_eq!(found(&board, "anything").await, []);
    for number in 0..60 {
        let task = board.task_named(&format!("task {number}")).await;
        for priority in 1..=20 {
            let task = task.clone();
            board.act(SetPriority { task, priority }).await.unwrap();
        }
    }
    assert_eq!(search(&board, "task").await.total, 60);
}

/// Snippets took the square of the matches, and readers were held for minutes.
#[tokio::test]
async fn a_text_that_is_full_of_matches_is_found_at_once() {
    let board = Board::new();
    let lines = (0..40_000).map(|line| format!("line {line} ok\n"));
    let body = lines.collect::<Vec<_>>().concat();
    for title in ["one", "two", "three", "four"] {
        with_body(&board, title, &body).await;
    }
    let hits = search(&board, "ok").await.hits;
    assert_eq!(hits.len(), 4);
    assert_eq!(
        hits[0].excerpt,
        "line 0 ok\nline 1 ok\nline 2 ok\nline 3 ok\nline 4 ok\nline…"
    );
}

#[tokio::test]
async fn an_excerpt_looks_for_no_more_words_than_the_search() {
    let board = Board::new();
    let words: Vec<String> = ('a'..='t').map(|first| format!("{first}word")).collect();
    let sixteen = words[..16].join(" ");
    with_body(
        &board,
        "one",
        &format!("tword {} {sixteen}", "far ".repeat(40)),
    )
    .await;
    let hits = search(&board, &words.join(" ")).await.hits;
    assert!(hits[0].excerpt.starts_with('…'), "{}", hits[0].excerpt);
}

#[tokio::test]
async fn long_texts_are_indexed_in_several_steps_and_all_of_them_are_found() {
    let board = Board::new();
    assert_eq!(found(&board, "anything").await, []);
    for title in ["one", "two", "three"] {
        with_body(&board, title, &"word ".repeat(100_000)).await;
    }
    let mut steps = 0;
    while matches!(
        board.act(IndexTexts).await.unwrap().answer,
        Answer::Change(Change::Done)
    ) {
        steps += 1;
    }
    assert_eq!(steps, 2);
    assert_eq!(search(&board, "word").await.total, 3);
}

#[tokio::test]
async fn titles_come_first_among_thousands_of_newer_mentions() {
    let board = Board::new();
    let old = with_body(&board, "a hinge", "").await;
    board.sql(
        "WITH RECURSIVE new (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM new WHERE n < 2500) \
         INSERT INTO tasks (id, title, body, status, created_at) \
         SELECT printf('t_%08x', n), 'Oil ' || n, 'the hinge', 'todo', 1 FROM new",
    );
    let new = with_body(&board, "hinge", "").await;
    let found = search(&board, "hinge").await;
    let first: Vec<TaskId> = found
        .hits
        .iter()
        .take(2)
        .map(|hit| hit.task.id.clone())
        .collect();
    assert_eq!(first, [new, old]);
    assert_eq!(found.total, 2_001);
}

//! A first board: ten tasks that read a chapter of a book and write a report on it, so that a
//! newcomer sees cards run, hand their results on, fail, finish and ask.

use domain::actor::Actor;
use domain::command::{CreateTask, SHELL};
use domain::id::TaskId;
use domain::task::Task;
use kernel::{Kernel, TaskFilter};

use crate::error::Error;

/// Chapter I of "Alice's Adventures in Wonderland" by Lewis Carroll, of 1865, in the public domain.
const BOOK: &str = include_str!("sample/alice.txt");

/// The gap for the book in the script that lays it out.
const BOOK_GOES_HERE: &str = "{text}";

/// A task of the sample.
struct Card {
    /// Its name in the idempotency key, and that of its script.
    name: &'static str,
    title: &'static str,
    script: &'static str,
    /// The names of the tasks it depends on; they come before it.
    parents: &'static [&'static str],
}

const CARDS: [Card; 10] = [
    Card {
        name: "lay_out",
        title: "Lay out the book",
        script: include_str!("sample/lay_out.sh"),
        parents: &[],
    },
    Card {
        name: "words",
        title: "Split the book into words",
        script: include_str!("sample/words.sh"),
        parents: &["lay_out"],
    },
    Card {
        name: "sentences",
        title: "Find the longest sentences",
        script: include_str!("sample/sentences.sh"),
        parents: &["lay_out"],
    },
    Card {
        name: "letters",
        title: "Count the letters",
        script: include_str!("sample/letters.sh"),
        parents: &["lay_out"],
    },
    Card {
        name: "names",
        title: "Count who is mentioned (fails once)",
        script: include_str!("sample/names.sh"),
        parents: &["words"],
    },
    Card {
        name: "rank",
        title: "Rank the words",
        script: include_str!("sample/rank.sh"),
        parents: &["words"],
    },
    Card {
        name: "longest_words",
        title: "Find the longest words",
        script: include_str!("sample/longest_words.sh"),
        parents: &["words"],
    },
    Card {
        name: "report",
        title: "Write the report",
        script: include_str!("sample/report.sh"),
        parents: &["rank", "longest_words", "letters", "sentences", "names"],
    },
    Card {
        name: "ask",
        title: "Ask who is its author",
        script: include_str!("sample/ask.sh"),
        parents: &["report"],
    },
    Card {
        name: "print",
        title: "Set the report for the printer",
        script: include_str!("sample/print.sh"),
        parents: &["report", "ask"],
    },
];

impl Card {
    /// Under this key a repeated request finds the task of the first.
    fn key(&self) -> String {
        format!("sample/{}", self.name)
    }

    /// The task, where those that it depends on are among `created`.
    fn task(&self, created: &[(&str, TaskId)]) -> CreateTask {
        let is_parent = |(name, _): &&(&str, TaskId)| self.parents.contains(name);
        let parents = created.iter().filter(is_parent);
        CreateTask {
            title: self.title.to_owned(),
            body: Some(self.script.replace(BOOK_GOES_HERE, BOOK)),
            assignee: Some(SHELL.to_owned()),
            tenant: Some("sample".to_owned()),
            parents: parents.map(|(_, id)| id.to_string()).collect(),
            idempotency_key: Some(self.key()),
            ..CreateTask::default()
        }
    }
}

/// Puts the sample on an empty board, and returns its tasks in the order in which they are to be
/// read. Where only a part of it was put there, it adds the rest.
///
/// # Errors
/// [`Error::BoardNotEmpty`] when the board has another task, or the whole sample, archived tasks
/// aside; else as [`Kernel::execute`].
pub async fn fill(kernel: &Kernel, actor: &Actor) -> Result<Vec<TaskId>, Error> {
    if !has_part_at_most(kernel).await? {
        return Err(Error::BoardNotEmpty);
    }
    let mut created: Vec<(&str, TaskId)> = Vec::with_capacity(CARDS.len());
    for card in &CARDS {
        let new = card.task(&created);
        let task = kernel.execute(actor, new).await?.answer.task;
        created.push((card.name, task));
    }
    Ok(created.into_iter().map(|(_, id)| id).collect())
}

/// Returns true when the board has nothing but a part of the sample. Tasks are read only when they
/// are fewer than the sample has.
async fn has_part_at_most(kernel: &Kernel) -> Result<bool, Error> {
    let counts = kernel.stats().await?.by_status;
    let on_board: u32 = counts.values().sum();
    if usize::try_from(on_board).is_ok_and(|on_board| on_board >= CARDS.len()) {
        return Ok(false);
    }
    let tasks = kernel.tasks(TaskFilter::default()).await?;
    let is_ours = |task: &Task| {
        let key = task.idempotency_key.as_deref();
        CARDS.iter().any(|card| key == Some(&card.key()))
    };
    Ok(tasks.iter().all(is_ours))
}

#[cfg(test)]
mod tests {
    use domain::status::Status;
    use tempfile::TempDir;

    use super::*;

    fn board() -> (TempDir, Kernel) {
        let folder = tempfile::tempdir().unwrap();
        let kernel = Kernel::open(&folder.path().join("kanban.db")).unwrap();
        (folder, kernel)
    }

    #[tokio::test]
    async fn the_sample_is_for_an_empty_board_only() {
        let (_folder, kernel) = board();
        let actor = Actor::full("user");
        let tasks = fill(&kernel, &actor).await.unwrap();
        assert_eq!(tasks.len(), CARDS.len());
        let again = fill(&kernel, &actor).await;
        assert!(matches!(again, Err(Error::BoardNotEmpty)), "{again:?}");
    }

    #[tokio::test]
    async fn a_board_with_one_task_of_its_owner_is_not_empty() {
        let (_folder, kernel) = board();
        let actor = Actor::full("user");
        let own = CreateTask {
            title: "my own".to_owned(),
            ..CreateTask::default()
        };
        let create = own;
        kernel.execute(&actor, create).await.unwrap();
        let filled = fill(&kernel, &actor).await;
        assert!(matches!(filled, Err(Error::BoardNotEmpty)), "{filled:?}");
    }

    #[tokio::test]
    async fn a_sample_that_broke_off_is_finished_by_the_next_request() {
        let (_folder, kernel) = board();
        let actor = Actor::full("user");
        let first = CARDS[0].task(&[]);
        let first = kernel.execute(&actor, first).await.unwrap().answer.task;
        let tasks = fill(&kernel, &actor).await.unwrap();
        assert_eq!((tasks.len(), &tasks[0]), (CARDS.len(), &first));
        let second = kernel.task(&tasks[1]).await.unwrap();
        assert_eq!(second.parents, [first]);
    }

    #[tokio::test]
    async fn every_task_waits_for_the_ones_whose_results_it_reads() {
        let (_folder, kernel) = board();
        let tasks = fill(&kernel, &Actor::full("user")).await.unwrap();
        for (card, id) in CARDS.iter().zip(&tasks) {
            let detail = kernel.task(id).await.unwrap();
            let is_first = card.parents.is_empty();
            assert_eq!(detail.parents.len(), card.parents.len(), "{}", card.name);
            let expected = if is_first {
                Status::Ready
            } else {
                Status::Todo
            };
            assert_eq!(detail.task.status, expected, "{}", card.name);
        }
    }

    #[test]
    fn no_line_of_the_book_ends_it_early() {
        assert!(BOOK.lines().all(|line| line != "THE END"));
        assert!(BOOK.ends_with('\n'));
    }
}

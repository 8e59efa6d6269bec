//! A first board: ten tasks that read a chapter of a book and write a report on it, so that a
//! newcomer sees cards run, hand their results on, fail, finish and ask.

use domain::actor::Actor;
use domain::command::{Answer, Command, NewTask};
use domain::id::TaskId;
use kernel::{Kernel, TaskFilter};

use crate::error::Error;

/// Chapter I of "Alice's Adventures in Wonderland" by Lewis Carroll, of 1865, in the public domain.
const BOOK: &str = include_str!("sample/alice.txt");

/// Where the script that lays out the book has it.
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

/// Puts the sample on an empty board, and returns its tasks in the order in which they are to be
/// read.
///
/// # Errors
/// [`Error::BoardNotEmpty`] when the board has a task, even an archived one; else as
/// [`Kernel::execute`].
pub async fn fill(kernel: &Kernel, actor: &Actor) -> Result<Vec<TaskId>, Error> {
    let everything = TaskFilter {
        include_archived: true,
        ..TaskFilter::default()
    };
    if !kernel.tasks(everything).await?.is_empty() {
        return Err(Error::BoardNotEmpty);
    }
    let mut created: Vec<(&str, TaskId)> = Vec::with_capacity(CARDS.len());
    for card in CARDS {
        let is_parent = |(name, _): &&(&str, TaskId)| card.parents.contains(name);
        let parents = created.iter().filter(is_parent);
        let new = Command::CreateTask(NewTask {
            title: card.title.to_owned(),
            body: Some(card.script.replace(BOOK_GOES_HERE, BOOK)),
            assignee: Some("shell".to_owned()),
            tenant: Some("sample".to_owned()),
            parents: parents.map(|(_, id)| id.to_string()).collect(),
            // Two clicks at once make one sample.
            idempotency_key: Some(format!("sample/{}", card.name)),
            ..NewTask::default()
        });
        if let Answer::Created { task, .. } = kernel.execute(actor, new).await?.answer {
            created.push((card.name, task));
        }
    }
    Ok(created.into_iter().map(|(_, id)| id).collect())
}

#[cfg(test)]
mod tests {
    use domain::status::Status;

    use super::*;

    #[tokio::test]
    async fn the_sample_is_for_an_empty_board_only() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = Kernel::open(&folder.path().join("kanban.db")).unwrap();
        let actor = Actor::full("user");
        let tasks = fill(&kernel, &actor).await.unwrap();
        assert_eq!(tasks.len(), CARDS.len());
        let again = fill(&kernel, &actor).await;
        assert!(matches!(again, Err(Error::BoardNotEmpty)), "{again:?}");
    }

    #[tokio::test]
    async fn every_task_waits_for_the_ones_whose_results_it_reads() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = Kernel::open(&folder.path().join("kanban.db")).unwrap();
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

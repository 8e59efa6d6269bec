//! One place to ask for anything: a line to type into, and what it may mean.

mod items;

use domain::id::TaskId;
use domain::outcome::StartOn;

use crate::board;

pub use items::{Choice, Item};

/// The open palette: its question, and the tasks it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// The question.
    pub page: Page,
    /// The typed text.
    pub query: String,
    /// The index of the marked answer.
    pub cursor: usize,
    /// The tasks that the answer is about.
    pub targets: Vec<TaskId>,
}

/// A question of the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Anything.
    All,
    /// The change to make to the tasks.
    Task,
    /// The column they go to.
    Move,
    /// The assignee.
    Assign,
    /// The priority.
    Priority,
    /// The reason they are blocked.
    Block,
    /// The task they wait for, to start on this outcome of it.
    WaitFor(StartOn),
    /// The branch that their work lands on.
    Land,
    /// The name by which the person is known.
    Me,
}

/// A person's action in the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// Asked for a question about these tasks.
    Opened(Page, Vec<TaskId>),
    /// Typed.
    Typed(String),
    /// Went to the next answer.
    WentDown,
    /// Went to the answer before.
    WentUp,
    /// Took the answer that is marked.
    ChoseMarked,
    /// Took an answer.
    Chose(usize),
    /// Left.
    Closed,
}

impl Palette {
    /// A question about these tasks, with nothing typed yet.
    pub fn new(page: Page, targets: Vec<TaskId>) -> Self {
        Self {
            page,
            query: String::new(),
            cursor: 0,
            targets,
        }
    }

    /// The placeholder of the empty line.
    pub fn placeholder(&self) -> &'static str {
        match self.page {
            Page::All => "Search commands and tasks",
            Page::Task => "Search its commands",
            Page::Move => "Move to…",
            Page::Assign => "Assign to…",
            Page::Priority => "Priority, higher starts sooner…",
            Page::Block => "The question; Enter blocks without one.",
            Page::WaitFor(StartOn::Success) => "The parent task",
            Page::WaitFor(StartOn::Failure) => "The parent task, of which it starts on failure",
            Page::WaitFor(StartOn::Always) => {
                "The parent task, of which it starts on either outcome"
            }
            Page::Land => "The branch to land on; the one it came from unless you name another",
            Page::Me => "Your name",
        }
    }

    /// The tasks it is about, in words.
    pub fn about(&self, board: &board::Model) -> Option<String> {
        match self.targets.as_slice() {
            [] => None,
            [task] => Some(board.name_of(task)),
            tasks => Some(format!("{} tasks", tasks.len())),
        }
    }
}

/// Takes in what a person did. An answer that was taken is the caller's.
pub fn update(palette: &mut Option<Palette>, msg: Msg, answers: usize) {
    match (msg, palette.as_mut()) {
        (Msg::Opened(page, targets), _) => *palette = Some(Palette::new(page, targets)),
        (Msg::Closed | Msg::Chose(_) | Msg::ChoseMarked, _) => *palette = None,
        (Msg::Typed(query), Some(palette)) => {
            palette.query = query;
            palette.cursor = 0;
        }
        (Msg::WentDown, Some(palette)) => {
            let next = palette.cursor.saturating_add(1);
            palette.cursor = next.checked_rem(answers).unwrap_or(0);
        }
        (Msg::WentUp, Some(palette)) => {
            let before = palette.cursor.checked_sub(1);
            palette.cursor = before.unwrap_or(answers.saturating_sub(1));
        }
        (Msg::Typed(_) | Msg::WentDown | Msg::WentUp, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use domain::board::TaskSummary;
    use domain::fixture::summary;
    use domain::status::Status;

    use super::*;
    use crate::change::Change;
    use crate::fixture::{snapshot, with_status};

    fn board() -> board::Model {
        board::Model::new(
            snapshot([summary(1), with_status(2, Status::Running)]),
            false,
        )
    }

    fn labels(page: Page, targets: &[u32], query: &str) -> Vec<String> {
        let targets = targets.iter().map(|n| TaskId::from_bits(*n)).collect();
        let mut palette = Palette::new(page, targets);
        query.clone_into(&mut palette.query);
        let names = ["coder".to_owned(), "shell".to_owned()];
        let items = palette.items(&board(), &names);
        items.into_iter().map(|item| item.label).collect()
    }

    #[test]
    fn it_finds_verbs_and_tasks_by_any_of_their_words() {
        assert_eq!(labels(Page::All, &[], "task new"), ["New task"]);
        assert_eq!(labels(Page::All, &[], "task 2"), ["Task 2"]);
        assert_eq!(labels(Page::All, &[], "no such thing"), [""; 0]);
    }

    #[test]
    fn verbs_of_a_task_are_offered_where_there_is_one() {
        assert_eq!(
            labels(Page::All, &[], "archive"),
            ["Show or hide the archive"]
        );
        assert!(labels(Page::All, &[1], "archive").contains(&"Archive".to_owned()));
        assert!(labels(Page::Task, &[2], "").contains(&"Stop its worker".to_owned()));
        assert!(!labels(Page::Task, &[1], "").contains(&"Stop its worker".to_owned()));
        assert!(!labels(Page::Task, &[1, 2], "").contains(&"Open".to_owned()));
    }

    #[test]
    fn a_new_name_and_any_number_can_be_typed() {
        assert_eq!(labels(Page::Assign, &[1], ""), ["coder", "shell", "Nobody"]);
        assert_eq!(labels(Page::Assign, &[1], "shell"), ["shell"]);
        assert_eq!(labels(Page::Assign, &[1], "ada"), ["ada"]);
        assert_eq!(labels(Page::Priority, &[1], "-12"), ["Priority -12"]);
        assert_eq!(labels(Page::Priority, &[1], "high"), [""; 0]);
        assert_eq!(
            labels(Page::Block, &[1], "which port?"),
            ["Block: which port?"]
        );
    }

    #[test]
    fn a_task_does_not_wait_for_itself() {
        let page = Page::WaitFor(StartOn::Success);
        assert_eq!(labels(page, &[1], "task"), ["Task 2"]);
    }

    #[test]
    fn the_outcome_on_which_a_task_starts_is_chosen_before_its_parent() {
        let conditions = |on| labels(Page::WaitFor(on), &[1], "start on");
        assert_eq!(
            conditions(StartOn::Success),
            ["Start on failure…", "Start on either outcome…"]
        );
        assert_eq!(
            conditions(StartOn::Failure),
            ["Start on success…", "Start on either outcome…"]
        );
        let palette = Palette::new(Page::WaitFor(StartOn::Failure), vec![TaskId::from_bits(1)]);
        let choices = palette.items(&board(), &[]).into_iter();
        let parents: Vec<Choice> = choices
            .map(|item| item.choice)
            .filter(|choice| matches!(choice, Choice::Change(_)))
            .collect();
        let wait = Change::WaitFor {
            parent: TaskId::from_bits(2).into(),
            on: Some(StartOn::Failure),
        };
        assert_eq!(parents, [Choice::Change(wait)]);
    }

    #[test]
    fn finished_work_lands_where_it_came_from_or_where_one_says() {
        let board = board::Model::new(snapshot([with_status(1, Status::Done)]), false);
        let palette = Palette::new(Page::Task, vec![TaskId::from_bits(1)]);
        let items = palette.items(&board, &[]);
        let land = |item: &Item| item.choice == Choice::Turn(Page::Land);
        assert!(items.iter().any(land));
        assert!(!labels(Page::Task, &[1], "").contains(&"Land its work…".to_owned()));
        assert_eq!(
            labels(Page::Land, &[1], "release"),
            [
                "Land on release",
                "Land on release, by a merge",
                "Land on release, by a rebase"
            ]
        );
        assert_eq!(labels(Page::Land, &[1], "")[0], "Land where it came from");
    }

    #[test]
    fn a_title_comes_before_an_id_that_holds_the_same_digits() {
        let mut zero = summary(0x1000);
        zero.title = "Card 0".to_owned();
        let titled = ["Card 10", "Card 1"].into_iter().zip(2..);
        let others = titled.map(|(title, number)| TaskSummary {
            title: title.to_owned(),
            ..summary(number)
        });
        let tasks: Vec<_> = [zero, with_status(9, Status::Todo)]
            .into_iter()
            .chain(others)
            .collect();
        let board = board::Model::new(snapshot(tasks), false);
        for page in [Page::All, Page::WaitFor(StartOn::Success)] {
            let mut palette = Palette::new(page, Vec::new());
            "card 1".clone_into(&mut palette.query);
            let items = palette.items(&board, &[]);
            let labels: Vec<_> = items.iter().map(|item| item.label.as_str()).collect();
            assert_eq!(labels, ["Card 1", "Card 10"], "{page:?}");
        }
    }

    #[test]
    fn a_column_that_takes_none_of_the_tasks_says_why() {
        let palette = Palette::new(Page::Move, vec![TaskId::from_bits(1)]);
        let items = palette.items(&board(), &[]);
        let problem = |column: Status| {
            let item = items
                .iter()
                .find(|item| item.status.as_ref() == Some(&column));
            item.and_then(|item| item.problem.clone())
        };
        assert_eq!(problem(Status::Done), None);
        assert!(problem(Status::Running).is_some());
        assert!(problem(Status::Ready).is_some());
    }

    #[test]
    fn the_mark_goes_round_and_starts_anew_with_each_letter() {
        let mut palette = Some(Palette::new(Page::All, Vec::new()));
        update(&mut palette, Msg::WentUp, 3);
        assert_eq!(palette.as_ref().map(|it| it.cursor), Some(2));
        update(&mut palette, Msg::WentDown, 3);
        assert_eq!(palette.as_ref().map(|it| it.cursor), Some(0));
        update(&mut palette, Msg::WentDown, 0);
        update(&mut palette, Msg::WentDown, 3);
        update(&mut palette, Msg::Typed("x".to_owned()), 3);
        assert_eq!(palette.as_ref().map(|it| it.cursor), Some(0));
        update(&mut palette, Msg::Closed, 3);
        assert_eq!(palette, None);
    }
}

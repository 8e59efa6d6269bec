//! One place to ask for anything: a line to type into, and what it may mean.

use domain::id::TaskId;
use domain::status::Status;

use crate::change::Change;
use crate::keys::{self, Action};
use crate::theme::Theme;
use crate::{board, filter, label, layout};

/// More tasks than this nobody reads; another word finds the right one.
const MOST_TASKS: usize = 30;

/// The priorities that are offered; any other can be typed.
const PRIORITIES: [i64; 5] = [0, 1, 2, 3, 4];

/// What is asked, and of which tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// What is asked.
    pub page: Page,
    /// What was typed.
    pub query: String,
    /// Which of the answers is marked.
    pub cursor: usize,
    /// The tasks that the answer is about.
    pub targets: Vec<TaskId>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Anything.
    All,
    /// What to do to the tasks.
    Task,
    /// Where to.
    Move,
    /// To whom.
    Assign,
    /// How urgent.
    Priority,
    /// Why they stop.
    Block,
    /// For which task they wait.
    WaitFor,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// In words.
    pub label: String,
    /// What else tells it from the others.
    pub detail: String,
    /// The key that asks for the same.
    pub key: &'static str,
    /// The column it is about.
    pub status: Option<Status>,
    /// Why it is not to be had now.
    pub problem: Option<String>,
    /// What it asks for.
    pub choice: Choice,
}

/// What an answer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// To open a task.
    Open(TaskId),
    /// Another question about the same tasks.
    Turn(Page),
    /// What a key asks for.
    Act(Action),
    /// To put the tasks into a column.
    MoveTo(Status),
    /// To change each of the tasks.
    Change(Change),
    /// Other cards.
    Filter(filter::Msg),
    /// Another layout.
    Layout(layout::Msg),
    /// Other colours.
    Colours(Theme),
    /// That the dispatcher starts nothing more.
    Pause,
    /// That the dispatcher goes on.
    Resume,
}

/// What a person did.
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

    /// What stands in the line while nothing is typed.
    pub fn placeholder(&self) -> &'static str {
        match self.page {
            Page::All => "What do you want to do, or which task do you look for?",
            Page::Task => "What is to be done with it?",
            Page::Move => "Move to…",
            Page::Assign => "Assign to…",
            Page::Priority => "Priority, higher starts sooner…",
            Page::Block => "What is the question? Enter blocks without one.",
            Page::WaitFor => "Wait for which task?",
        }
    }

    /// Which tasks it is about, in words.
    pub fn about(&self, board: &board::Model) -> Option<String> {
        match self.targets.as_slice() {
            [] => None,
            [task] => Some(board.name_of(task)),
            tasks => Some(format!("{} tasks", tasks.len())),
        }
    }

    /// The answers, best first.
    pub fn items(&self, board: &board::Model, names: &[String]) -> Vec<Item> {
        let query = self.query.trim();
        let all = match self.page {
            Page::All => {
                let mut items = everything();
                if !self.targets.is_empty() {
                    items.splice(0..0, self.verbs(board));
                }
                items
            }
            Page::Task => self.verbs(board),
            Page::Move => self.columns(board),
            Page::Assign => assignees(names, query),
            Page::Priority => return priorities(query),
            Page::Block => return vec![block(query)],
            Page::WaitFor => Vec::new(),
        };
        let words: Vec<String> = query
            .to_lowercase()
            .split_whitespace()
            .map(Into::into)
            .collect();
        let mut items: Vec<Item> = all
            .into_iter()
            .filter(|item| {
                let label = item.label.to_lowercase();
                words.iter().all(|word| label.contains(word.as_str()))
            })
            .collect();
        match self.page {
            Page::All if !words.is_empty() => items.extend(tasks(board, &words, Choice::Open)),
            Page::WaitFor => {
                let wait = |task: TaskId| Choice::Change(Change::WaitFor(task.into()));
                let others = tasks(board, &words, wait);
                items.extend(others.filter(|item| !self.is_about(item)));
            }
            _ => {}
        }
        items
    }

    fn is_about(&self, item: &Item) -> bool {
        self.targets.iter().any(|task| task.as_str() == item.detail)
    }

    /// What may be done to the tasks.
    fn verbs(&self, board: &board::Model) -> Vec<Item> {
        let mut items = vec![
            act(Action::MoveTo, "Move to…", Choice::Turn(Page::Move)),
            act(Action::Assign, "Assign to…", Choice::Turn(Page::Assign)),
            act(
                Action::Prioritise,
                "Set priority…",
                Choice::Turn(Page::Priority),
            ),
            act(
                Action::Block,
                "Block with a question…",
                Choice::Turn(Page::Block),
            ),
            act(Action::Complete, "Complete", Choice::MoveTo(Status::Done)),
            act(Action::Archive, "Archive", Choice::MoveTo(Status::Archived)),
            plain("Wait for another task…", Choice::Turn(Page::WaitFor)),
        ];
        let mut tasks = self.targets.iter().filter_map(|task| board.get(task));
        if tasks.any(|task| task.status == Status::Running) {
            items.push(plain("Stop its worker", Choice::Change(Change::Cancel)));
        }
        for item in &mut items {
            let to = match &item.choice {
                Choice::MoveTo(to) => to.clone(),
                Choice::Turn(Page::Block) => Status::Blocked,
                _ => continue,
            };
            item.problem = self.problem_with(board, &to);
        }
        if let [task] = self.targets.as_slice() {
            items.insert(0, plain("Open", Choice::Open(task.clone())));
        }
        items
    }

    fn columns(&self, board: &board::Model) -> Vec<Item> {
        let columns = Status::ALL.into_iter().map(|column| Item {
            problem: self.problem_with(board, &column),
            status: Some(column.clone()),
            ..plain(label::of(&column), Choice::MoveTo(column.clone()))
        });
        columns.collect()
    }

    /// Why none of the tasks can go to a column.
    fn problem_with(&self, board: &board::Model, to: &Status) -> Option<String> {
        let mut why = None;
        for task in self.targets.iter().filter_map(|task| board.get(task)) {
            if Change::between(&task.status, to).is_some() {
                return None;
            }
            why = Some(Change::why_not_between(&task.status, to));
        }
        why
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

fn everything() -> Vec<Item> {
    let filter = |label, msg| plain(label, Choice::Filter(msg));
    let layout = |label, msg| plain(label, Choice::Layout(msg));
    let mut items = vec![
        act(Action::Create, "New task", Choice::Act(Action::Create)),
        act(
            Action::Undo,
            "Undo the last change",
            Choice::Act(Action::Undo),
        ),
        act(Action::Search, "Search", Choice::Act(Action::Search)),
        act(
            Action::SelectAll,
            "Choose all that is shown",
            Choice::Act(Action::SelectAll),
        ),
        filter(
            "Show only what is blocked, or everything",
            filter::Msg::ToggledBlocked,
        ),
        filter(
            "Show only what is stale, or everything",
            filter::Msg::ToggledStale,
        ),
        filter("Show or hide the archive", filter::Msg::ToggledArchived),
        filter(
            "Group running tasks by assignee, or not",
            filter::Msg::ToggledLanes,
        ),
        filter("Clear the filters", filter::Msg::Cleared),
        layout("Draw cards closer, or not", layout::Msg::ToggledDensity),
        layout("Show or hide the figures", layout::Msg::ToggledFigures),
        plain("Pause the dispatcher", Choice::Pause),
        plain("Resume the dispatcher", Choice::Resume),
        plain("Colours: light", Choice::Colours(Theme::Light)),
        plain("Colours: dark", Choice::Colours(Theme::Dark)),
        plain(
            "Colours: as the system has them",
            Choice::Colours(Theme::System),
        ),
        act(Action::Help, "Show all keys", Choice::Act(Action::Help)),
    ];
    items.extend(Status::COLUMNS.map(|column| {
        let label = format!("Fold or open column {}", label::of(&column));
        plain(&label, Choice::Layout(layout::Msg::Folded(column)))
    }));
    items
}

fn assignees(names: &[String], query: &str) -> Vec<Item> {
    let assign = |name: &str| plain(name, Choice::Change(Change::Assign(Some(name.to_owned()))));
    let mut items: Vec<Item> = names.iter().map(|name| assign(name)).collect();
    items.push(plain("Nobody", Choice::Change(Change::Assign(None))));
    if !query.is_empty() && !names.iter().any(|name| name == query) {
        items.push(Item {
            detail: "a new name".to_owned(),
            ..assign(query)
        });
    }
    items
}

fn priorities(query: &str) -> Vec<Item> {
    let set = |priority: i64| {
        let label = format!("Priority {priority}");
        plain(&label, Choice::Change(Change::SetPriority(priority)))
    };
    match query.parse() {
        Ok(priority) => vec![set(priority)],
        Err(_) if query.is_empty() => PRIORITIES.map(set).into(),
        Err(_) => Vec::new(),
    }
}

fn block(query: &str) -> Item {
    let reason = (!query.is_empty()).then(|| query.to_owned());
    let label = match &reason {
        Some(reason) => format!("Block: {reason}"),
        None => "Block without a question".to_owned(),
    };
    plain(&label, Choice::Change(Change::Block { reason }))
}

fn tasks(
    board: &board::Model,
    words: &[String],
    choice: impl Fn(TaskId) -> Choice,
) -> impl Iterator<Item = Item> {
    board
        .in_order()
        .filter(|entry| words.iter().all(|word| entry.words.contains(word.as_str())))
        .take(MOST_TASKS)
        .map(move |entry| Item {
            detail: entry.task.id.to_string(),
            status: Some(entry.task.status.clone()),
            ..plain(&entry.task.title, choice(entry.task.id.clone()))
        })
}

fn act(action: Action, label: &str, choice: Choice) -> Item {
    Item {
        key: keys::of(action),
        ..plain(label, choice)
    }
}

fn plain(label: &str, choice: Choice) -> Item {
    Item {
        label: label.to_owned(),
        detail: String::new(),
        key: "",
        status: None,
        problem: None,
        choice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{snapshot, summary, with_status};

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
        assert_eq!(labels(Page::WaitFor, &[1], "task"), ["Task 2"]);
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

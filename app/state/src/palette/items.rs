//! The answers that the palette offers.

use domain::board::TaskSummary;
use domain::id::TaskId;
use domain::landing::Method;
use domain::outcome::StartOn;
use domain::status::Status;
use domain::time::Seconds;

use super::{Page, Palette};
use crate::board::filter;
use crate::board::filter::Fit;
use crate::change::Change;
use crate::keys::{self, Action};
use crate::visitor::layout;
use crate::visitor::theme::Theme;
use crate::{board, label};

/// More tasks than this nobody reads; another word finds the right one.
const MOST_TASKS: usize = 30;

/// The priorities that are offered; any other can be typed.
const PRIORITIES: [i64; 5] = [0, 1, 2, 3, 4];

/// The snoozes that are offered.
const SNOOZES: [(&str, Option<Seconds>); 4] = [
    ("Snooze for an hour", Some(Seconds(3_600))),
    ("Snooze for a day", Some(Seconds(86_400))),
    ("Snooze for a week", Some(Seconds(7 * 86_400))),
    ("Snooze no longer", None),
];

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// In words.
    pub label: String,
    /// A second line that tells it from the others.
    pub detail: String,
    /// The key that asks for the same.
    pub key: &'static str,
    /// The column it is about.
    pub status: Option<Status>,
    /// The reason why it cannot be chosen now.
    pub problem: Option<String>,
    /// Its choice.
    pub choice: Choice,
}

/// The choice that an answer stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// To open a task.
    Open(TaskId),
    /// Another question about the same tasks.
    Turn(Page),
    /// The action of a key.
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
    /// To be known by this name.
    Introduce(String),
    /// To leave.
    LogOut,
    /// That the dispatcher starts nothing more.
    Pause,
    /// That the dispatcher goes on.
    Resume,
}

impl Palette {
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
            Page::Land => return landings(query),
            Page::Me => introductions(names, query),
            Page::WaitFor(on) => conditions(on),
        };
        let words = filter::wanted(query);
        let mut items: Vec<Item> = all
            .into_iter()
            .filter(|item| {
                let label = item.label.to_lowercase();
                words.iter().all(|word| label.contains(word.as_str()))
            })
            .collect();
        match self.page {
            Page::All if !words.is_empty() => items.extend(tasks(board, &words, Choice::Open)),
            Page::WaitFor(on) => {
                let others = tasks(board, &words, |parent| {
                    let parent = parent.into();
                    let on = Some(on).filter(|on| !on.is_success());
                    Choice::Change(Change::WaitFor { parent, on })
                })
                .into_iter();
                items.extend(others.filter(|item| !self.is_about(item)));
            }
            _ => {}
        }
        items
    }

    fn is_about(&self, item: &Item) -> bool {
        self.targets.iter().any(|task| task.as_str() == item.detail)
    }

    /// The changes that may be made to the tasks.
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
            plain(
                "Wait for another task…",
                Choice::Turn(Page::WaitFor(StartOn::Success)),
            ),
        ];
        items.extend(
            SNOOZES.map(|(label, span)| plain(label, Choice::Change(Change::Snooze(span)))),
        );
        let mut tasks = self.targets.iter().filter_map(|task| board.get(task));
        if tasks.any(|task| task.status == Status::Running) {
            items.push(plain("Stop its worker", Choice::Change(Change::Cancel)));
        }
        let is_done = |task: &TaskSummary| task.status == Status::Done;
        let mut tasks = self.targets.iter().filter_map(|task| board.get(task));
        if tasks.any(is_done) {
            items.push(plain("Land its work…", Choice::Turn(Page::Land)));
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
        // Nobody puts a task into review by hand.
        let columns = Status::ALL.into_iter().filter(|it| *it != Status::Review);
        let columns = columns.map(|column| Item {
            problem: self.problem_with(board, &column),
            status: Some(column.clone()),
            ..plain(label::of(&column), Choice::MoveTo(column.clone()))
        });
        columns.collect()
    }

    /// The reason why none of the tasks can go to a column.
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
            Action::GoToInbox,
            "Go to the inbox",
            Choice::Act(Action::GoToInbox),
        ),
        act(
            Action::GoToBoard,
            "Go to the board",
            Choice::Act(Action::GoToBoard),
        ),
        act(
            Action::SelectAll,
            "Choose all shown cards",
            Choice::Act(Action::SelectAll),
        ),
        filter(
            "Show only blocked tasks, or all",
            filter::Msg::ToggledBlocked,
        ),
        filter("Show only stale tasks, or all", filter::Msg::ToggledStale),
        filter("Show or hide the archive", filter::Msg::ToggledArchived),
        filter(
            "Group running tasks by assignee, or not",
            filter::Msg::ToggledLanes,
        ),
        filter("Clear the filters", filter::Msg::Cleared),
        layout("Draw cards closer, or not", layout::Msg::ToggledDensity),
        layout("Show or hide the figures", layout::Msg::ToggledFigures),
        act(
            Action::Mine,
            "Show only my tasks, or everybody’s",
            Choice::Act(Action::Mine),
        ),
        plain("Set my name…", Choice::Turn(Page::Me)),
        act(
            Action::Nudge,
            "Nudge the dispatcher: run a tick now",
            Choice::Act(Action::Nudge),
        ),
        plain("Pause the dispatcher", Choice::Pause),
        plain("Resume the dispatcher", Choice::Resume),
        plain("Colours: light", Choice::Colours(Theme::Light)),
        plain("Colours: dark", Choice::Colours(Theme::Dark)),
        plain(
            "Colours: as the system has them",
            Choice::Colours(Theme::System),
        ),
        act(Action::Help, "Show all keys", Choice::Act(Action::Help)),
        plain("Log out", Choice::LogOut),
    ];
    items.extend(Status::COLUMNS.map(|column| {
        let label = format!("Fold or open column {}", label::of(&column));
        plain(&label, Choice::Layout(layout::Msg::Folded(column)))
    }));
    items
}

fn assignees(names: &[String], query: &str) -> Vec<Item> {
    let assign = |name: &str| Choice::Change(Change::Assign(Some(name.to_owned())));
    let mut items = known(names, assign);
    items.push(plain("Nobody", Choice::Change(Change::Assign(None))));
    items.extend(new(names, query, assign));
    items
}

fn introductions(names: &[String], query: &str) -> Vec<Item> {
    let introduce = |name: &str| Choice::Introduce(name.to_owned());
    let mut items = known(names, introduce);
    items.extend(new(names, query, introduce));
    items
}

fn known(names: &[String], choice: impl Fn(&str) -> Choice) -> Vec<Item> {
    names.iter().map(|name| plain(name, choice(name))).collect()
}

/// The typed text as a new name, where it is no known one.
fn new(names: &[String], query: &str, choice: impl Fn(&str) -> Choice) -> Option<Item> {
    let is_new = !query.is_empty() && !names.iter().any(|name| name == query);
    is_new.then(|| Item {
        detail: "a new name".to_owned(),
        ..plain(query, choice(query))
    })
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
    let label = match query {
        "" => "Block without a question".to_owned(),
        reason => format!("Block: {reason}"),
    };
    let reason = Some(query.to_owned());
    plain(&label, Choice::Change(Change::Block { reason }))
}

/// The ways in which work lands, on the branch that was typed or on that on which it began.
fn landings(query: &str) -> Vec<Item> {
    let onto = Some(query.to_owned()).filter(|it| !it.is_empty());
    let place = match query {
        "" => "where it came from",
        branch => branch,
    };
    let methods = [
        ("", None),
        (", by a merge", Some(Method::Merge)),
        (", by a rebase", Some(Method::Rebase)),
    ];
    let land = |(how, method)| {
        let change = Change::Land {
            onto: onto.clone(),
            method,
            delete_branch: false,
        };
        let on = if query.is_empty() { "" } else { "on " };
        plain(&["Land ", on, place, how].concat(), Choice::Change(change))
    };
    methods.map(land).into()
}

/// The other outcomes on which the tasks may start.
fn conditions(on: StartOn) -> Vec<Item> {
    let all = [StartOn::Success, StartOn::Failure, StartOn::Always];
    let others = all.into_iter().filter(|it| *it != on);
    let turn = |on| {
        let label = ["Start ", label::start_on(on), "…"].concat();
        plain(&label, Choice::Turn(Page::WaitFor(on)))
    };
    others.map(turn).collect()
}

fn tasks(board: &board::Model, words: &[String], choice: impl Fn(TaskId) -> Choice) -> Vec<Item> {
    let fitting: Vec<(Fit, &TaskSummary)> = board
        .in_order()
        .filter_map(|entry| Some((Fit::of(&entry.task, &entry.words, words)?, &entry.task)))
        .collect();
    let best_first = Fit::ALL.into_iter().flat_map(|wanted| {
        let of_fit = fitting.iter().filter(move |(fit, _)| *fit == wanted);
        of_fit.map(|(_, task)| *task)
    });
    let items = best_first.take(MOST_TASKS).map(|task| Item {
        detail: task.id.to_string(),
        status: Some(task.status.clone()),
        ..plain(&task.title, choice(task.id.clone()))
    });
    items.collect()
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

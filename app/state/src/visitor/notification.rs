//! Browser notifications about the inbox while nobody looks at the page: opt-in, and only what is
//! new.

use std::collections::BTreeSet;

use domain::id::TaskId;
use domain::inbox::{Concern, Need};

use crate::inbox::{self, ConcernId};
use crate::{Effect, Model as Page};

/// The cookie that remembers who wants it. Cookies do not know ports, so the name must differ from
/// those of other programs on this machine.
pub const COOKIE: &str = "kanban_notifications";

/// The cookie's value for those who do.
pub const WANTED: &str = "on";

/// More than this at once are only counted.
const MOST_AT_ONCE: usize = 3;

/// The state of notifications, and the concerns known when they last were due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    state: State,
    known: BTreeSet<String>,
}

/// The state of browser notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nobody asked for it.
    #[default]
    Off,
    /// It does.
    On,
    /// It was asked to, and may not.
    Refused,
}

/// An event of the notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Msg {
    /// A person wants notifications.
    Wanted,
    /// A person wants none any more.
    Declined,
    /// The browser said whether it may show them.
    Permitted(bool),
}

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// One with the same tag takes the place of an older one.
    pub tag: String,
    /// The first line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// The task that a click opens; the inbox where it is about several.
    pub task: Option<TaskId>,
}

impl Model {
    /// Restores the remembered state; the concerns at hand are no news.
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self {
            state: if is_wanted { State::On } else { State::Off },
            known: BTreeSet::new(),
        }
    }

    /// The state of browser notifications.
    pub fn state(&self) -> State {
        self.state
    }
}

/// Asks the browser again whether it may, where somebody wanted it on an earlier visit.
pub(crate) fn start(page: &mut Page) -> Option<Effect> {
    let concerns = inbox::concerns(page);
    page.notifications.known = known(&concerns);
    (page.notifications.state == State::On).then_some(Effect::LookUpPermission)
}

/// Takes in what happened.
pub(crate) fn update(model: &mut Model, msg: Msg) -> Option<Effect> {
    match msg {
        Msg::Wanted => Some(Effect::AskForPermission),
        Msg::Declined => {
            model.state = State::Off;
            Some(Effect::KeepNotifications(false))
        }
        Msg::Permitted(true) => {
            model.state = State::On;
            Some(Effect::KeepNotifications(true))
        }
        Msg::Permitted(false) => {
            model.state = State::Refused;
            None
        }
    }
}

/// Returns the notifications since the last call.
pub(crate) fn news(page: &mut Page) -> Option<Effect> {
    let concerns = inbox::concerns(page);
    let known = std::mem::replace(&mut page.notifications.known, known(&concerns));
    let new: Vec<&Concern> = concerns
        .iter()
        .filter(|concern| !known.contains(&mark(concern)))
        .collect();
    if page.notifications.state != State::On || new.is_empty() {
        return None;
    }
    Some(Effect::Notify(match new.len() {
        0..=MOST_AT_ONCE => new.into_iter().map(notification).collect(),
        count => vec![Notification {
            tag: "inbox".to_owned(),
            title: format!("{count} things need you"),
            body: String::new(),
            task: None,
        }],
    }))
}

fn known(concerns: &[Concern]) -> BTreeSet<String> {
    concerns.iter().map(mark).collect()
}

/// A task that is blocked again is news again.
fn mark(concern: &Concern) -> String {
    format!("{} {}", ConcernId::of(concern), concern.since.0)
}

fn notification(concern: &Concern) -> Notification {
    let name = &concern.title;
    let (title, body) = match &concern.need {
        Need::Held { lane, reason, .. } => (
            format!("{lane} is held"),
            reason.clone().unwrap_or_default(),
        ),
        Need::Review { .. } => (format!("“{name}” waits for your verdict"), String::new()),
        Need::DeadEnd { .. } => {
            let title = format!("Tasks behind “{name}” can never start");
            (title, String::new())
        }
        Need::Landing { problem, .. } => {
            (format!("The landing of “{name}” waits"), problem.clone())
        }
        Need::Answer { question } => {
            let question = question.clone().unwrap_or_default();
            (format!("“{name}” is blocked"), question)
        }
        Need::GaveUp { error, .. } => (format!("“{name}” gave up"), error.clone()),
        Need::Undelivered { to, error, .. } => {
            (format!("{to} was not told of “{name}”"), error.clone())
        }
    };
    Notification {
        tag: ConcernId::of(concern).to_string(),
        title,
        body,
        task: Some(concern.task.clone()),
    }
}

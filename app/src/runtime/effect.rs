//! Carries out what the model wants done. Only browsers get here.

use domain::error::ErrorKind;
use domain::id::TaskId;
use futures::future::AbortHandle;
use leptos::prelude::*;
use leptos::web_sys::js_sys;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{
    HtmlDocument, HtmlElement, HtmlFormElement, ScrollIntoViewOptions, ScrollLogicalPosition,
};
use serde::Serialize;
use state::change::Change;
use state::refusal::Refusal;
use state::requests::pending::{self, Request};
use state::visitor::{layout, me, notification, theme};
use state::{Effect, Msg, connection, drawer, inbox};

use super::ask::{PATIENCE, PATIENCE_WITH_MANY};
use super::keyboard::Prefix;
use super::{Runtime, location, notify, socket};
use crate::base;
use crate::view::{
    CREATE_FORM_ID, DRAWER_ID, INBOX_ID, KEEP_RUNNING_ID, LOG_OUT_ID, SEARCH_ID, answer_id,
    card_id, concern_id,
};

/// A year, the usual life of a choice.
const CHOICE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// The number of frames for which a field is awaited: half a second.
const FRAMES: u32 = 30;

/// The arguments of `ask`.
#[derive(Serialize)]
struct Asked {
    request: Request,
}

/// The arguments of `bulk`.
#[derive(Serialize)]
struct Changes {
    changes: Vec<(TaskId, Change)>,
}

/// The arguments of a function that takes none.
#[derive(Serialize)]
struct Nothing {}

/// The handles that effects need. They may be dropped on any thread, as the server does with every
/// page that it has rendered.
#[derive(Default)]
pub(super) struct Hands {
    socket: Option<AbortHandle>,
    /// The first of two keys that are pressed one after the other.
    pub(super) prefix: Option<Prefix>,
}

impl Runtime {
    pub(super) fn carry_out(self, effect: Effect) {
        match effect {
            Effect::OpenSocket { socket, since } => {
                let opened = socket::open(socket, since, move |msg| self.dispatch(msg));
                self.hands.update_value(|hands| {
                    if let Some(last) = hands.socket.replace(opened) {
                        last.abort();
                    }
                });
            }
            Effect::CheckSession => self.read("session", |result: Result<(), Refusal>| {
                let is_over = result.is_err_and(|refusal| refusal.kind == ErrorKind::Forbidden);
                Msg::Connection(connection::Msg::SessionChecked { is_over })
            }),
            Effect::ReadBoard => {
                let has_archive = self.ask(state::Model::wants_archive).unwrap_or_default();
                let board = format!("board?include_archived={has_archive}");
                self.read(&board, move |result| Msg::ReadBoard {
                    result,
                    has_archive,
                });
            }
            Effect::ReadInbox => self.read("inbox", |it| Msg::Inbox(inbox::Msg::Read(it))),
            Effect::Search(text) => {
                let text = String::from(js_sys::encode_uri_component(&text));
                self.read(&["search?text=", &text].concat(), Msg::Found);
            }
            Effect::ReadPulse => self.read("pulse", Msg::ReadPulse),
            Effect::ReadTask(task) => {
                self.read(&format!("task?task={task}"), move |result| {
                    Msg::Drawer(drawer::Answer { task, result })
                });
            }
            Effect::ReadChanges(task) => {
                self.read(&format!("changes?task={task}"), move |it| {
                    Msg::ReadChanges(task, it)
                });
            }
            Effect::Send { ticket, request } => {
                self.post("ask", &Asked { request }, PATIENCE, move |it| {
                    Msg::Pending(pending::Msg::Answered(ticket, it))
                });
            }
            Effect::SendAll { ticket, changes } => {
                self.post(
                    "bulk",
                    &Changes { changes },
                    PATIENCE_WITH_MANY,
                    move |it| Msg::Pending(pending::Msg::AnsweredAll(ticket, it)),
                );
            }
            Effect::Visit(address) => self.visit(address),
            Effect::KeepAddress(address) => location::replace(&address),
            Effect::FocusDrawer => focus_soon(DRAWER_ID.to_owned()),
            Effect::ShowCard(task) => {
                // The board makes room for the open task with the next frame.
                request_animation_frame(move || show(&card_id(&task)));
            }
            Effect::FocusCard(task) => focus_soon(card_id(&task)),
            Effect::FocusConcern(concern) => focus_soon(concern_id(&concern)),
            Effect::FocusAnswer(task) => self.focus_field(answer_id(&task), FRAMES),
            Effect::FocusConfirmation => focus_soon(KEEP_RUNNING_ID.to_owned()),
            Effect::FocusInbox => focus_soon(INBOX_ID.to_owned()),
            Effect::FocusSearch => self.focus_field(SEARCH_ID.to_owned(), FRAMES),
            Effect::OpenForm => {
                open_form();
                self.dispatch(Msg::ReachedField);
            }
            Effect::KeepLayout(layout) => keep(layout::COOKIE, &layout.cookie()),
            Effect::AskForPermission => notify::ask(self),
            Effect::LookUpPermission => notify::tell(self),
            Effect::KeepNotifications(are_wanted) => {
                let choice = if are_wanted { notification::WANTED } else { "" };
                keep(notification::COOKIE, choice);
            }
            Effect::Notify(notifications) => notify::show(self, notifications),
            Effect::KeepMe(name) => keep(me::COOKIE, &me::cookie(&name)),
            Effect::Nudge => self.post("nudge", &Nothing {}, PATIENCE, Msg::Nudged),
            Effect::LogOut => log_out(),
            Effect::KeepTheme(theme) => keep(theme::COOKIE, theme.as_str()),
        }
    }

    /// Gives the keyboard to a field at once: what is typed next belongs to it. One that is not on the
    /// page yet is tried again with each frame.
    fn focus_field(self, id: String, frames: u32) {
        let field = document().get_element_by_id(&id);
        if let Some(field) = field.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
            // An element that cannot be focused is not shown yet.
            drop(field.focus());
        }
        let active = document().active_element();
        if frames == 0 || active.is_some_and(|it| it.id() == id) {
            self.dispatch(Msg::ReachedField);
        } else {
            request_animation_frame(move || self.focus_field(id, frames.saturating_sub(1)));
        }
    }
}

/// The element may only just be on its way to the page.
fn focus_soon(id: String) {
    // At once where it is on the page: the next key may follow before the next frame.
    focus(&id);
    let before = focused();
    request_animation_frame(move || {
        // An element that was moved has lost the keyboard; a person may have taken it elsewhere.
        let now = focused();
        if now == before || now.is_empty() {
            focus(&id);
        }
    });
}

/// The id of the element with the keyboard; empty where none has it.
fn focused() -> String {
    let element = document().active_element();
    element.map(|it| it.id()).unwrap_or_default()
}

fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        // An element that cannot be focused has left the page again.
        drop(element.focus());
        show(id);
    }
}

/// Scrolls an element into sight, no further than needed.
fn show(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let nearest = ScrollIntoViewOptions::new();
        nearest.set_block(ScrollLogicalPosition::Nearest);
        nearest.set_inline(ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
}

fn open_form() {
    let form = document().get_element_by_id(CREATE_FORM_ID);
    if let Some(form) = form.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        // It fails only for a form that is open already.
        drop(form.show_popover());
    }
}

/// Sends the form of the page's head, as the button in it does.
fn log_out() {
    let form = document().get_element_by_id(LOG_OUT_ID);
    if let Some(form) = form.and_then(|it| it.dyn_into::<HtmlFormElement>().ok()) {
        // It fails only for a form that is not on the page.
        drop(form.submit());
    }
}

/// Keeps a choice where the server sees it, so that the next page is right at once.
fn keep(cookie: &str, value: &str) {
    let root = base::uri();
    let path = base::path(&root);
    let cookie = format!("{cookie}={value}; path={path}/; max-age={CHOICE_SECONDS}; samesite=lax");
    if let Ok(document) = document().dyn_into::<HtmlDocument>() {
        // A browser that keeps no cookies keeps the choice until the page is left.
        drop(document.set_cookie(&cookie));
    }
}

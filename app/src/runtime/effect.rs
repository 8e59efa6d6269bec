//! Carries out what the model wants done. Only browsers get here.

use domain::error::ErrorKind;
use futures::future::AbortHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{HtmlDocument, HtmlElement};
use leptos_router::NavigateOptions;
use state::address::Address;
use state::pending::{self, Request, Saved, Ticket};
use state::theme::{self, Theme};
use state::{Effect, Msg, connection, drawer};

use super::{Runtime, socket};
use crate::api;
use crate::api::error::ApiError;
use crate::view::{DRAWER_ID, card_id};

/// A year, the usual life of a choice.
const THEME_SECONDS: u32 = 365 * 24 * 60 * 60;

/// Goes to an address, as `use_navigate` has it.
type Navigate = Box<dyn Fn(&str, NavigateOptions) + Send + Sync>;

/// Whether going back leads to where one was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    Grows,
    Stays,
}

/// What effects need from their surroundings. It may be dropped on any thread, as the server does
/// with every page that it has rendered.
pub(super) struct Hands {
    navigate: Navigate,
    socket: Option<AbortHandle>,
}

impl Hands {
    pub(super) fn new(navigate: impl Fn(&str, NavigateOptions) + Send + Sync + 'static) -> Self {
        Self {
            navigate: Box::new(navigate),
            socket: None,
        }
    }
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
            Effect::CheckSession => spawn_local(async move {
                if let Err(ApiError(refusal)) = api::check_session().await
                    && refusal.kind == ErrorKind::Forbidden
                {
                    self.dispatch(Msg::Connection(connection::Msg::SessionOver));
                }
            }),
            Effect::ReadBoard => spawn_local(async move {
                let result = api::read_board().await.map_err(Into::into);
                self.dispatch(Msg::ReadBoard(result));
            }),
            Effect::ReadTask(task) => spawn_local(async move {
                let result = api::read_task(task.clone()).await;
                let result = result.map(Box::new).map_err(Into::into);
                self.dispatch(Msg::Drawer(drawer::Msg::Read(task, result)));
            }),
            Effect::Send { ticket, request } => self.send(ticket, request),
            Effect::Visit(address) => self.visit(&address, History::Grows),
            Effect::FocusDrawer => focus_soon(DRAWER_ID.to_owned()),
            Effect::FocusCard(task) => focus_soon(card_id(&task)),
            Effect::KeepTheme(theme) => keep(theme),
        }
    }

    /// Goes to an address of this page.
    pub(super) fn visit(self, address: &Address, history: History) {
        self.hands.with_value(|hands| {
            (hands.navigate)(
                &address.path(),
                NavigateOptions {
                    scroll: false,
                    replace: history == History::Stays,
                    ..Default::default()
                },
            );
        });
    }

    fn send(self, ticket: Ticket, request: Request) {
        spawn_local(async move {
            let result = ask(request).await.map_err(Into::into);
            self.dispatch(Msg::Pending(pending::Msg::Answered(ticket, result)));
        });
    }
}

async fn ask(request: Request) -> Result<Saved, ApiError> {
    match request {
        Request::Create(form) => api::create_task(form).await,
        Request::Move { task, to } => api::move_task(task, to).await,
        Request::Comment { task, body } => api::comment(task, body).await,
        Request::FillSample => api::fill_sample().await,
    }
}

/// The element may only just be on its way to the page.
fn focus_soon(id: String) {
    request_animation_frame(move || {
        let element = document().get_element_by_id(&id);
        if let Some(element) = element.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
            // An element that cannot be focused has left the page again.
            drop(element.focus());
        }
    });
}

fn keep(theme: Theme) {
    let cookie = format!(
        "{}={}; path=/; max-age={THEME_SECONDS}; samesite=lax",
        theme::COOKIE,
        theme.as_str()
    );
    if let Ok(document) = document().dyn_into::<HtmlDocument>() {
        // A browser that keeps no cookies keeps the colours until the page is left.
        drop(document.set_cookie(&cookie));
    }
}

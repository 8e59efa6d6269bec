//! The subscribers of the task, their deliveries, and the buttons for dead letters.

use domain::id::TaskId;
use domain::notify::Address;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use state::drawer::news::{Dead, News, Recipient, State};
use state::requests::pending::{self, Request};
use state::{Msg, age};

use crate::api::{DropDelivery, RetryDelivery, Subscribe, Unsubscribe};
use crate::runtime::use_dispatch;
use crate::view::age::Age;
use crate::view::clock::Clock;
use crate::view::form::{Filled, PlainForm};
use crate::view::icon::{Drawing, Icon};
use crate::view::says::memo;

/// The channels that can be set up.
const PLATFORMS: [(&str, &str); 4] = [
    ("webhook", "Webhook"),
    ("command", "Command"),
    ("telegram", "Telegram"),
    ("slack", "Slack"),
];

#[component]
pub(crate) fn NewsList(task: TaskId, news: Memo<News>, clock: Clock) -> impl IntoView {
    let places = memo(move || news.read().places.clone());
    let dead = memo(move || news.read().dead.clone());
    let about = StoredValue::new(task.clone());
    view! {
        <section class="news" aria-label="Notifications">
            <h3>"Notifications"</h3>
            <ul role="list">
                {move || places.get().into_iter().map(|place| view! {
                    <RecipientLine task=about.get_value() place clock/>
                }).collect_view()}
                {move || dead.get().into_iter().map(|dead| view! { <DeadLetter dead/> }).collect_view()}
            </ul>
            <details>
                <summary>"New subscription"</summary>
                <SubscribeForm task/>
            </details>
        </section>
    }
}

/// Somebody who is told.
#[component]
fn RecipientLine(task: TaskId, place: Recipient, clock: Clock) -> impl IntoView {
    let dispatch = use_dispatch();
    let Recipient { to, state } = place;
    let (words, since) = match state {
        None => ("nothing to deliver yet", None),
        Some(State::Told(at)) => ("told ", Some(at)),
        Some(State::Waits) => ("on its way", None),
        Some(State::TriesAgain) => ("failed; will be retried", None),
        Some(State::Failed) => ("not delivered", None),
    };
    let name = to.to_string();
    let submit = {
        let (task, to) = (task.clone(), to.clone());
        Callback::new(move |_| {
            send(dispatch, Request::Unsubscribe(task.clone(), to.clone()));
        })
    };
    view! {
        <li>
            <span class="place">{name.clone()}</span>
            <span class="state">
                {words}
                {since.map(|at| view! { <Age now=clock.minute since=at in_words=age::ago/> })}
            </span>
            <PlainForm action=Unsubscribe::url() on_submit=submit>
                <input type="hidden" name="task" value=task.to_string()/>
                <Hidden to/>
                <button class="button-quiet" aria-label=format!("Unsubscribe {name}") title="Unsubscribe">
                    <Drawing icon=Icon::Close/>
                </button>
            </PlainForm>
        </li>
    }
}

/// A place in fields that nobody sees.
#[component]
fn Hidden(to: Address) -> impl IntoView {
    view! {
        <input type="hidden" name="to[platform]" value=to.platform/>
        <input type="hidden" name="to[chat_id]" value=to.chat_id/>
        <input type="hidden" name="to[thread_id]" value=to.thread_id/>
    }
}

/// A dead letter.
#[component]
fn DeadLetter(dead: Dead) -> impl IntoView {
    let dispatch = use_dispatch();
    let Dead {
        delivery,
        to,
        kind,
        error,
    } = dead;
    let (id, same) = (delivery.to_string(), delivery.to_string());
    let said = format!("{to} was not told ({}): {error}", kind.replace('_', " "));
    let retry = Callback::new(move |_| send(dispatch, Request::RetryDelivery(delivery)));
    let drop = Callback::new(move |_| send(dispatch, Request::DropDelivery(delivery)));
    view! {
        <li data-tone="trouble">
            <Drawing icon=Icon::Envelope/>
            <span class="said">{said}</span>
            <PlainForm action=RetryDelivery::url() on_submit=retry>
                <input type="hidden" name="delivery" value=id/>
                <button class="button">"Try again"</button>
            </PlainForm>
            <PlainForm action=DropDelivery::url() on_submit=drop>
                <input type="hidden" name="delivery" value=same/>
                <button class="button">"Drop"</button>
            </PlainForm>
        </li>
    }
}

#[component]
fn SubscribeForm(task: TaskId) -> impl IntoView {
    let dispatch = use_dispatch();
    let submit = {
        let task = task.clone();
        Callback::new(move |filled: Filled| {
            let field = |name: &str| filled.text(&format!("to[{name}]"));
            let to = Address {
                platform: field("platform"),
                chat_id: field("chat_id"),
                thread_id: field("thread_id"),
                user_id: None,
            };
            send(dispatch, Request::Subscribe(task.clone(), to));
        })
    };
    view! {
        <PlainForm action=Subscribe::url() on_submit=submit>
            <input type="hidden" name="task" value=task.to_string()/>
            <label>
                <span>"Channel"</span>
                <select name="to[platform]">
                    {PLATFORMS.map(|(name, label)| view! { <option value=name>{label}</option> })}
                </select>
            </label>
            <label>
                <span>"Name or chat"</span>
                <input name="to[chat_id]" required autocomplete="off" placeholder="as kanban.toml names it"/>
            </label>
            <label>
                <span>"Thread"</span>
                <input name="to[thread_id]" autocomplete="off"/>
            </label>
            <button class="button">"Subscribe"</button>
        </PlainForm>
    }
}

fn send(dispatch: impl Fn(Msg), request: Request) {
    dispatch(Msg::Pending(pending::Msg::Asked(request)));
}

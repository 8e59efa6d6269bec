//! The filter bar: a search, and chips for the rest.

use leptos::html;
use leptos::prelude::*;
use reactive_stores::Store;
use state::Msg;
use state::board::filter::{self, Whose};
use state::shown::{Shown, ShownStoreFields};

use super::icon::{Drawing, Icon};
use crate::runtime::use_dispatch;
use crate::view::says::{click, effect, flag, memo, text, truth};

/// The name of the search, which has a key of its own.
pub(crate) const SEARCH_ID: &str = "search";

#[component]
pub(crate) fn Filters(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let filter = memo(move || shown.address().read().filter.clone());
    let chip = move |label: &'static str,
                     title: &'static str,
                     msg: filter::Msg,
                     is_on: fn(&filter::Filter) -> bool| {
        view! {
            <button
                type="button" class="chip" title=title
                aria-pressed=truth(move || is_on(&filter.read()))
                on:click=click(move || dispatch(Msg::Filter(msg.clone())))
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="filters needs-script" role="search" aria-label="Cards">
            <Search shown/>
            <Tenants shown/>
            <Assignees shown/>
            <Mine shown/>
            {chip("Blocked", "Only blocked tasks", filter::Msg::ToggledBlocked, |it| it.blocked)}
            {chip("Due", "Only tasks with a due time, the soonest first", filter::Msg::ToggledDue, |it| it.due)}
            {chip("Stale", "Only stale tasks", filter::Msg::ToggledStale, |it| it.stale)}
            {chip("Archive", "Archived tasks too", filter::Msg::ToggledArchived, |it| it.archived)}
            <Show when=move || filter.read().is_active()>
                <button
                    type="button" class="button-quiet" aria-label="Clear the filters" title="Clear the filters"
                    on:click=click(move || dispatch(Msg::Filter(filter::Msg::Cleared)))
                >
                    <Drawing icon=Icon::Close/>
                </button>
            </Show>
        </div>
    }
}

/// One's own tasks only. Whoever is not known yet is asked for a name.
#[component]
fn Mine(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let is_on = memo(move || {
        let me = shown.me().get().map(Whose::Of);
        me.is_some() && shown.address().read().filter.assignee == me
    });
    let title = move || match shown.me().get() {
        Some(me) => format!("Only the tasks of {me} (I)"),
        None => "Only my tasks (I)".to_owned(),
    };
    view! {
        <button
            type="button" class="chip" title=text(title) aria-pressed=truth(move || is_on.get())
            on:click=click(move || dispatch(Msg::ToggledMine))
        >
            "Mine"
        </button>
    }
}

#[component]
fn Search(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let text = memo(move || shown.address().read().filter.text.clone());
    let initial = text.get_untracked();
    let input = NodeRef::<html::Input>::new();
    // What is typed stays; only what came from elsewhere is written.
    effect(move || {
        let text = text.get();
        if let Some(input) = input.get()
            && input.value() != text
        {
            input.set_value(&text);
        }
    });
    view! {
        <label class="search">
            <Drawing icon=Icon::Search/>
            <span class="visually-hidden">"Search"</span>
            <input
                type="search" id=SEARCH_ID placeholder="Search  /" autocomplete="off" spellcheck="false"
                value=initial node_ref=input
                on:input:target=move |event| {
                    dispatch(Msg::Filter(filter::Msg::Typed(event.target().value())));
                }
            />
        </label>
    }
}

#[component]
fn Tenants(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let chosen = memo(move || shown.address().read().filter.tenant.clone());
    // A link may name a tenant that has no task any more.
    let tenants = memo(move || {
        let mut tenants = shown.tenants().get();
        tenants.extend(
            chosen
                .get()
                .filter(|it| !shown.tenants().read().contains(it)),
        );
        tenants
    });
    view! {
        <Show when=move || !tenants.read().is_empty()>
            <select
                class="chip" aria-label="Tenant" data-on=flag(move || chosen.read().is_some())
                on:change:target=move |event| {
                    let value = event.target().value();
                    let tenant = value.strip_prefix('=').map(ToOwned::to_owned);
                    dispatch(Msg::Filter(filter::Msg::ChoseTenant(tenant)));
                }
            >
                <option value="" selected=move || chosen.read().is_none()>"All tenants"</option>
                {move || tenants.get().into_iter().map(|tenant| {
                    let is_chosen = chosen.get().as_ref() == Some(&tenant);
                    view! { <option value=format!("={tenant}") selected=is_chosen>{tenant.clone()}</option> }
                }).collect_view()}
            </select>
        </Show>
    }
}

#[component]
fn Assignees(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let chosen = memo(move || shown.address().read().filter.assignee.clone());
    let names = memo(move || {
        let mut names = shown.assignees().get();
        if let Some(Whose::Of(name)) = chosen.get()
            && !names.contains(&name)
        {
            names.push(name);
        }
        names
    });
    view! {
        <select
            class="chip" aria-label="Assignee" data-on=flag(move || chosen.read().is_some())
            on:change:target=move |event| {
                let value = event.target().value();
                let whose = value.strip_prefix('=').map(|it| Whose::from_text(it.to_owned()));
                dispatch(Msg::Filter(filter::Msg::ChoseAssignee(whose)));
            }
        >
            <option value="" selected=move || chosen.read().is_none()>"Everybody"</option>
            <option value="=" selected=move || *chosen.read() == Some(Whose::Nobodys)>"Unassigned"</option>
            {move || names.get().into_iter().map(|name| {
                let is_chosen = chosen.get() == Some(Whose::Of(name.clone()));
                view! { <option value=format!("={name}") selected=is_chosen>{name.clone()}</option> }
            }).collect_view()}
        </select>
    }
}

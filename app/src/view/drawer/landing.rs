//! The landing of an open task: the question where its work is to land, and what has come of it.

use std::sync::Arc;

use domain::branch::short;
use domain::check::Verdict;
use domain::id::TaskId;
use domain::landing::Method;
use domain::status::Status;
use domain::task::TaskDetail;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use reactive_stores::Store;
use state::Msg;
use state::change::Change;
use state::drawer::Reading;
use state::shown::{self, Shown, ShownStoreFields};

use super::part;
use crate::api::LandTask;
use crate::runtime::use_dispatch;
use crate::view::form::{Filled, PlainForm};
use crate::view::icon::{Drawing, Icon};
use crate::view::says::memo;

#[component]
pub(super) fn Landing(
    shown: Store<Shown>,
    task: TaskId,
    reading: Memo<Option<Arc<Reading>>>,
) -> impl IntoView {
    let why_not = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { why_no_landing, .. } => why_no_landing.clone(),
        _ => None,
    });
    let says = part(reading, |detail| {
        let landing = detail.landing.as_ref();
        let under_way = landing.filter(|landing| landing.problem.is_none());
        let onto = under_way.and_then(|landing| landing.onto.as_deref());
        let says = onto.map(|onto| ["Landing on ", onto, "…"].concat());
        says.or_else(|| landed(detail).filter(|_| landing.is_none()))
    });
    let says = move || {
        let why_not = why_not
            .get()
            .map(|why| [" No landing begins: ", &why.to_string(), "."].concat());
        says.get().map(|says| says + &why_not.unwrap_or_default())
    };
    let from = part(reading, |detail| {
        let branch = detail.branch.clone().filter(|_| detail.can_land());
        let method = detail.task.land_method;
        branch.map(|branch| (branch.name, branch.onto.unwrap_or_default(), method))
    });
    view! {
        {move || says().map(|text| view! {
            <p class="callout"><Drawing icon=Icon::Clock/><span dir="auto">{text}</span></p>
        })}
        {move || from.get().map(|(name, onto, method)| {
            let task = task.clone();
            view! {
                <details class="landing">
                    <summary class="button"><Drawing icon=Icon::Arrow/>"Land…"</summary>
                    <p>{["Land ", &name, " into"].concat()}</p>
                    <LandForm task onto method delete_branch=false label="Land"/>
                </details>
            }
        })}
    }
}

/// The branch that holds its work, and as which commit, where that is not what its last receipt says.
fn landed(detail: &TaskDetail) -> Option<String> {
    let last = detail.receipts.last()?;
    let branch = detail.branch.as_ref()?;
    let is_told = detail.task.status == Status::Done && last.check.verdict == Verdict::Landed;
    if is_told {
        return None;
    }
    let (onto, commit) = (
        branch.landed_onto.as_deref()?,
        branch.landed_commit.as_deref()?,
    );
    Some(["Landed on ", onto, " as ", short(commit)].concat())
}

/// Asks for a landing: on which branch, in which way, and whether the task's own branch goes.
#[component]
pub(crate) fn LandForm(
    task: TaskId,
    /// The branch that is proposed.
    onto: String,
    method: Option<Method>,
    delete_branch: bool,
    /// The words on the button.
    label: &'static str,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let id = task.to_string();
    let submit = Callback::new(move |filled: Filled| {
        let text = |name| filled.text(name);
        let deletes = !text("delete_branch").is_empty();
        let change = Change::land(&text("onto"), &text("method"), deletes);
        dispatch(Msg::Changed(task.clone(), change));
    });
    let methods = [
        (None, "as it or its lane says"),
        (Some(Method::Merge), "by a merge"),
        (Some(Method::Rebase), "by a rebase"),
    ];
    let option = move |(of, words): (Option<Method>, &'static str)| {
        let is_chosen = of == method;
        view! { <option value=of.map_or("", Method::as_str) selected=is_chosen>{words}</option> }
    };
    view! {
        <PlainForm action=LandTask::url() on_submit=submit>
            <input type="hidden" name="task" value=id/>
            <input name="onto" class="onto" required autocomplete="off" aria-label="Land on" placeholder="branch" value=onto/>
            <select name="method" aria-label="Method">{methods.map(option).collect_view()}</select>
            <label class="deletes">
                <input type="checkbox" name="delete_branch" value="true" checked=delete_branch/>
                "Delete its branch"
            </label>
            <button class="button-primary">{label}</button>
        </PlainForm>
    }
}

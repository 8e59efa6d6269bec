//! The answers to a concern: forms that work without scripts too.

use domain::id::{DeliveryId, EventId, TaskId};
use domain::inbox::{Need, options};
use domain::outcome::DeadEnd;
use leptos::ev::KeyboardEvent;
use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use reactive_stores::Store;
use state::drawer::comment;
use state::inbox::{self, Answer, ConcernId};
use state::keys::Action;
use state::requests::pending::Request;
use state::shown::{Shown, ShownStoreFields};
use state::{Focus, Msg};

use crate::api::{
    AcceptResult, Answer as Say, Approve, DropDelivery, LeaveDeadEnd, MoveTask, RequestChanges,
    RetryDelivery, Undo,
};
use crate::runtime::{press_of, use_dispatch};
use crate::view::drawer::LandForm;
use crate::view::form::{Filled, PlainForm};
use crate::view::says::memo;
use crate::view::workers::Ask;

/// The name of the line in which a concern about a task is answered.
pub(crate) fn answer_id(task: &TaskId) -> String {
    format!("answer-to-{task}")
}

const ANSWER: &str = "Your answer. It becomes a comment, and the task goes on.";
const CHANGES: &str = "What is to be changed. It is the first thing that the next attempt reads.";
const ADVICE: &str = "Your instructions. They become a comment.";

#[component]
pub(crate) fn Answers(
    shown: Store<Shown>,
    id: ConcernId,
    task: TaskId,
    need: Need,
) -> impl IntoView {
    // Each form stands here once: the browser's half of the program is paid for by the kilobyte.
    let (mut result, mut delivery, mut say, mut lane) = (None, None, None, None);
    let mut landing = None;
    let (mut choices, mut is_review, mut stuck) = (Vec::new(), false, Vec::new());
    match need {
        Need::Answer { question } => {
            let numbered = (1..).zip(options(question.as_deref().unwrap_or_default()));
            choices.extend(numbered.map(|(number, text)| format!("{number}. {text}")));
            say = Some(("Answer", ANSWER));
        }
        Need::GaveUp { proposed, .. } => {
            result = proposed;
            say = Some(("Try again", ADVICE));
        }
        Need::Undelivered { delivery: of, .. } => delivery = Some(of),
        Need::Held { lane: of, .. } => lane = Some(of),
        Need::Review { .. } => {
            is_review = true;
            say = Some(("Request changes", CHANGES));
        }
        Need::DeadEnd { dead_ends } => stuck = dead_ends,
        Need::Landing {
            onto,
            method,
            delete_branch,
            request,
            ..
        } => landing = Some((onto.unwrap_or_default(), method, delete_branch, request)),
    }
    let is_main = result.is_none() && !is_review;
    let approve = is_review.then(|| view! { <ApproveForm id=id.clone() task=task.clone()/> });
    let ways_out = (!stuck.is_empty()).then(|| view! { <WaysOut id=id.clone() dead_ends=stuck/> });
    let accept = result.map(|result| {
        view! { <AcceptForm id=id.clone() task=task.clone() result/> }
    });
    let landing = landing.map(|(onto, method, delete_branch, request)| {
        let task = task.clone();
        view! {
            <LandForm task onto method delete_branch label="Try again"/>
            <TakeBack id=id.clone() event=request/>
        }
    });
    let deliver = delivery.map(|delivery| view! { <DeliveryForms id=id.clone() delivery/> });
    let release = lane.map(|lane| {
        view! { <Ask verb="Try now" what=lane.clone() request=Request::Release(lane)/> }
    });
    let choices = (!choices.is_empty()).then(|| {
        let forms = choices.into_iter().map(|text| {
            let (id, task) = (id.clone(), task.clone());
            view! { <Choice id task text/> }
        });
        view! { <div class="choices" role="group" aria-label="Options">{forms.collect_view()}</div> }
    });
    let say = say.map(|(label, placeholder)| {
        let action = if is_review {
            RequestChanges::url()
        } else {
            Say::url()
        };
        view! { <SayForm shown id task placeholder label action is_main/> }
    });
    view! {
        {accept}
        {approve}
        {ways_out}
        {landing}
        {choices}
        {say}
        {deliver}
        {release}
    }
}

/// Comments on the task, and unblocks it.
#[component]
fn SayForm(
    shown: Store<Shown>,
    id: ConcernId,
    task: TaskId,
    placeholder: &'static str,
    label: &'static str,
    action: &'static str,
    /// True for the answer that most people will give.
    is_main: bool,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let draft = {
        let task = task.clone();
        memo(move || shown.comments().read().draft(&task).to_owned())
    };
    let input = NodeRef::<Textarea>::new();
    // What is typed stays; only what was refused, or written beside the board, is written here.
    Effect::new(move |has_run: Option<()>| {
        let text = draft.get();
        let is_news = has_run.is_some() || !text.is_empty();
        if let Some(input) = input.get()
            && is_news
            && input.value() != text
        {
            input.set_value(&text);
        }
    });
    let typed = {
        let task = task.clone();
        move |text: String| dispatch(Msg::Comment(comment::Msg::Typed(task.clone(), text)))
    };
    let press = move |event: KeyboardEvent| {
        let is_sent = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            // Held down, it would be pressed again where the next concern takes its place.
            "Enter" if is_sent && event.repeat() => {}
            "Enter" if is_sent => {
                let form = input.get_untracked().and_then(|it| it.form());
                // A form that cannot be sent says so itself.
                drop(form.map(|form| form.request_submit()));
                // A second press may be one too many, and then belongs to nothing.
                let press = press_of(&event, Action::Answer);
                dispatch(Msg::Pressed(press, Focus::default()));
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let submit = Callback::new(move |filled: Filled| {
        let answer = Answer::Say(filled.text("text"));
        let said = inbox::Msg::Answered(id.clone(), answer);
        dispatch(Msg::Inbox(said));
    });
    let class = if is_main { "button-primary" } else { "button" };
    view! {
        <PlainForm action on_submit=submit>
            <input type="hidden" name="task" value=task.to_string()/>
            <textarea
                id=answer_id(&task) dir="auto" name="text" rows="1" placeholder=placeholder aria-label=label
                node_ref=input on:keydown=press on:input:target=move |event| typed(event.target().value())
            ></textarea>
            <button class=class title="Ctrl Enter">{label}</button>
        </PlainForm>
    }
}

/// An option of the question as an answer to it.
#[component]
fn Choice(id: ConcernId, task: TaskId, text: String) -> impl IntoView {
    let dispatch = use_dispatch();
    let choice = text.clone();
    let submit = Callback::new(move |_| {
        let answer = Answer::Say(choice.clone());
        dispatch(Msg::Inbox(inbox::Msg::Answered(id.clone(), answer)));
    });
    view! {
        <PlainForm action=Say::url() on_submit=submit>
            <input type="hidden" name="task" value=task.to_string()/>
            <input type="hidden" name="text" value=text.clone()/>
            <button class="button" dir="auto">{text}</button>
        </PlainForm>
    }
}

/// Approves the work.
#[component]
fn ApproveForm(id: ConcernId, task: TaskId) -> impl IntoView {
    let dispatch = use_dispatch();
    let submit = Callback::new(move |_| {
        let approved = inbox::Msg::Answered(id.clone(), Answer::Accept);
        dispatch(Msg::Inbox(approved));
    });
    view! {
        <PlainForm action=Approve::url() on_submit=submit>
            <input type="hidden" name="task" value=task.to_string()/>
            <button class="button-primary">"Approve"</button>
        </PlainForm>
    }
}

/// Runs the parent again, lets what is stuck start anyway, or unlinks it.
#[component]
fn WaysOut(id: ConcernId, dead_ends: Vec<DeadEnd>) -> impl IntoView {
    let dispatch = use_dispatch();
    let answer = move |answer: Answer| {
        let id = id.clone();
        Callback::new(move |_| {
            let said = inbox::Msg::Answered(id.clone(), answer.clone());
            dispatch(Msg::Inbox(said));
        })
    };
    let parent = dead_ends.first().map(|it| it.parent.to_string());
    let parent = parent.unwrap_or_default();
    let run = ["Run ", &parent, " again"].concat();
    let links = || {
        let ends = dead_ends.iter().zip(0..).map(|(link, at)| {
            let name = |end: &str| format!("links[{at}][{end}]");
            let (child, parent) = (link.child.to_string(), link.parent.to_string());
            view! {
                <input type="hidden" name=name("0") value=child/>
                <input type="hidden" name=name("1") value=parent/>
            }
        });
        ends.collect_view()
    };
    let (start, unlink) = (links(), links());
    view! {
        <div class="actions">
            <PlainForm action=MoveTask::url() on_submit=answer(Answer::Retry)>
                <input type="hidden" name="task" value=parent/>
                <input type="hidden" name="to" value="ready"/>
                <button class="button-primary">{run}</button>
            </PlainForm>
            <PlainForm action=LeaveDeadEnd::url() on_submit=answer(Answer::Accept)>
                {start}
                <button class="button">"Start anyway"</button>
            </PlainForm>
            <PlainForm action=LeaveDeadEnd::url() on_submit=answer(Answer::Drop)>
                {unlink}
                <input type="hidden" name="unlink" value="true"/>
                <button class="button">"Unlink"</button>
            </PlainForm>
        </div>
    }
}

/// Takes a landing back.
#[component]
fn TakeBack(id: ConcernId, event: EventId) -> impl IntoView {
    let dispatch = use_dispatch();
    let submit = Callback::new(move |_| {
        dispatch(Msg::Inbox(inbox::Msg::Answered(id.clone(), Answer::Drop)));
    });
    view! {
        <PlainForm action=Undo::url() on_submit=submit>
            <input type="hidden" name="event" value=event.0/>
            <button class="button">"Take it back"</button>
        </PlainForm>
    }
}

/// Takes the proposed result.
#[component]
fn AcceptForm(id: ConcernId, task: TaskId, result: String) -> impl IntoView {
    let dispatch = use_dispatch();
    let submit = Callback::new(move |_| {
        let accepted = inbox::Msg::Answered(id.clone(), Answer::Accept);
        dispatch(Msg::Inbox(accepted));
    });
    view! {
        <PlainForm action=AcceptResult::url() on_submit=submit>
            <input type="hidden" name="task" value=task.to_string()/>
            <input type="hidden" name="result" value=result/>
            <button class="button-primary">"Accept as its result"</button>
        </PlainForm>
    }
}

/// Retries a dead letter, or drops it.
#[component]
fn DeliveryForms(id: ConcernId, delivery: DeliveryId) -> impl IntoView {
    let dispatch = use_dispatch();
    let answer = move |id: ConcernId, answer: Answer| {
        dispatch(Msg::Inbox(inbox::Msg::Answered(id, answer)));
    };
    let same = id.clone();
    let retry = Callback::new(move |_| answer(id.clone(), Answer::Retry));
    let drop = Callback::new(move |_| answer(same.clone(), Answer::Drop));
    view! {
        <div class="actions">
            <PlainForm action=RetryDelivery::url() on_submit=retry>
                <input type="hidden" name="delivery" value=delivery.to_string()/>
                <button class="button-primary">"Try again"</button>
            </PlainForm>
            <PlainForm action=DropDelivery::url() on_submit=drop>
                <input type="hidden" name="delivery" value=delivery.to_string()/>
                <button class="button">"Drop"</button>
            </PlainForm>
        </div>
    }
}

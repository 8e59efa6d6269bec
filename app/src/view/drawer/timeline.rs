//! The history of the task: what was said and what happened, in one row.

use domain::task::Comment;
use leptos::either::Either;
use leptos::prelude::*;
use state::age;
use state::drawer::Html;
use state::drawer::timeline::Entry;

use crate::view::age::Age;
use crate::view::avatar::Avatar;
use crate::view::clock::Clock;

#[component]
pub(crate) fn Timeline(
    entries: Memo<Vec<Entry>>,
    /// The comments as HTML that is safe to show.
    html: Memo<Html>,
    /// The comments that are not in the history yet.
    saying: Memo<Vec<String>>,
    clock: Clock,
) -> impl IntoView {
    view! {
        <section class="timeline" aria-label="Activity">
            <h3 class="visually-hidden">"Activity"</h3>
            <ol role="list">
                {move || entries.get().into_iter().map(|entry| match entry {
                    Entry::Said(comment) => Either::Left(view! { <Said comment html clock/> }),
                    Entry::Happened { text, at, .. } => Either::Right(view! {
                        <li class="event">
                            <span class="what" dir="auto">{text}</span>
                            <Age now=clock.minute since=at in_words=age::ago/>
                        </li>
                    }),
                }).collect_view()}
                {move || saying.get().into_iter().map(|text| view! {
                    <li class="comment" data-pending><p dir="auto">{text}</p></li>
                }).collect_view()}
            </ol>
        </section>
    }
}

#[component]
fn Said(comment: Comment, html: Memo<Html>, clock: Clock) -> impl IntoView {
    // A comment never changes, so its HTML is looked up once.
    let html = html.read_untracked();
    let body = match html.comments.iter().find(|(of, _)| *of == comment.id) {
        Some((_, html)) => {
            Either::Left(view! { <div class="markdown" dir="auto" inner_html=html.clone()></div> })
        }
        None => Either::Right(view! { <p dir="auto">{comment.body}</p> }),
    };
    view! {
        <li class="comment">
            <p class="author">
                <Avatar name=comment.author.clone()/>
                <span dir="auto">{comment.author}</span>
                <Age now=clock.minute since=comment.created_at in_words=age::ago/>
            </p>
            {body}
        </li>
    }
}

//! The log of the task's workers, as it grows.

mod find;
mod follow;

use domain::id::TaskId;
use domain::run::Run;
use leptos::either::Either;
use leptos::html::Div;
use leptos::prelude::*;
use state::drawer::log::{self, Block, Line, Piece};
use state::{drawer, label};

use crate::view::says::{click, effect, flag, memo, truth};
use find::Find;
use follow::Follower;

/// Pixels from the end that still count as the end: less than a line.
const NEAR_THE_END: i32 = 16;

#[component]
pub(crate) fn Log(
    task: TaskId,
    /// The end of the log when the task was read.
    read: Memo<Option<drawer::Log>>,
    /// True while more is to come.
    is_running: Memo<bool>,
    /// The attempts, which the log names too.
    runs: Memo<Vec<Run>>,
) -> impl IntoView {
    let initial = read
        .read_untracked()
        .as_ref()
        .map(|log| log::Log::of(&log.text));
    let printed = RwSignal::new(initial.unwrap_or_default());
    let is_live = RwSignal::new(false);
    let whole = format!("./t/{task}/log");
    listen(task, read, is_running, printed, is_live);

    let words = RwSignal::new(String::new());
    let has_log = memo(move || read.read().is_some() || !printed.read().blocks().is_empty());
    let output = NodeRef::<Div>::new();
    let is_followed = RwSignal::new(true);
    let to_end = move || {
        if let Some(output) = output.get_untracked() {
            output.set_scroll_top(output.scroll_height());
        }
    };
    // The end is followed, until somebody scrolls up to read. That more has come below since is no
    // sign of it: the browser tells of our own scrolling late.
    let place = StoredValue::new(0);
    let scrolled = move |_| {
        if let Some(output) = output.get_untracked() {
            let top = output.scroll_top();
            let below = output.scroll_height() - top - output.client_height();
            if below < NEAR_THE_END {
                is_followed.set(true);
            } else if top < place.get_value() {
                is_followed.set(false);
            }
            place.set_value(top);
        }
    };
    effect(move || {
        printed.track();
        output.track();
        // The text is there only with the next frame.
        request_animation_frame(move || {
            if is_followed.try_get_untracked() == Some(true) {
                to_end();
            }
        });
    });
    let follow = move || {
        is_followed.update(|it| *it = !*it);
        if is_followed.get_untracked() {
            to_end();
        }
    };
    let size = move || match (is_live.get() && is_running.get(), &*read.read()) {
        (true, _) => Some("Live".to_owned()),
        (false, Some(log)) if log.is_truncated => {
            Some(format!("{}, its end shown", label::size(log.size_bytes)))
        }
        (false, Some(log)) => Some(label::size(log.size_bytes)),
        (false, None) => None,
    };
    let path = move || {
        let log = read.read();
        let cut = log.as_ref().filter(|log| log.is_truncated);
        cut.map(|log| log.path.clone())
    };
    view! {
        <Show when=move || has_log.get() fallback=Nothing>
            <section class="log" aria-label="Log">
                <header>
                    <h3 class="visually-hidden">"Log"</h3>
                    <span class="size" data-live=flag(move || is_live.get() && is_running.get())>{size}</span>
                    <Find words printed output is_followed/>
                    <button
                        type="button" class="button needs-script" title="Stay at the end"
                        aria-pressed=truth(move || is_followed.get()) on:click=click(follow)
                    >
                        "Follow"
                    </button>
                    <a class="button" href=whole.clone() target="_blank" rel="external noopener" title="Open the full log">
                        "Open"
                    </a>
                </header>
                // Long lines and many of them: the keyboard must be able to scroll it.
                <div class="output" tabindex="0" role="group" aria-label="Output" node_ref=output on:scroll=scrolled>
                    <For each=move || printed.read().blocks().to_vec() key=Block::key let(block)>
                        <Lines block words runs/>
                    </For>
                </div>
                {move || path().map(|path| view! { <p class="path">"All of it is in "<code>{path}</code></p> })}
            </section>
        </Show>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! { <p class="hint">"Nothing was printed yet."</p> }
}

/// Follows the output while the task runs. What is read later stands in its place.
fn listen(
    task: TaskId,
    read: Memo<Option<drawer::Log>>,
    is_running: Memo<bool>,
    printed: RwSignal<log::Log>,
    is_live: RwSignal<bool>,
) {
    // The effect holds the last one as its value.
    Effect::new(move |last: Option<Option<Follower>>| {
        drop(last);
        let is_running = is_running.get();
        let started = is_running.then(|| Follower::start(&task, printed, is_live));
        started.flatten()
    });
    Effect::new(move |has_run: Option<()>| {
        let read = read.read();
        if has_run.is_some() && !is_running.get() {
            let text = read.as_ref().map_or("", |log| log.text.as_str());
            printed.update(|printed| printed.restart(text));
        }
    });
}

#[component]
fn Lines(block: Block, words: RwSignal<String>, runs: Memo<Vec<Run>>) -> impl IntoView {
    move || {
        let words = words.read();
        let lines = block.lines().map(|line| match line {
            Line::Run(name) => {
                Either::Left(view! { <p class="run">{log::attempt(name, &runs.read())}</p> })
            }
            Line::Text(spans) => {
                let pieces = log::pieces(spans, &words);
                Either::Right(view! { <pre>{pieces.into_iter().map(piece).collect_view()}</pre> })
            }
        });
        lines.collect_view()
    }
}

fn piece(piece: Piece) -> impl IntoView {
    let Piece {
        text,
        style,
        is_found,
    } = piece;
    let classes = style.classes();
    let classes = (!classes.is_empty()).then_some(classes);
    view! { <span class=classes data-found=is_found.then_some("")>{text}</span> }
}

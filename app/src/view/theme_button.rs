//! Goes through the colours: as the system has it, light, dark.

use leptos::prelude::*;
use leptos_meta::Html;
use state::Msg;
use state::visitor::theme::Theme;

use super::icon::{Drawing, Icon};
use crate::runtime::use_dispatch;
use crate::view::says::{click, word};

#[component]
pub(crate) fn ThemeButton(#[prop(into)] theme: Signal<Theme>) -> impl IntoView {
    let dispatch = use_dispatch();
    let title = move || match theme.get() {
        Theme::System => "Colours: as the system has them",
        Theme::Light => "Colours: light",
        Theme::Dark => "Colours: dark",
    };
    let icon = Signal::derive(move || match theme.get() {
        Theme::System => Icon::System,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    });
    view! {
        <Html {..} data-theme=move || theme.get().as_str()/>
        <button
            type="button"
            class="button-quiet needs-script arrange"
            title=word(title)
            aria-label=word(title)
            on:click=click(move || dispatch(Msg::ChoseTheme(theme.get_untracked().next())))
        >
            <Drawing icon=icon/>
        </button>
    }
}

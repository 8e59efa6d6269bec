//! Small drawings, in the colour of the text around them. They are never the only way to say it.

use leptos::prelude::*;

use crate::view::says::word;

#[derive(Clone, Copy)]
pub(crate) enum Icon {
    Plus,
    Close,
    Comment,
    Link,
    Warning,
    System,
    Sun,
    Moon,
    Search,
    More,
    Fold,
    Unfold,
    Question,
    Clock,
    Check,
    Arrow,
    Up,
    Down,
    Figures,
    Density,
    Pencil,
    Leave,
    Inbox,
    Envelope,
    Bell,
}

impl Icon {
    /// The strokes, on a square of sixteen units.
    fn path(self) -> &'static str {
        match self {
            Self::Plus => "M8 3v10M3 8h10",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Comment => "M2.5 3.5h11v7.5h-6l-3 2.5v-2.5h-2z",
            Self::Link => {
                "M7 9a2.5 2.5 0 0 0 3.6 0l2-2a2.5 2.5 0 0 0-3.6-3.6l-.8.8M9 7a2.5 2.5 0 0 0-3.6 0l-2 2a2.5 2.5 0 0 0 3.6 3.6l.8-.8"
            }
            Self::Warning => "M8 2.5l6 11H2zM8 6.5v3.2M8 11.4v.4",
            Self::System => "M2 3.5h12v7.5H2zM5.5 13.5h5M8 11v2.5",
            Self::Sun => {
                "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9"
            }
            Self::Search => "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3l3.2 3.2",
            Self::More => "M3.5 8h.01M8 8h.01M12.5 8h.01",
            Self::Fold => "M6.5 4.5L3 8l3.5 3.5M13 4.5L9.5 8l3.5 3.5",
            Self::Unfold => "M3 4.5L6.5 8 3 11.5M9.5 4.5L13 8l-3.5 3.5",
            Self::Question => {
                "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M6.3 6.3A1.75 1.75 0 1 1 8 8.4v.6M8 11.2v.2"
            }
            Self::Clock => "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2 1.3",
            Self::Check => "M3.5 8.5l3 3 6-7",
            Self::Arrow => "M5 3.5L9.5 8 5 12.5",
            Self::Up => "M3.5 10L8 5.5l4.5 4.5",
            Self::Down => "M3.5 6L8 10.5 12.5 6",
            Self::Figures => "M2.5 13.5h11M4 11V8M8 11V3.5M12 11V6",
            Self::Density => "M3 4h10M3 6.7h10M3 9.3h10M3 12h10",
            Self::Leave => "M9 2.5H3.5v11H9M6.5 8h7M11 5.5L13.5 8 11 10.5",
            Self::Inbox => "M2.5 9.5l1.9-6h7.2l1.9 6v3.5h-11zM2.5 9.5h3.3l.7 1.5h3l.7-1.5h3.3",
            Self::Envelope => "M2.5 4h11v8.5h-11zM2.5 4.5L8 9l5.5-4.5",
            Self::Bell => {
                "M8 2.5a3.8 3.8 0 0 0-3.8 3.8v2.6L3 11h10l-1.2-2.1V6.3A3.8 3.8 0 0 0 8 2.5M6.8 13.2a1.3 1.3 0 0 0 2.4 0"
            }
            Self::Pencil => "M3 13l.6-2.6L10.8 3.2l2 2L5.6 12.4zM9.4 4.6l2 2",
            Self::Moon => "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8 5.6 5.6 0 1 0 13.2 9.6z",
        }
    }
}

#[component]
pub(crate) fn Drawing(#[prop(into)] icon: Signal<Icon>) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=word(move || icon.get().path())/>
        </svg>
    }
}

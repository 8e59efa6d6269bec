//! Signals and handlers without the type of their closure: for each such type there would be a copy
//! of all the code that builds, takes over and updates it.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

/// An attribute that is there or not.
pub(crate) type Flag = Box<dyn FnMut() -> Option<&'static str> + Send>;

/// One of a few words.
pub(crate) type Word = Box<dyn FnMut() -> &'static str + Send>;

/// A text.
pub(crate) type Text = Box<dyn FnMut() -> String + Send>;

/// A click handler.
pub(crate) type Click = Box<dyn FnMut(MouseEvent)>;

/// A value that follows from signals, and from what it was before.
type Following<T> = Box<dyn Fn(Option<&T>) -> T + Send + Sync>;

/// An attribute without a value, such as `data-open`, where this is so.
pub(crate) fn flag(is_so: impl Fn() -> bool + Send + 'static) -> Flag {
    Box::new(move || is_so().then_some(""))
}

/// An attribute that says `true` or `false`, as those of ARIA do.
pub(crate) fn truth(is_so: impl Fn() -> bool + Send + 'static) -> Word {
    word(move || if is_so() { "true" } else { "false" })
}

/// One of a few words, in an attribute or on the page.
pub(crate) fn word(says: impl Fn() -> &'static str + Send + 'static) -> Word {
    Box::new(says)
}

/// A text, in an attribute or on the page.
pub(crate) fn text(says: impl Fn() -> String + Send + 'static) -> Text {
    Box::new(says)
}

/// A click handler that does not ask for the event.
pub(crate) fn click(does: impl Fn() + 'static) -> Click {
    Box::new(move |_| does())
}

/// Runs in browsers now, and again whenever a signal that it reads has changed.
pub(crate) fn effect(does: impl FnMut() + 'static) {
    let does: Box<dyn FnMut()> = Box::new(does);
    Effect::new(does);
}

/// A value that follows from signals. Whoever reads it is woken only when it has changed.
pub(crate) fn memo<T>(says: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    let says: Following<T> = Box::new(move |_| says());
    Memo::new(says)
}

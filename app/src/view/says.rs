//! What changes in an attribute or a text, without the type of the closure that says it: for each
//! such type there would be a copy of all the code that builds, takes over and updates it.

/// An attribute that is there or not.
pub(crate) type Flag = Box<dyn FnMut() -> Option<&'static str> + Send>;

/// A text.
pub(crate) type Text = Box<dyn FnMut() -> String + Send>;

/// An attribute without a value, such as `data-open`, where this is so.
pub(crate) fn flag(is_so: impl Fn() -> bool + Send + 'static) -> Flag {
    Box::new(move || is_so().then_some(""))
}

/// An attribute that says `true` or `false`, as those of ARIA do.
pub(crate) fn truth(is_so: impl Fn() -> bool + Send + 'static) -> Flag {
    Box::new(move || Some(if is_so() { "true" } else { "false" }))
}

/// A text, in an attribute or on the page.
pub(crate) fn text(says: impl Fn() -> String + Send + 'static) -> Text {
    Box::new(says)
}

//! What the workers of the task printed.

use leptos::prelude::*;
use state::drawer;

#[component]
pub(crate) fn Log(log: Memo<Option<drawer::Log>>) -> impl IntoView {
    let has_log = Memo::new(move |_| log.read().is_some());
    let size = move || log.read().as_ref().map(|it| size_in_words(it.size_bytes));
    let cut = move || {
        log.read().as_ref().is_some_and(|it| it.is_truncated).then_some(", its end shown")
    };
    view! {
        <Show when=move || has_log.get()>
            <section class="log" aria-label="Log">
                <h3>"Log " <span class="size">{size}{cut}</span></h3>
                // Long lines and many of them: the keyboard must be able to scroll it.
                <pre tabindex="0">{move || log.get().map(|it| it.text)}</pre>
            </section>
        </Show>
    }
}

fn size_in_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_their_unit() {
        let said = [0, 999, 1_000, 99_999, 12_345_678].map(size_in_words);
        assert_eq!(said, ["0 B", "999 B", "1 kB", "99 kB", "12 MB"]);
    }
}

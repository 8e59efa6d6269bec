//! Scrolls the board while a card is held at an edge of it.

use leptos::prelude::*;
use leptos::web_sys::Element;
use leptos::web_sys::wasm_bindgen::JsCast;

/// The distance from an edge that counts as near, in pixels.
const EDGE: i32 = 48;

/// The most that is scrolled in a frame, in pixels.
const STEP: i32 = 18;

/// Scrolls what lies at the pointer; returns true when anything moved.
pub(super) fn at_edges(x: i32, y: i32) -> bool {
    let across = document().query_selector(".columns").ok().flatten();
    let columns = document().query_selector_all(".column .cards").ok();
    let mut has_moved = false;
    if let Some(across) = across {
        let bounds = Bounds::of(&across);
        let step = step(x, bounds.left, bounds.right);
        let before = across.scroll_left();
        across.set_scroll_left(before + step);
        has_moved |= across.scroll_left() != before;
    }
    let Some(columns) = columns else {
        return has_moved;
    };
    for position in 0..columns.length() {
        let Some(cards) = columns
            .get(position)
            .and_then(|it| it.dyn_into::<Element>().ok())
        else {
            continue;
        };
        let bounds = Bounds::of(&cards);
        if x < bounds.left || x > bounds.right {
            continue;
        }
        let step = step(y, bounds.top, bounds.bottom);
        let before = cards.scroll_top();
        cards.set_scroll_top(before + step);
        has_moved |= cards.scroll_top() != before;
    }
    has_moved
}

struct Bounds {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

impl Bounds {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        reason = "coordinates on a screen are small, and whole pixels are enough"
    )]
    fn of(element: &Element) -> Self {
        let bounds = element.get_bounding_client_rect();
        Self {
            left: bounds.left() as i32,
            right: bounds.right() as i32,
            top: bounds.top() as i32,
            bottom: bounds.bottom() as i32,
        }
    }
}

/// The nearer to the edge, the faster; not at all where there is no room for two edges.
fn step(at: i32, start: i32, end: i32) -> i32 {
    if end - start < 3 * EDGE {
        return 0;
    }
    let before = (start + EDGE - at).clamp(0, EDGE);
    let behind = (at - (end - EDGE)).clamp(0, EDGE);
    (behind - before) * STEP / EDGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_scrolls_faster_the_nearer_the_edge_and_not_in_between() {
        assert_eq!(step(500, 0, 1_000), 0);
        assert_eq!(step(1_000, 0, 1_000), STEP);
        assert_eq!(step(976, 0, 1_000), STEP / 2);
        assert_eq!(step(0, 0, 1_000), -STEP);
        assert_eq!(step(10, 0, 100), 0, "there is no middle to rest in");
    }
}

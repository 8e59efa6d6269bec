//! The looks of a drag: a picture of the card that follows the pointer, and marks on the board.

use domain::id::TaskId;
use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlElement};

use crate::view::card::card_id;

/// On the cards that are dragged.
const DRAGGED: &str = "data-dragged";
/// On the column under the pointer: `yes` or `no`.
const DROP: &str = "data-drop";
/// On the card below which the dragged one would hang, or on the column for its top.
const LANDING: &str = "data-landing";
/// On the whole page, while anything is dragged.
const DRAGGING: &str = "data-dragging";

/// A picture of the card that is dragged.
pub(super) struct Ghost {
    picture: HtmlElement,
    originals: Vec<Element>,
    /// From the pointer to the corner of the picture.
    offset: (i32, i32),
}

impl Ghost {
    /// Lifts a card at a point, with others that go along.
    pub(super) fn of(card: &Element, x: i32, y: i32, others: &[TaskId]) -> Option<Self> {
        let bounds = card.get_bounding_client_rect();
        let picture = card.clone_node_with_deep(true).ok()?;
        let picture = picture.dyn_into::<HtmlElement>().ok()?;
        for link in ["a", "input", "button"] {
            // What cannot be had twice on a page: names, and the keyboard.
            while let Ok(Some(part)) = picture.query_selector(&format!("{link}[id], {link}[name]"))
            {
                drop(part.remove_attribute("id"));
                drop(part.remove_attribute("name"));
            }
        }
        set(&picture, "class", "card drag-ghost");
        set(&picture, "aria-hidden", "true");
        set(&picture, "inert", "");
        if others.len() > 1 {
            set(&picture, "data-count", &others.len().to_string());
        }
        drop(
            picture
                .style()
                .set_property("width", &format!("{}px", whole(bounds.width()))),
        );
        document().body()?.append_child(&picture).ok()?;

        let originals: Vec<Element> = others
            .iter()
            .filter_map(|task| document().get_element_by_id(&card_id(task)))
            .filter_map(|link| link.closest(".card").ok().flatten())
            .chain([card.clone()])
            .collect();
        for original in &originals {
            set(original, DRAGGED, "");
        }
        if let Some(page) = document().document_element() {
            set(&page, DRAGGING, "");
        }
        let ghost = Self {
            picture,
            originals,
            offset: (whole(bounds.x()) - x, whole(bounds.y()) - y),
        };
        ghost.follow(x, y);
        Some(ghost)
    }

    /// Moves with the pointer, without any layout.
    pub(super) fn follow(&self, x: i32, y: i32) {
        let (left, top) = (x + self.offset.0, y + self.offset.1);
        let translate = format!("{left}px {top}px");
        drop(self.picture.style().set_property("translate", &translate));
    }

    /// Shows the reason why the card cannot be let go here.
    pub(super) fn explain(&self, problem: Option<&str>) {
        match problem {
            Some(problem) => set(&self.picture, "data-problem", problem),
            None => drop(self.picture.remove_attribute("data-problem")),
        }
    }

    /// Leaves no trace.
    pub(super) fn vanish(self) {
        self.picture.remove();
        for original in self.originals {
            drop(original.remove_attribute(DRAGGED));
        }
        if let Some(page) = document().document_element() {
            drop(page.remove_attribute(DRAGGING));
        }
    }
}

/// Pixels as whole ones: to write fractions takes more code than all of dragging.
#[expect(
    clippy::cast_possible_truncation,
    clippy::as_conversions,
    reason = "coordinates on a screen are small"
)]
fn whole(pixels: f64) -> i32 {
    pixels.round() as i32
}

/// Marks a column as the one under the pointer, and where the card would hang. Returns why it cannot.
pub(super) fn mark(column: &Element, landing: Result<Option<TaskId>, String>) -> Option<String> {
    match landing {
        Ok(above) => {
            set(column, DROP, "yes");
            let link = above.and_then(|task| document().get_element_by_id(&card_id(&task)));
            let card = link.and_then(|link| link.closest(".card").ok().flatten());
            set(card.as_ref().unwrap_or(column), LANDING, "");
            None
        }
        Err(problem) => {
            set(column, DROP, "no");
            Some(problem)
        }
    }
}

/// Takes the marks of a column away.
pub(super) fn unmark(column: &Element) {
    drop(column.remove_attribute(DROP));
    drop(column.remove_attribute(LANDING));
    if let Ok(Some(card)) = column.query_selector(&format!("[{LANDING}]")) {
        drop(card.remove_attribute(LANDING));
    }
}

/// Attributes of these names are always valid, and that is all that can fail.
fn set(element: &Element, name: &str, value: &str) {
    drop(element.set_attribute(name, value));
}

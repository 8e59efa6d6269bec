//! The layout of the board on this person's screen. It is remembered, and not part of a link.

use domain::status::Status;
use serde::{Deserialize, Serialize};

/// The cookie that keeps the layout, so that the server renders the right one at once. Cookies do
/// not know ports, so the name must differ from those of other programs on this machine.
pub const COOKIE: &str = "kanban_layout";

const COMPACT: &str = "compact";
const FIGURES: &str = "figures";

/// The layout of the board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The names of the columns that are folded to their head, in order.
    folded: Vec<String>,
    /// True when cards are drawn closer.
    pub is_compact: bool,
    /// True when the strip of figures is shown.
    pub has_figures: bool,
}

/// A person's change of the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// Folded a column, or opened it again.
    Folded(Status),
    /// Wants cards closer, or not.
    ToggledDensity,
    /// Wants the figures, or not.
    ToggledFigures,
}

impl Layout {
    /// Returns true when a column is folded to its head.
    pub fn is_folded(&self, column: &Status) -> bool {
        self.place(column).is_ok()
    }

    /// Reads what [`Layout::cookie`] wrote; what it does not know is left out.
    pub fn from_cookie(text: &str) -> Self {
        let mut layout = Self::default();
        for word in text.split('.') {
            match word {
                COMPACT => layout.is_compact = true,
                FIGURES => layout.has_figures = true,
                name => {
                    if let Some(column) = Status::from_name(name) {
                        layout.fold(&column);
                    }
                }
            }
        }
        layout
    }

    /// Words between dots, which a cookie may hold as they are.
    pub fn cookie(&self) -> String {
        let mut words: Vec<&str> = self.folded.iter().map(String::as_str).collect();
        words.extend(self.is_compact.then_some(COMPACT));
        words.extend(self.has_figures.then_some(FIGURES));
        words.join(".")
    }

    fn fold(&mut self, column: &Status) {
        if let Err(place) = self.place(column) {
            self.folded.insert(place, column.as_str().to_owned());
        }
    }

    /// The index of a column's name among those that are folded, or would be.
    fn place(&self, column: &Status) -> Result<usize, usize> {
        let name = column.as_str();
        self.folded.binary_search_by(|it| it.as_str().cmp(name))
    }
}

/// Takes in what a person did.
pub fn update(layout: &mut Layout, msg: &Msg) {
    match msg {
        Msg::Folded(column) => match layout.place(column) {
            Ok(place) => drop(layout.folded.remove(place)),
            Err(_) => layout.fold(column),
        },
        Msg::ToggledDensity => layout.is_compact = !layout.is_compact,
        Msg::ToggledFigures => layout.has_figures = !layout.has_figures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_reads_back_from_its_cookie() {
        let mut layout = Layout::default();
        assert_eq!(Layout::from_cookie(&layout.cookie()), layout);
        for msg in [
            Msg::Folded(Status::Triage),
            Msg::Folded(Status::Done),
            Msg::ToggledDensity,
            Msg::ToggledFigures,
        ] {
            update(&mut layout, &msg);
            assert_eq!(Layout::from_cookie(&layout.cookie()), layout);
        }
        assert_eq!(layout.cookie(), "done.triage.compact.figures");
    }

    #[test]
    fn folding_twice_opens_again() {
        let mut layout = Layout::default();
        update(&mut layout, &Msg::Folded(Status::Done));
        assert!(layout.is_folded(&Status::Done));
        assert!(!layout.is_folded(&Status::Ready));
        update(&mut layout, &Msg::Folded(Status::Done));
        assert_eq!(layout, Layout::default());
    }

    #[test]
    fn a_cookie_of_another_version_is_read_as_far_as_it_goes() {
        let layout = Layout::from_cookie("waiting.done..wide");
        assert!(layout.is_folded(&Status::Done));
        assert_eq!(layout.cookie(), "done");
    }
}

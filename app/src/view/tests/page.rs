//! The frame of the board: the head, the palette, the bar of chosen cards, the notices in a corner.

use domain::error::ErrorKind;
use state::board::selection;
use state::palette::{self, Page};
use state::refusal::Refusal;
use state::{Msg, keys};

use super::*;
use crate::view::bulk_bar::BulkBar;
use crate::view::header::Header;
use crate::view::help::Help;
use crate::view::notices::Notices;
use crate::view::palette::Palette;

#[test]
fn the_head_filters_shows_how_it_goes_and_lets_one_out() {
    let mut task = summary(1);
    task.tenant = Some("acme".to_owned());
    let page = html(opening([task]), |_, shown| view! { <Header shown/> });
    has(
        &page,
        &[
            "Dispatcher off",
            "<option value=\"=acme\"",
            "<option value=\"=shell\"",
            "Mine",
            "action=\"./logout\"",
            "Not live",
            "New task",
        ],
    );
}

#[test]
fn the_chip_of_ones_own_tasks_is_on_when_only_those_are_shown() {
    let pressed = |query: &str| {
        let opening = Opening {
            address: Address::from_url("/", query, state::board::filter::Filter::default()),
            me: Some("ada".to_owned()),
            ..opening([summary(1)])
        };
        let page = html(opening, |_, shown| view! { <Header shown/> });
        let chip = page
            .split("Only the tasks of ada")
            .nth(1)
            .map(ToOwned::to_owned);
        chip.is_some_and(|chip| {
            chip.split('>')
                .next()
                .is_some_and(|it| it.contains("\"true\""))
        })
    };
    assert!(pressed("?assignee=ada"));
    assert!(!pressed("?assignee=bob"));
    assert!(!pressed(""));
}

#[test]
fn the_bar_of_chosen_cards_is_there_once_there_are_any() {
    let bar = |chosen: &[u32]| {
        html(opening([summary(1), summary(2)]), |runtime, shown| {
            for number in chosen {
                let toggled = selection::Msg::Toggled(id(*number));
                runtime.dispatch(Msg::Selection(toggled));
            }
            view! { <BulkBar shown/> }
        })
    };
    has(
        &bar(&[1, 2]),
        &["2 chosen", "Archive", "Priority…", "Clear the choice"],
    );
    has_not(&bar(&[]), &["chosen"]);
}

#[test]
fn the_palette_marks_one_answer_and_says_why_others_are_not_to_be_had() {
    let page = html(opening([summary(1)]), |runtime, shown| {
        let opened = palette::Msg::Opened(Page::Move, vec![id(1)]);
        runtime.dispatch(Msg::Palette(opened));
        view! { <Palette shown/> }
    });
    has(
        &page,
        &[
            "role=\"combobox\"",
            "aria-activedescendant=\"answer-0\"",
            "Task 1",
            "aria-disabled=\"true\"",
            "Only a worker that takes a task starts it",
        ],
    );
    assert_eq!(page.matches("aria-selected=\"true\"").count(), 1);
}

#[test]
fn the_help_lists_every_key() {
    let page = html(opening([]), |runtime, shown| {
        runtime.dispatch(Msg::Wanted(keys::Action::Help));
        view! { <Help shown/> }
    });
    assert!(page.matches("<dt>").count() >= keys::TABLE.len());
}

#[test]
fn a_refused_form_says_why_in_a_corner() {
    let opening = Opening {
        problem: Some(Refusal::new(
            ErrorKind::Busy,
            "Not done: the server is busy.".to_owned(),
        )),
        ..opening([])
    };
    let page = html(opening, |_, shown| view! { <Notices shown/> });
    has(&page, &["role=\"alert\"", "Not done: the server is busy."]);
}

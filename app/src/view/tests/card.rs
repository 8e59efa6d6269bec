//! Cards and the columns that they hang in.

use domain::check::Verdict;
use domain::time::Seconds;

use super::*;
use crate::view::board::Board;

fn board(tasks: impl IntoIterator<Item = TaskSummary>) -> String {
    html(opening(tasks), |_, shown| view! { <Board shown/> })
}

/// The part of the page that is the column of this name.
fn column<'a>(html: &'a str, name: &str) -> &'a str {
    let start = html.find(&format!("data-status=\"{name}\" aria-label"));
    let column = html
        .get(start.expect("no such column")..)
        .unwrap_or_default();
    column.split("</section>").next().unwrap_or_default()
}

#[test]
fn a_card_says_what_it_is_about_and_leads_to_its_task() {
    let mut task = summary(1);
    task.priority = 2;
    task.tenant = Some("acme".to_owned());
    task.children = 3;
    task.children_done = 1;
    task.comments = 1;
    let page = board([task]);
    let card = column(&page, "ready");
    has(
        card,
        &[
            "href=\"./t/t_00000001\"",
            "Task 1",
            ">P2<",
            ">1/3<",
            "acme",
            "1 comment",
            "Choose “Task 1”",
        ],
    );
}

#[test]
fn a_card_says_which_of_both_was_skipped() {
    let done = |id, verdict| {
        let mut task = summary(id);
        task.status = Status::Done;
        task.checked = Some(verdict);
        task
    };
    let page = board([done(1, Verdict::Unchecked)]);
    has(&page, &["Finished without its check"]);
    let page = board([done(1, Verdict::Unreviewed)]);
    has(&page, &["Finished without its review"]);
}

#[test]
fn what_is_zero_is_not_said() {
    let page = board([summary(1)]);
    has_not(
        column(&page, "ready"),
        &["P0", "0/0", "0 comments", "0 parents"],
    );
}

#[test]
fn a_title_is_text_and_never_markup() {
    let mut task = summary(1);
    task.title = "<img src=x onerror=alert(1)>\"'".to_owned();
    has_not(&board([task]), &["<img"]);
}

#[test]
fn a_blocked_card_asks_its_question() {
    let mut task = summary(1);
    task.status = Status::Blocked;
    task.block_reason = Some("Which port?".to_owned());
    let page = board([task]);
    let card = column(&page, "blocked");
    has(card, &["Which port?", "data-tone=\"question\""]);
}

#[test]
fn a_card_that_waits_for_too_long_is_marked() {
    let mut task = summary(1);
    task.status_since = NOW - Seconds(90_000);
    has(column(&board([task]), "ready"), &["data-stale=\"red\""]);
    has_not(column(&board([summary(1)]), "ready"), &["data-stale"]);
}

#[test]
fn a_ready_card_without_anybody_says_so() {
    let mut task = summary(1);
    task.assignee = None;
    has(column(&board([task]), "ready"), &["Unassigned", "assignee"]);
}

#[test]
fn a_column_counts_all_of_its_cards_and_shows_the_first_hundred() {
    let page = board((1..=130).map(summary));
    let ready = column(&page, "ready");
    assert_eq!(ready.matches("class=\"card\"").count(), 100);
    has(ready, &[">130<", "Show more, 30 are left"]);
}

#[test]
fn an_empty_column_says_what_belongs_there() {
    let page = board([summary(1)]);
    has(column(&page, "triage"), &["class=\"hint\""]);
    has_not(column(&page, "ready"), &["class=\"hint\""]);
}

#[test]
fn running_cards_hang_under_the_names_of_those_who_work_on_them() {
    let tasks = ["ada", "bob"]
        .into_iter()
        .zip(1..)
        .map(|(name, number)| TaskSummary {
            assignee: Some(name.to_owned()),
            status: Status::Running,
            ..summary(number)
        });
    let page = board(tasks);
    assert_eq!(
        column(&page, "running").matches("class=\"lane\"").count(),
        2
    );
}

#[test]
fn a_board_without_tasks_says_how_to_begin() {
    has(&board([]), &["Nothing to do yet", "Fill with the sample"]);
    has_not(&board([summary(1)]), &["Nothing to do yet"]);
}

#[test]
fn what_needs_scripts_is_not_offered_without_them() {
    let page = board([summary(1)]);
    for act in ["choose", "menu"] {
        let mut tags = page.split('<');
        let tag = tags.find(|tag| tag.contains(&format!("data-act=\"{act}\"")));
        has(tag.unwrap_or_default(), &["needs-script"]);
    }
}

#[test]
fn what_people_wrote_runs_in_the_direction_of_its_letters() {
    let mut task = summary(1);
    task.title = "\u{5e9}\u{5dc}\u{5d5}\u{5dd}".to_owned();
    task.tenant = Some("\u{645}\u{62f}\u{6cc}\u{631}".to_owned());
    task.assignee = Some("\u{5d3}\u{5e0}\u{5d4}".to_owned());
    task.status = Status::Blocked;
    task.block_reason = Some("\u{5de}\u{5d4}?".to_owned());
    let page = board([task.clone()]);
    let texts = [
        Some(task.title),
        task.tenant,
        task.assignee,
        task.block_reason,
    ];
    for text in texts.into_iter().flatten() {
        let shown = format!(">{text}<");
        let at = page
            .rfind(&shown)
            .unwrap_or_else(|| panic!("no {text} in {page}"));
        let before = &page[..at];
        let around = &before[before.rfind("dir=\"auto\"").unwrap_or(0)..];
        assert!(
            around.matches('<').count() <= 3,
            "{text} has no direction of its own: {around}"
        );
        assert!(before.contains("dir=\"auto\""), "{text}");
    }
}

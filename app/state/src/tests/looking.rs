//! Searches, and the layout of the board.

use domain::dispatch::{Dispatch, Report, Slot, UnrecoverableRun};
use domain::fixture::{dispatch, report};
use domain::id::RunId;

use super::*;
use crate::board::filter::{self, Whose};
use crate::board::staleness::Staleness;
use crate::shown::Row;
use crate::visitor::layout;

fn typed(text: &str) -> Msg {
    Msg::Filter(filter::Msg::Typed(text.to_owned()))
}

#[test]
fn a_search_hides_what_does_not_match_and_is_kept_in_the_address() {
    let (mut model, _) = live([summary(1), summary(2)]);
    let effects = update(&mut model, typed("task 2"));
    let shown = project(&model);
    assert_eq!(cards(&shown.columns.ready), [id(2)]);
    assert_eq!(
        (shown.columns.ready.matching, shown.columns.ready.total),
        (1, 2)
    );
    let [Effect::KeepAddress(address), Effect::Search(words)] = &effects[..] else {
        panic!("not kept in {effects:?}");
    };
    assert_eq!(address.url(), "/?q=task+2");
    assert_eq!(words, "task 2");
}

#[test]
fn a_search_shows_what_only_the_server_can_see() {
    let (mut model, _) = live([summary(1), summary(2)]);
    update(&mut model, typed("deep inside"));
    assert_eq!(project(&model).cards, []);
    update(&mut model, Msg::Found(Ok(vec![id(2)])));
    assert_eq!(cards(&project(&model).columns.ready), [id(2)]);
    update(&mut model, Msg::Filter(filter::Msg::Cleared));
    assert_eq!(cards(&project(&model).columns.ready), [id(1), id(2)]);
}

#[test]
fn the_socket_says_how_the_dispatcher_does() {
    let (mut model, socket) = live([with_status(1, Status::Running)]);
    let heard = Pulse {
        output: [(id(1), "half done".to_owned())].into(),
        ..Pulse::default()
    };
    update(&mut model, Msg::Heard(socket, heard));
    assert_eq!(
        project(&model).cards[0].output.as_deref(),
        Some("half done")
    );
}

#[test]
fn a_board_that_the_filter_empties_is_not_empty() {
    let (mut model, _) = live([summary(1)]);
    update(&mut model, typed("no such card"));
    let shown = project(&model);
    assert!(!shown.is_empty);
    assert_eq!(shown.cards, []);
}

#[test]
fn opening_and_leaving_a_task_keeps_the_filter() {
    let (mut model, _) = live([summary(1)]);
    update(&mut model, typed("task"));
    let effects = update(&mut model, Msg::OpenedTask(id(1)));
    let [Effect::Visit(address)] = &effects[..] else {
        panic!("not visited in {effects:?}");
    };
    assert_eq!(address.url(), "/t/t_00000001?q=task");
    update(&mut model, Msg::Visited(address.clone()));
    let effects = update(&mut model, Msg::LeftTask);
    assert!(matches!(&effects[..], [Effect::Visit(address)] if address.url() == "/?q=task"));
}

#[test]
fn the_archive_is_read_when_it_is_wanted_first() {
    let (mut model, _) = live([summary(1)]);
    let toggle = || Msg::Filter(filter::Msg::ToggledArchived);
    let effects = update(&mut model, toggle());
    assert!(effects.contains(&Effect::ReadBoard));

    let read = Msg::ReadBoard {
        result: Ok(snapshot([summary(1), with_status(2, Status::Archived)])),
        has_archive: true,
    };
    update(&mut model, read);
    assert_eq!(cards(&project(&model).columns.archived), [id(2)]);

    update(&mut model, toggle());
    assert_eq!(cards(&project(&model).columns.archived), []);
    assert!(!update(&mut model, toggle()).contains(&Effect::ReadBoard));
}

#[test]
fn running_tasks_hang_under_the_names_of_those_who_work_on_them() {
    let of = |number, name: Option<&str>| {
        let mut task = with_status(number, Status::Running);
        task.assignee = name.map(ToOwned::to_owned);
        task
    };
    let lane = |name: Option<&str>| Row::Lane(name.map(ToOwned::to_owned));
    let card = |number| Row::Card(id(number));
    let (mut model, _) = live([
        of(1, None),
        of(2, Some("b")),
        of(3, Some("a")),
        of(4, Some("b")),
    ]);
    assert_eq!(
        project(&model).columns.running.rows,
        [
            lane(Some("a")),
            card(3),
            lane(Some("b")),
            card(2),
            card(4),
            lane(None),
            card(1)
        ]
    );
    update(&mut model, Msg::Filter(filter::Msg::ToggledLanes));
    assert_eq!(project(&model).columns.running.rows, [1, 2, 3, 4].map(card));

    let (alone, _) = live([of(1, Some("a")), of(2, Some("a"))]);
    assert_eq!(project(&alone).columns.running.rows, [1, 2].map(card));
}

#[test]
fn a_long_column_shows_more_on_demand() {
    let (mut model, _) = live((1..=120).map(summary));
    let shown = project(&model);
    assert_eq!(shown.columns.ready.cards().count(), 100);
    assert_eq!(shown.columns.ready.hidden(), 20);
    assert_eq!(shown.cards.len(), 100);

    update(&mut model, Msg::WantedMore(Status::Ready));
    let ready = project(&model).columns.ready;
    assert_eq!(
        (ready.cards().count(), ready.hidden(), ready.total),
        (120, 0, 120)
    );
}

#[test]
fn what_was_finished_last_hangs_on_top_and_fifty_of_it() {
    let (model, _) = live((1..=60).map(|number| {
        let mut task = with_status(number, Status::Done);
        task.status_since = NOW + Seconds(i64::from(number));
        task
    }));
    let done = project(&model).columns.done;
    assert_eq!(done.cards().next(), Some(&id(60)));
    assert_eq!((done.cards().count(), done.hidden()), (50, 10));
}

#[test]
fn a_layout_is_remembered() {
    let (mut model, _) = live([]);
    assert_eq!(project(&model).figures, None);
    let effects = update(&mut model, Msg::Layout(layout::Msg::ToggledFigures));
    assert!(matches!(&effects[..], [Effect::KeepLayout(layout)] if layout.has_figures));
    assert!(project(&model).figures.is_some());
}

#[test]
fn cards_say_what_keeps_them() {
    let mut nobodys = summary(1);
    nobodys.assignee = None;
    let mut asks = with_status(2, Status::Blocked);
    asks.block_reason = Some("which port?".to_owned());
    let mut waits = with_status(3, Status::Todo);
    waits.waiting = true;
    waits.parents = 1;
    let mut overtaken = with_status(4, Status::Running);
    overtaken.waiting = true;
    let aside = with_status(5, Status::Todo);
    let mut pushed = summary(6);
    (pushed.waiting, pushed.parents) = (true, 2);
    let cards = project(&page([nobodys, asks, waits, overtaken, aside, pushed])).cards;

    assert_eq!(
        cards[0].why_not.as_deref(),
        Some("Needs an assignee before it can start")
    );
    assert_eq!(cards[1].question.as_deref(), Some("which port?"));
    assert_eq!(cards[2].why_not.as_deref(), Some("Waits for another task"));
    assert!(cards[3].is_overtaken);
    assert_eq!(cards[4].why_not, None, "somebody put it there");
    assert_eq!(cards[5].why_not.as_deref(), Some("Waits for other tasks"));
}

#[test]
fn a_card_whose_run_is_stuck_says_so_though_it_counts_as_running() {
    let running = |number| with_status(number, Status::Running);
    let mut model = page([running(1), running(2)]);
    let slot = Slot {
        task: id(1),
        lane: None,
    };
    let unrecoverable_runs = UnrecoverableRun {
        run: RunId(7),
        slot,
        error: "cannot read exit.json".to_owned(),
    };
    let report = Report {
        unrecoverable_runs: vec![unrecoverable_runs],
        ..report()
    };
    let dispatch = Dispatch {
        report: Some(report),
        ..dispatch()
    };
    let pulse = Pulse {
        dispatch,
        ..Pulse::default()
    };
    update(&mut model, Msg::ReadPulse(Ok(pulse)));
    let cards = project(&model).cards;
    assert_eq!(
        cards[0].why_not.as_deref(),
        Some("Its last run cannot be recovered: cannot read exit.json")
    );
    assert_eq!(cards[1].why_not, None);
}

#[test]
fn a_card_grows_stale_while_the_page_is_open() {
    let (mut model, _) = live([summary(1)]);
    let staleness = |model: &Model| project(model).cards[0].staleness;
    assert_eq!(staleness(&model), Staleness::Fresh);
    update(&mut model, Msg::Ticked(NOW + Seconds(3_600)));
    assert_eq!(staleness(&model), Staleness::Amber);
}

#[test]
fn a_failed_attempt_is_told_until_the_task_is_done() {
    let mut failed = summary(1);
    failed.failures = 2;
    failed.last_error = Some("exit 3".to_owned());
    let trouble = |task| project(&page([task])).cards[0].trouble.clone();
    assert_eq!(trouble(failed.clone()).as_deref(), Some("exit 3"));
    failed.status = Status::Done;
    assert_eq!(trouble(failed), None);
}

#[test]
fn another_build_of_the_server_is_noticed() {
    let (mut model, _) = live([]);
    let pulse = |build: &str| Pulse {
        build: build.to_owned(),
        ..Pulse::default()
    };
    update(&mut model, Msg::ReadPulse(Ok(pulse(""))));
    assert!(!project(&model).is_outdated);
    update(&mut model, Msg::ReadPulse(Ok(pulse("another"))));
    assert!(project(&model).is_outdated);
}

#[test]
fn the_dispatcher_is_asked_only_while_the_server_is_there() {
    let (mut model, _) = live([summary(1)]);
    let later = NOW + Seconds(5);
    assert_eq!(update(&mut model, Msg::Ticked(later)), [Effect::ReadPulse]);
    update(&mut model, Msg::ReadPulse(Ok(Pulse::default())));
    let effects = update(&mut model, Msg::Ticked(NOW + Seconds(30)));
    assert!(!effects.contains(&Effect::ReadPulse), "{effects:?}");
}

#[test]
fn tenants_and_nobody_can_be_chosen() {
    let mut task = summary(1);
    task.tenant = Some("acme".to_owned());
    task.assignee = None;
    let (mut model, _) = live([task, summary(2)]);
    assert_eq!(project(&model).tenants, ["acme"]);
    let whose = filter::Msg::ChoseAssignee(Some(Whose::Nobodys));
    update(&mut model, Msg::Filter(whose));
    assert_eq!(cards(&project(&model).columns.ready), [id(1)]);
}

#[test]
fn whoever_is_not_known_is_asked_for_a_name_and_then_sees_their_own_tasks() {
    let mut theirs = summary(1);
    theirs.assignee = Some("ada".to_owned());
    let (mut model, _) = live([theirs, summary(2)]);
    assert_eq!(update(&mut model, Msg::ToggledMine), []);
    let asked = project(&model).palette.map(|palette| palette.items);
    let names: Vec<_> = asked.into_iter().flatten().map(|item| item.label).collect();
    assert_eq!(names, ["ada", "shell"]);

    let effects = update(&mut model, Msg::Introduced("ada".to_owned()));
    assert!(effects.contains(&Effect::KeepMe("ada".to_owned())));
    assert_eq!(project(&model).me.as_deref(), Some("ada"));
    assert_eq!(cards(&project(&model).columns.ready), [id(1)]);

    update(&mut model, Msg::ToggledMine);
    assert_eq!(cards(&project(&model).columns.ready), [id(1), id(2)]);
    update(&mut model, Msg::ToggledMine);
    assert_eq!(cards(&project(&model).columns.ready), [id(1)]);
}

#[test]
fn what_is_usual_on_a_board_stands_in_no_address() {
    let usual = filter::Filter {
        tenant: Some("acme".to_owned()),
        ..filter::Filter::default()
    };
    let mut model = page([summary(1)]);
    update(&mut model, Msg::Visited(Address::from_url("/", "", usual)));
    assert_eq!(project(&model).cards, []);
    assert_eq!(model.address_of("/", ""), project(&model).address);

    let effects = update(&mut model, Msg::Filter(filter::Msg::Cleared));
    assert!(matches!(&effects[..], [Effect::KeepAddress(address)] if address.url() == "/?tenant="));
    assert_eq!(project(&model).cards.len(), 1);
}

#[test]
fn from_the_search_one_goes_to_the_first_card_that_was_found() {
    let (mut model, _) = live([summary(1), with_status(2, Status::Done)]);
    let went = |model: &mut Model| update(model, Msg::WentToCards);
    assert_eq!(went(&mut model), [Effect::FocusCard(id(1))]);
    let typed = filter::Msg::Typed("task 2".to_owned());
    update(&mut model, Msg::Filter(typed));
    assert_eq!(went(&mut model), [Effect::FocusCard(id(2))]);
    let typed = filter::Msg::Typed("nothing".to_owned());
    update(&mut model, Msg::Filter(typed));
    assert_eq!(went(&mut model), []);
}

#[test]
fn what_was_copied_is_said() {
    let (mut model, _) = live([summary(1)]);
    for (is_copied, said) in [(true, "Copied t_00000001"), (false, "did not let")] {
        update(&mut model, Msg::Copied(id(1).to_string(), is_copied));
        let notices = project(&model).notices;
        assert!(notices.last().is_some_and(|it| it.text.contains(said)));
    }
}

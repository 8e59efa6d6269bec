//! Requests of a person, up to their answers.

use super::*;

#[test]
fn a_new_task_is_shown_at_once_and_exactly_once() {
    let (mut model, socket) = live([]);
    assert!(project(&model).is_empty);

    let ticket = ask(&mut model, Request::Create(form("Task 1")));
    let shown = project(&model);
    assert_eq!(shown.drafts[0].title, "Task 1");
    assert_eq!(shown.drafts[0].status, Status::Ready);
    assert!(!shown.is_empty);

    answer(&mut model, ticket, Ok(8));
    assert_eq!(
        project(&model).drafts.len(),
        1,
        "gone before its card is there"
    );

    update(&mut model, Msg::Received(socket, frame(8, [summary(1)])));
    let shown = project(&model);
    assert_eq!(shown.drafts, []);
    assert_eq!(cards(&shown.columns.ready), [id(1)]);
}

#[test]
fn a_frame_before_the_answer_shows_a_new_task_once_too() {
    let (mut model, socket) = live([]);
    let ticket = ask(&mut model, Request::Create(form("Task 1")));
    update(&mut model, Msg::Received(socket, frame(8, [summary(1)])));
    assert_eq!(project(&model).drafts, []);
    answer(&mut model, ticket, Ok(8));
    assert_eq!(project(&model).cards.len(), 1);
}

#[test]
fn a_refused_form_comes_back_as_it_was_filled_in() {
    let (mut model, _) = live([]);
    let ticket = ask(&mut model, Request::Create(form("Task 1")));
    answer(&mut model, ticket, Err(refusal()));

    let shown = project(&model);
    assert_eq!(shown.drafts, []);
    assert_eq!(
        shown.create.refused,
        Some(Refused {
            form: form("Task 1"),
            refusal: refusal()
        })
    );

    ask(&mut model, Request::Create(form("Task 1")));
    assert_eq!(project(&model).create.refused, None);
}

#[test]
fn a_form_opened_from_triage_makes_an_idea_once() {
    let (mut model, _) = live([]);
    update(
        &mut model,
        Msg::Create(create::Msg::OpenedFrom(Status::Triage)),
    );
    assert!(project(&model).create.triage);
    ask(&mut model, Request::Create(form("Task 1")));
    assert!(!project(&model).create.triage);
}

#[test]
fn a_move_is_shown_at_once_and_taken_back_when_refused() {
    let (mut model, _) = live([with_status(1, Status::Todo)]);
    let ticket = ask(&mut model, move_of(1, Status::Ready));
    let shown = project(&model);
    assert_eq!(cards(&shown.columns.ready), [id(1)]);
    assert!(shown.cards[0].is_pending);

    answer(&mut model, ticket, Err(refusal()));
    let shown = project(&model);
    assert_eq!(status_on_page(&shown, 1), Some(&Status::Todo));
    assert!(!shown.cards[0].is_pending);
    assert_eq!(shown.notices[0].text, why(&model));
}

#[test]
fn a_granted_move_does_not_jump_back_before_its_event() {
    let (mut model, socket) = live([with_status(1, Status::Todo)]);
    let ticket = ask(&mut model, move_of(1, Status::Ready));
    answer(&mut model, ticket, Ok(8));
    assert_eq!(cards(&project(&model).columns.ready), [id(1)]);

    update(
        &mut model,
        Msg::Received(socket, frame(8, [with_status(1, Status::Ready)])),
    );
    let shown = project(&model);
    assert_eq!(cards(&shown.columns.ready), [id(1)]);
    assert!(!shown.cards[0].is_pending);
}

#[test]
fn a_comment_is_shown_at_once_and_never_twice() {
    let (mut model, _) = live([summary(1)]);
    open(&mut model, 1);
    let request = Request::Comment {
        task: id(1),
        body: "Why?".to_owned(),
    };
    let ticket = ask(&mut model, request);
    answer(&mut model, ticket, Ok(8));
    let comments = |model: &Model| match project(model).drawer {
        Drawer::Loaded { comments, .. } => comments,
        other => panic!("it is not open but {other:?}"),
    };
    assert_eq!(comments(&model), ["Why?"]);

    let later = Box::new(reading(1, vec![event(8, 1, "commented")]));
    update(&mut model, read(1, later));
    assert_eq!(comments(&model), [""; 0]);
}

#[test]
fn a_refused_comment_is_handed_back_even_after_the_task_was_left() {
    let (mut model, _) = live([summary(1)]);
    open(&mut model, 1);
    let draft = |model: &Model| match project(model).drawer {
        Drawer::Loaded { draft, .. } => draft,
        other => panic!("it is not open but {other:?}"),
    };
    let typed = comment::Msg::Typed(id(1), "Why?".to_owned());
    update(&mut model, Msg::Comment(typed));
    let ticket = ask(
        &mut model,
        Request::Comment {
            task: id(1),
            body: "Why?".to_owned(),
        },
    );
    assert_eq!(draft(&model), "");

    update(&mut model, Msg::Visited(Address::default()));
    answer(&mut model, ticket, Err(refusal()));
    open(&mut model, 1);
    assert_eq!(draft(&model), "Why?");
    assert_eq!(project(&model).notices[0].text, why(&model));
}

#[test]
fn a_refused_sample_says_why() {
    let (mut model, _) = live([]);
    let ticket = ask(&mut model, Request::FillSample);
    assert!(project(&model).is_filling);
    answer(&mut model, ticket, Err(refusal()));
    let shown = project(&model);
    assert!(!shown.is_filling);
    assert_eq!(shown.notices.len(), 1);
}

#[test]
fn a_notice_can_be_dismissed_and_goes_away_by_itself() {
    let (mut model, _) = live([summary(1)]);
    for _ in 0..2 {
        let ticket = ask(&mut model, move_of(1, Status::Todo));
        answer(&mut model, ticket, Err(refusal()));
    }
    let first = project(&model).notices[0].id;
    update(&mut model, Msg::DismissedNotice(first));
    assert_eq!(project(&model).notices.len(), 1);
    update(&mut model, Msg::Ticked(NOW + Seconds(12)));
    assert_eq!(project(&model).notices.len(), 0);
}

#[test]
fn the_chosen_colours_are_kept() {
    let mut model = page([]);
    assert_eq!(
        update(&mut model, Msg::ChoseTheme(Theme::Dark)),
        [Effect::KeepTheme(Theme::Dark)]
    );
    assert_eq!(project(&model).theme, Theme::Dark);
}

#[test]
fn every_name_on_the_board_is_offered_and_the_shell_lane_always() {
    let mut other = summary(1);
    other.assignee = Some("claude".to_owned());
    assert_eq!(project(&page([other])).assignees, ["claude", "shell"]);
    assert_eq!(project(&page([])).assignees, ["shell"]);
}

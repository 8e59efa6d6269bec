//! Deliveries: attempts, retries, giving up and deletion.

use domain::backoff::DELIVERY_ATTEMPTS;
use domain::command::{DropDelivery, ForgetEvents, RecordDelivered, RetryDelivery, SetQuietHours};
use domain::error::Error as Refusal;
use domain::notify::delivery::{DeliveryState, Retry};
use domain::time::Seconds;
use kernel::{Kernel, Options};

use super::{one_delivery, place};
use crate::board::{Board, START, refusal};

fn later() -> Retry {
    Retry::Later { after: None }
}

#[tokio::test]
async fn what_failed_rests_longer_each_time_also_after_a_restart() {
    let (board, _, id) = one_delivery("webhook").await;
    assert!(board.is_due().await);
    let mut rests = Vec::new();
    for _ in 0..4 {
        board.failed(id, later()).await;
        assert!(!board.is_due().await);
        let next = board.deliveries().await[0].next_attempt_at;
        assert_eq!(board.next().await, Some(next));
        rests.push(next.seconds_since(board.kernel.now()));
        board.pass(Seconds(rests[rests.len() - 1]));
        assert!(board.is_due().await);
    }
    for (rest, span) in rests.iter().zip([5, 10, 20, 40]) {
        assert!((span / 2..=span).contains(rest), "{rests:?}");
    }

    board.failed(id, later()).await;
    let next = board.next().await;
    let Board {
        kernel,
        clock,
        folder,
    } = board;
    drop(kernel);
    let (path, seed) = (folder.path().join("kanban.db"), Some(2));
    let kernel = Kernel::open_with(
        &path,
        Options {
            clock,
            seed,
            ..Options::default()
        },
    )
    .unwrap();
    assert_eq!(kernel.outbox().await.unwrap().next, next);
}

#[tokio::test]
async fn a_place_that_asks_for_time_gets_it_for_all_its_news() {
    let (board, task, first) = one_delivery("webhook").await;
    board.unblock(&task).await;
    board.block(&task, "and which host?").await;
    let after = Some(Seconds(600));
    board.failed(first, Retry::Later { after }).await;
    board.pass(Seconds(599));
    assert!(!board.is_due().await);
    board.pass(Seconds(1));
    assert!(board.is_due().await);
}

#[tokio::test]
async fn what_fails_again_and_again_lets_the_rest_pass() {
    let (board, task, poison) = one_delivery("webhook").await;
    for _ in 0..8 {
        board.failed(poison, later()).await;
    }
    board.unblock(&task).await;
    board.block(&task, "and which host?").await;
    board.pass(Seconds(60));
    let due = board.kernel.outbox().await.unwrap().due;
    let due = board.kernel.due_deliveries(due[0].place, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_ne!(due[0].id, poison);
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_at_once_and_can_be_tried_again_or_dropped() {
    let (board, _, id) = one_delivery("webhook").await;
    board.failed(id, Retry::Never).await;
    let dead = board.deliveries().await.remove(0);
    assert_eq!((dead.state, dead.attempts), (DeliveryState::Dead, 1));
    assert_eq!(dead.error.as_deref(), Some("answered 500"));
    assert!(!board.is_due().await && board.next().await.is_none());

    board.act(RetryDelivery { delivery: id }).await.unwrap();
    assert!(board.is_due().await);
    assert_eq!(board.deliveries().await[0].attempts, 0);
    assert_eq!(
        refusal(board.act(DropDelivery { delivery: id }).await),
        Refusal::UnknownDelivery(id)
    );
    board.failed(id, Retry::Never).await;
    board.act(DropDelivery { delivery: id }).await.unwrap();
    assert_eq!(board.deliveries().await, []);
}

#[tokio::test]
async fn what_fails_too_often_is_given_up() {
    let (board, _, id) = one_delivery("webhook").await;
    for _ in 1..DELIVERY_ATTEMPTS {
        board.failed(id, later()).await;
        assert_eq!(board.deliveries().await[0].state, DeliveryState::Pending);
    }
    board.failed(id, later()).await;
    assert_eq!(board.deliveries().await[0].state, DeliveryState::Dead);
}

#[tokio::test]
async fn a_chat_that_was_told_enough_rests_until_the_minute_is_over() {
    let (board, task, first) = one_delivery("telegram").await;
    board.unblock(&task).await;
    board.block(&task, "and which host?").await;
    let told = |deliveries| RecordDelivered {
        deliveries,
        receipt: None,
        is_chat: true,
    };
    board.act(told(vec![first])).await.unwrap();
    assert!(board.is_due().await);
    let second = board.deliveries().await[1].id;
    board.unblock(&task).await;
    board.block(&task, "and when?").await;
    let third = board.deliveries().await[2].id;
    board.act(told(vec![second, third])).await.unwrap();
    board.unblock(&task).await;
    board.block(&task, "and why?").await;
    assert_eq!(board.next().await, Some(START + Seconds(60)));
    board.pass(Seconds(60));
    assert!(board.is_due().await);
}

#[tokio::test]
async fn a_quiet_place_is_told_when_the_night_is_over() {
    let board = Board::new();
    let task = board.task_named("report").await;
    board.subscribe(&task, place("telegram", "")).await;
    // 10:40 in UTC is 12:40 in Berlin.
    assert_eq!(START.0 % 86_400, 10 * 3_600 + 40 * 60);
    let quiet = |hours: &str| SetQuietHours {
        to: place("telegram", ""),
        hours: Some(hours.parse().unwrap()),
    };
    board.act(quiet("12:00-13:00 Europe/Berlin")).await.unwrap();
    board.block(&task, "which port?").await;
    assert!(!board.is_due().await);
    assert_eq!(board.next().await, Some(START + Seconds(20 * 60)));

    board.act(quiet("10:00-09:00 UTC")).await.unwrap();
    let nine_tomorrow = START - Seconds(10 * 3_600 + 40 * 60) + Seconds(33 * 3_600);
    assert_eq!(board.next().await, Some(nine_tomorrow));
    board.act(quiet("22:00-10:00 UTC")).await.unwrap();
    assert!(board.is_due().await);
    let shown = board.kernel.quiet_hours().await.unwrap();
    assert_eq!(shown[0].1.to_string(), "22:00-10:00 UTC");

    let to = place("telegram", "");
    board.act(SetQuietHours { to, hours: None }).await.unwrap();
    assert_eq!(board.kernel.quiet_hours().await.unwrap(), []);
    let nowhere = board.act(quiet("1:00-2:00 Atlantis/City")).await;
    let text = "01:00-02:00 Atlantis/City".to_owned();
    assert_eq!(refusal(nowhere), Refusal::BadQuietHours(text));
}

#[tokio::test]
async fn quiet_that_has_ended_does_not_begin_again_when_the_clocks_are_put_back() {
    for (until, ends) in [
        ("02:30", "00:30:00"),
        ("03:00", "02:00:00"),
        ("01:30", "23:30:00"),
    ] {
        let board = Board::new();
        let task = board.task_named("report").await;
        board.subscribe(&task, place("telegram", "")).await;
        let hours = format!("22:00-{until} Europe/Berlin");
        let hours = Some(hours.parse().unwrap());
        let to = place("telegram", "");
        board.act(SetQuietHours { to, hours }).await.unwrap();
        // At 01:00 in UTC it is 03:00 in summer, and 02:00 from then on.
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
        let evening = at("2027-10-30T21:00:00Z");
        board.pass(Seconds(evening - START.0));
        board.block(&task, "which port?").await;
        let day = if ends.starts_with("23") { "30" } else { "31" };
        let ends = at(&format!("2027-10-{day}T{ends}Z"));
        for minute in (0..6 * 60).step_by(10) {
            let now = evening + minute * 60;
            assert_eq!(
                board.is_due().await,
                now >= ends,
                "{minute} minutes, {until}"
            );
            board.pass(Seconds(600));
        }
    }
}

#[tokio::test]
async fn what_was_told_is_forgotten_with_the_old_events_and_what_was_not_is_kept() {
    let (board, task, first) = one_delivery("webhook").await;
    board.told(first).await;
    board.unblock(&task).await;
    board.complete(&task, "42").await.unwrap();
    board.pass(Seconds(10));
    let before = board.kernel.now();
    board.act(ForgetEvents { before }).await.unwrap();
    let left = board.deliveries().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].notice.kind, "completed");
}

//! The board in figures.

use domain::status::Status;
use domain::time::{Seconds, Timestamp};

use crate::board;

/// The span over which finished tasks are counted.
const HOURS: usize = 24;
const HOUR: i64 = 3_600;

/// Figures about all tasks, whatever the filter hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The number of tasks in each of the six columns, in their order.
    pub counts: [(Status, u32); 6],
    /// The start of the longest wait in ready.
    pub oldest_ready: Option<Timestamp>,
    /// The number of tasks finished in each of the last 24 hours, the oldest hour first.
    pub done_by_hour: Vec<u32>,
}

impl Figures {
    /// Counts a board.
    pub fn of(board: &board::Model, now: Timestamp) -> Self {
        let mut counts = Status::COLUMNS.map(|status| (status, 0));
        let mut done_by_hour = vec![0; HOURS];
        let mut oldest_ready: Option<Timestamp> = None;
        for entry in board.entries() {
            let task = &entry.task;
            let column = task.status.column();
            if let Some((_, count)) = counts.iter_mut().find(|(status, _)| *status == column) {
                *count += 1;
            }
            match &task.status {
                Status::Ready => {
                    let oldest = oldest_ready.get_or_insert(task.status_since);
                    *oldest = task.status_since.min(*oldest);
                }
                Status::Done => {
                    let hour = task.completed_at.and_then(|at| hour_of(at, now));
                    if let Some(count) = hour.and_then(|hour| done_by_hour.get_mut(hour)) {
                        *count += 1;
                    }
                }
                _ => {}
            }
        }
        Self {
            counts,
            oldest_ready,
            done_by_hour,
        }
    }

    /// The number of tasks finished in the last 24 hours.
    pub fn done(&self) -> u32 {
        self.done_by_hour.iter().sum()
    }

    /// The points of a line over the hours, in a box of `width` by `height`, for SVG.
    pub fn line(&self, width: u32, height: u32) -> String {
        let most = self.done_by_hour.iter().copied().max().unwrap_or(0).max(1);
        let last = u32::try_from(HOURS - 1).unwrap_or(1);
        let points = self.done_by_hour.iter().zip(0_u32..).map(|(count, hour)| {
            let (x, y) = (hour * width / last, height - count * height / most);
            format!("{x},{y}")
        });
        points.collect::<Vec<_>>().join(" ")
    }
}

/// The index of the hour, of the last 24, that a moment lies in. The clocks of server and visitor
/// may differ a little.
fn hour_of(moment: Timestamp, now: Timestamp) -> Option<usize> {
    let ago = Seconds(now.seconds_since(moment).max(0)).0 / HOUR;
    (HOURS - 1).checked_sub(usize::try_from(ago).ok()?)
}

#[cfg(test)]
mod tests {
    use domain::fixture::{NOW, summary};

    use super::*;
    use crate::fixture::{snapshot, with_status};

    #[test]
    fn a_board_is_counted_by_column_and_by_hour() {
        let mut waits = summary(1);
        waits.status_since = NOW - Seconds(50);
        let done = |number, ago| {
            let mut task = with_status(number, Status::Done);
            task.completed_at = Some(NOW - Seconds(ago));
            task
        };
        let board = board::Model::new(
            snapshot([
                waits,
                summary(2),
                done(3, 10),
                done(4, 3_600),
                done(5, 24 * 3_600),
                with_status(6, Status::Other("review".into())),
            ]),
            false,
        );

        let figures = Figures::of(&board, NOW);

        let counts: Vec<u32> = figures.counts.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [0, 1, 2, 0, 0, 3]);
        assert_eq!(figures.oldest_ready, Some(NOW - Seconds(50)));
        assert_eq!(figures.done(), 2);
        assert_eq!(figures.done_by_hour[22..], [1, 1]);
    }

    #[test]
    fn the_line_is_flat_at_the_bottom_while_nothing_is_done() {
        let figures = Figures::of(&board::Model::new(snapshot([]), false), NOW);
        assert!(figures.line(46, 12).starts_with("0,12 2,12 "));
        assert!(figures.line(46, 12).ends_with("46,12"));
    }
}

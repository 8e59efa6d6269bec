//! The live connection: is it there, is it silent, when is it tried again.

use domain::id::EventId;
use domain::time::{Seconds, Timestamp};

use crate::Effect;

/// The server sends something at least every ten seconds; after twice that the line is dead.
const SILENCE: Seconds = Seconds(20);

/// The first wait before another try; each failure doubles it.
const FIRST_WAIT: Seconds = Seconds(1);

/// No wait is longer, so that a server that comes back is found within half a minute.
const LONGEST_WAIT: Seconds = Seconds(30);

/// The state of the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    socket: Socket,
    failures: u32,
    phase: Phase,
    /// True when the board must be read before any socket can continue it.
    is_track_lost: bool,
    /// True once the server no longer knows the visitor.
    is_session_over: bool,
}

/// Numbers the sockets of a page, so that a late word of an old one is not taken for the new one's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Socket(u32);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    Connecting {
        since: Timestamp,
    },
    Reading {
        since: Timestamp,
    },
    Live {
        heard: Timestamp,
    },
    Waiting {
        until: Timestamp,
    },
}

/// The state of the connection, as the page shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// No program runs in the page yet.
    #[default]
    Idle,
    /// The first connection is being made.
    Connecting,
    /// Changes arrive.
    Live,
    /// The board may be out of date; the page reconnects by itself.
    Lost,
    /// No try will help before the visitor has signed in again.
    SignedOut,
}

/// An event of a socket, or of the right to have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Msg {
    /// It was closed, or could not be opened.
    Closed(Socket),
    /// The server cannot tell what happened since our cursor.
    LostTrack(Socket),
    /// The server said whether it knows us still.
    SessionChecked {
        /// True when it does not.
        is_over: bool,
    },
}

impl Model {
    /// The state of the connection, as the page shows it.
    pub fn link(&self) -> Link {
        match self.phase {
            Phase::Idle => Link::Idle,
            Phase::Live { .. } => Link::Live,
            _ if self.is_session_over => Link::SignedOut,
            Phase::Connecting { .. } | Phase::Reading { .. } if self.failures == 0 => {
                Link::Connecting
            }
            Phase::Connecting { .. } | Phase::Reading { .. } | Phase::Waiting { .. } => Link::Lost,
        }
    }

    /// Opens a socket that continues the board from `since`.
    pub fn connect(&mut self, now: Timestamp, since: EventId) -> Effect {
        self.leave_socket();
        self.is_track_lost = false;
        self.phase = Phase::Connecting { since: now };
        Effect::OpenSocket {
            socket: self.socket,
            since,
        }
    }

    /// Notes that something was said. False for a socket that is no longer listened to.
    pub fn heard(&mut self, now: Timestamp, socket: Socket) -> bool {
        let is_current = socket == self.socket;
        if is_current {
            self.phase = Phase::Live { heard: now };
            self.failures = 0;
            self.is_session_over = false;
        }
        is_current
    }

    /// Gives up what has been silent for too long, and tries again what has waited long enough.
    pub fn tick(&mut self, now: Timestamp, cursor: EventId) -> Option<Effect> {
        match self.phase {
            Phase::Live { heard } if now > heard + SILENCE => {
                self.failures = 1;
                Some(self.connect(now, cursor))
            }
            Phase::Connecting { since } | Phase::Reading { since } if now > since + SILENCE => {
                self.fail(now);
                None
            }
            Phase::Waiting { until } if now >= until && self.is_track_lost => Some(self.read(now)),
            Phase::Waiting { until } if now >= until => Some(self.connect(now, cursor)),
            _ => None,
        }
    }

    /// Notes that the board could not be read. The track stays lost until it can.
    pub fn fail_to_read(&mut self, now: Timestamp) {
        if matches!(self.phase, Phase::Reading { .. }) {
            self.fail(now);
        }
    }

    /// Reads the board anew. Frames that come meanwhile would hide the gap before them.
    fn read(&mut self, now: Timestamp) -> Effect {
        self.leave_socket();
        self.is_track_lost = true;
        self.phase = Phase::Reading { since: now };
        Effect::ReadBoard
    }

    /// Leaves the socket: its later messages are ignored.
    fn leave_socket(&mut self) {
        self.socket.0 = self.socket.0.wrapping_add(1);
    }

    /// Waits before the next try, longer each time.
    fn fail(&mut self, now: Timestamp) {
        self.leave_socket();
        let doubled = FIRST_WAIT
            .0
            .checked_shl(self.failures)
            .unwrap_or(LONGEST_WAIT.0);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Waiting {
            until: now + Seconds(doubled.clamp(FIRST_WAIT.0, LONGEST_WAIT.0)),
        };
    }
}

/// Takes in what happened to a socket. An old one has nothing to say.
pub fn update(model: &mut Model, now: Timestamp, msg: Msg) -> Option<Effect> {
    match msg {
        Msg::Closed(socket) if socket == model.socket => {
            model.fail(now);
            // A browser is not told why a socket failed.
            Some(Effect::CheckSession)
        }
        Msg::LostTrack(socket) if model.heard(now, socket) => Some(model.read(now)),
        Msg::SessionChecked { is_over: true } => {
            // An answer that comes after the next socket has opened is an old one.
            model.is_session_over = !matches!(model.phase, Phase::Live { .. });
            None
        }
        Msg::Closed(_) | Msg::LostTrack(_) | Msg::SessionChecked { is_over: false } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURSOR: EventId = EventId(7);

    fn at(second: i64) -> Timestamp {
        Timestamp(second)
    }

    fn live(now: Timestamp) -> Model {
        let mut model = Model::default();
        model.connect(now, CURSOR);
        let socket = model.socket;
        model.heard(now, socket);
        model
    }

    #[test]
    fn a_page_connects_where_its_snapshot_ends() {
        let mut model = Model::default();
        assert_eq!(model.link(), Link::Idle);

        let effect = model.connect(at(0), CURSOR);

        assert_eq!(
            effect,
            Effect::OpenSocket {
                socket: Socket(1),
                since: CURSOR
            }
        );
        assert_eq!(model.link(), Link::Connecting);
        model.heard(at(0), Socket(1));
        assert_eq!(model.link(), Link::Live);
    }

    #[test]
    fn twenty_silent_seconds_are_shown_and_lead_to_another_socket() {
        let mut model = live(at(0));
        assert_eq!(model.tick(at(20), CURSOR), None);

        let effect = model.tick(at(21), EventId(9));

        assert_eq!(
            effect,
            Some(Effect::OpenSocket {
                socket: Socket(2),
                since: EventId(9)
            })
        );
        assert_eq!(model.link(), Link::Lost);
        assert!(
            !model.heard(at(21), Socket(1)),
            "the old socket was listened to"
        );
        assert!(model.heard(at(22), Socket(2)));
        assert_eq!(model.link(), Link::Live);
    }

    #[test]
    fn a_heartbeat_keeps_the_connection() {
        let mut model = live(at(0));
        assert!(model.heard(at(15), Socket(1)));
        assert_eq!(model.tick(at(30), CURSOR), None);
        assert_eq!(model.link(), Link::Live);
    }

    #[test]
    fn each_failure_doubles_the_wait_up_to_half_a_minute() {
        let mut model = live(at(0));
        let mut now = 0;
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            let socket = model.socket;
            update(&mut model, at(now), Msg::Closed(socket));
            assert_eq!(model.link(), Link::Lost);
            assert_eq!(
                model.tick(at(now + wait - 1), CURSOR),
                None,
                "too early by {wait}"
            );
            now += wait;
            assert!(model.tick(at(now), CURSOR).is_some(), "no try after {wait}");
        }
        let socket = model.socket;
        model.heard(at(now), socket);
        update(&mut model, at(now), Msg::Closed(socket));
        assert!(
            model.tick(at(now + 1), CURSOR).is_some(),
            "the wait was not reset"
        );
    }

    #[test]
    fn a_socket_that_never_opens_is_given_up() {
        let mut model = Model::default();
        model.connect(at(0), CURSOR);
        assert_eq!(model.tick(at(21), CURSOR), None);
        assert_eq!(model.link(), Link::Lost);
        assert!(model.tick(at(22), CURSOR).is_some());
    }

    #[test]
    fn a_failed_socket_is_not_listened_to_again() {
        let mut model = live(at(0));
        update(&mut model, at(1), Msg::Closed(Socket(1)));
        assert!(!model.heard(at(1), Socket(1)));
        assert_eq!(model.link(), Link::Lost);
    }

    #[test]
    fn a_reading_without_an_answer_is_tried_again() {
        let mut model = live(at(0));
        update(&mut model, at(0), Msg::LostTrack(Socket(1)));
        assert_eq!(model.tick(at(21), CURSOR), None);
        assert_eq!(model.link(), Link::Lost);
        assert_eq!(model.tick(at(22), CURSOR), Some(Effect::ReadBoard));
    }

    #[test]
    fn a_session_that_is_over_is_said_until_a_socket_speaks_again() {
        let mut model = live(at(0));
        let effect = update(&mut model, at(0), Msg::Closed(Socket(1)));
        assert_eq!(effect, Some(Effect::CheckSession));
        update(&mut model, at(0), Msg::SessionChecked { is_over: true });
        assert_eq!(model.link(), Link::SignedOut);

        model.tick(at(1), CURSOR);
        assert_eq!(model.link(), Link::SignedOut);
        let socket = model.socket;
        model.heard(at(1), socket);
        assert_eq!(model.link(), Link::Live);
        update(&mut model, at(1), Msg::SessionChecked { is_over: true });
        assert_eq!(model.link(), Link::Live, "an old answer was believed");
    }

    #[test]
    fn the_end_of_an_old_socket_is_no_news() {
        let mut model = live(at(0));
        model.connect(at(1), CURSOR);
        model.heard(at(1), Socket(2));
        update(&mut model, at(2), Msg::Closed(Socket(1)));
        assert_eq!(model.link(), Link::Live);
        assert_eq!(update(&mut model, at(2), Msg::LostTrack(Socket(1))), None);
    }
}

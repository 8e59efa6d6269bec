//! The dispatcher's health, which writes no events: the socket sends it. It is asked for as well,
//! seldom, for what a socket does not tell and for the time before it does.

use std::collections::BTreeMap;
use std::mem;

use domain::dispatch::Dispatch;
use domain::id::{DeliveryId, TaskId};
use domain::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Effect;
use crate::refusal::Refusal;

/// The polling interval while a socket sends it.
const TOLD: Seconds = Seconds(30);

/// The polling interval while nothing happens and no socket sends it.
const CALM: Seconds = Seconds(4);

/// The shortest polling interval.
const BUSY: Seconds = Seconds(1);

/// The state of the dispatcher and its workers, from the server. The socket sends it too, as
/// [`domain::live::Live`]; the fields it leaves out follow from the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// The dispatcher.
    pub dispatch: Dispatch,
    /// The last line that each running task printed.
    pub output: BTreeMap<TaskId, String>,
    /// The dead letters that wait for a person, each with its task.
    pub undelivered: BTreeMap<DeliveryId, TaskId>,
    /// The build of the server that answered; empty where a socket sends it.
    #[serde(default)]
    pub build: String,
}

/// The last answer, and when the next question is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    pulse: Pulse,
    is_asked: bool,
    asked_at: Timestamp,
    /// True when something happened since that may have changed it.
    is_outdated: bool,
    /// True while a socket sends it.
    is_told: bool,
}

impl Model {
    /// The state that was read along with the page.
    pub fn new(pulse: Pulse) -> Self {
        Self {
            asked_at: pulse.dispatch.now,
            pulse,
            ..Self::default()
        }
    }

    /// The last answer.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Notes that something happened on the board.
    pub fn touch(&mut self) {
        self.is_outdated = !self.is_told;
    }

    /// Takes in what the socket tells.
    pub fn hear(&mut self, told: Pulse) {
        self.is_told = true;
        self.is_outdated = false;
        let build = mem::take(&mut self.pulse.build);
        self.pulse = Pulse { build, ..told };
    }

    /// Notes that this waits for nobody any more, and looks soon whether that is so: what was tried
    /// again in vain within a second is no news to the socket.
    pub fn settle(&mut self, delivery: DeliveryId) {
        self.pulse.undelivered.remove(&delivery);
        self.is_outdated = true;
    }

    /// Asks again when it is time.
    pub fn tick(&mut self, now: Timestamp) -> Option<Effect> {
        let pause = match (self.is_outdated, self.is_told) {
            (true, _) => BUSY,
            (false, true) => TOLD,
            (false, false) => CALM,
        };
        let is_due = !self.is_asked && now >= self.asked_at + pause;
        is_due.then(|| {
            self.is_asked = true;
            self.is_outdated = false;
            self.asked_at = now;
            Effect::ReadPulse
        })
    }

    /// Takes in an answer. Without one the last stands; the connection mark says that it may be old.
    pub fn answer(&mut self, result: Result<Pulse, Refusal>) {
        self.is_asked = false;
        if let Ok(pulse) = result {
            self.pulse = pulse;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        Model::new(Pulse {
            dispatch: Dispatch {
                now: Timestamp(100),
                ..Dispatch::default()
            },
            ..Pulse::default()
        })
    }

    #[test]
    fn it_is_asked_for_every_few_seconds_one_question_at_a_time() {
        let mut model = model();
        assert_eq!(model.tick(Timestamp(103)), None);
        assert_eq!(model.tick(Timestamp(104)), Some(Effect::ReadPulse));
        assert_eq!(model.tick(Timestamp(200)), None);
        model.answer(Ok(Pulse::default()));
        assert_eq!(model.tick(Timestamp(200)), Some(Effect::ReadPulse));
    }

    #[test]
    fn it_is_asked_for_sooner_when_something_happened() {
        let mut model = model();
        model.touch();
        assert_eq!(model.tick(Timestamp(100)), None);
        assert_eq!(model.tick(Timestamp(101)), Some(Effect::ReadPulse));
    }

    #[test]
    fn what_the_socket_tells_is_seldom_asked_for() {
        let mut model = model();
        let output = BTreeMap::from([(TaskId::from_bits(1), "half done".to_owned())]);
        model.hear(Pulse {
            output: output.clone(),
            ..Pulse::default()
        });
        assert_eq!(model.pulse().output, output);
        model.touch();
        assert_eq!(model.tick(Timestamp(129)), None);
        assert_eq!(model.tick(Timestamp(130)), Some(Effect::ReadPulse));
    }

    #[test]
    fn no_answer_leaves_the_last_one() {
        let mut model = model();
        let before = model.pulse().clone();
        model.answer(Err(Refusal::invalid("gone")));
        assert_eq!(model.pulse(), &before);
    }
}

//! The recent acts that can be undone.

use domain::event::Event;
use domain::id::{EventId, TaskId};

/// Nobody takes back more than this, and a page is open all day.
const MOST: usize = 50;

/// The acts, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    last: ActId,
    acts: Vec<Act>,
    /// The number of undos of the last act asked for while it was still on its way.
    wanted: u32,
}

/// Identifies an act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActId(u32);

/// Something that a person did to one task or to many at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its id.
    pub id: ActId,
    /// In words: `Moved “Count words” to Ready`.
    pub text: String,
    /// The last event of each of its requests.
    pub events: Vec<EventId>,
    /// The tasks it was done to.
    pub tasks: Vec<TaskId>,
}

/// The events after an act that do not keep it from being taken back, as the kernel has it: talk, what
/// follows from other tasks, and what was taken back itself.
const BESIDE: [&str; 8] = [
    "commented",
    "ready",
    "promoted",
    "demoted",
    "marked",
    "unmarked",
    "heartbeat",
    "undone",
];

impl Model {
    /// Notes that the last act is to be taken back as soon as it is known how.
    pub fn want(&mut self) {
        self.wanted = self.wanted.saturating_add(1);
    }

    /// Takes the number of undos asked for meanwhile.
    pub fn take_wanted(&mut self) -> u32 {
        std::mem::take(&mut self.wanted)
    }

    /// Remembers an act.
    pub fn remember(&mut self, text: String, events: Vec<EventId>, tasks: Vec<TaskId>) -> ActId {
        self.last.0 = self.last.0.wrapping_add(1);
        self.acts.push(Act {
            id: self.last,
            text,
            events,
            tasks,
        });
        if self.acts.len() > MOST {
            self.acts.remove(0);
        }
        self.last
    }

    /// The acts that cannot be taken back before something else is: their tasks have changed since.
    pub fn overtaken(&self, events: &[Event]) -> Vec<ActId> {
        let is_overtaken = |act: &&Act| {
            let last = act.events.iter().max();
            events.iter().any(|event| {
                last.is_some_and(|last| event.id > *last)
                    && act.tasks.contains(&event.task_id)
                    && !BESIDE.contains(&event.kind.as_str())
            })
        };
        self.acts
            .iter()
            .filter(is_overtaken)
            .map(|act| act.id)
            .collect()
    }

    /// Hands out an act to be taken back, which nobody can do twice; the last one where none is
    /// named.
    pub fn take(&mut self, id: Option<ActId>) -> Option<Act> {
        match id {
            None => self.acts.pop(),
            Some(id) => {
                let position = self.acts.iter().position(|act| act.id == id)?;
                Some(self.acts.remove(position))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::event;

    #[test]
    fn the_last_act_comes_first_and_each_once() {
        let mut model = Model::default();
        let first = model.remember("one".to_owned(), vec![EventId(1)], Vec::new());
        model.remember("two".to_owned(), vec![EventId(2)], Vec::new());
        model.remember("three".to_owned(), vec![EventId(3)], Vec::new());

        assert_eq!(
            model.take(None).map(|act| act.text).as_deref(),
            Some("three")
        );
        assert_eq!(
            model.take(Some(first)).map(|act| act.text).as_deref(),
            Some("one")
        );
        assert_eq!(model.take(Some(first)), None);
        assert_eq!(model.take(None).map(|act| act.text).as_deref(), Some("two"));
        assert_eq!(model.take(None), None);
    }

    #[test]
    fn an_act_is_overtaken_by_what_happens_to_its_tasks_but_for_talk() {
        let mut model = Model::default();
        let tasks = vec![TaskId::from_bits(1)];
        let act = model.remember("one".to_owned(), vec![EventId(5)], tasks);
        for (id, task, kind) in [(5, 1, "status"), (6, 2, "status"), (6, 1, "commented")] {
            assert_eq!(model.overtaken(&[event(id, task, kind)]), []);
        }
        assert_eq!(model.overtaken(&[event(6, 1, "claimed")]), [act]);
    }

    #[test]
    fn old_acts_are_forgotten() {
        let mut model = Model::default();
        let first = model.remember("one".to_owned(), Vec::new(), Vec::new());
        for _ in 0..MOST {
            model.remember("more".to_owned(), Vec::new(), Vec::new());
        }
        assert_eq!(model.take(Some(first)), None);
    }
}

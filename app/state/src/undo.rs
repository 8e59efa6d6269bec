//! What was done here lately and can be taken back.

use domain::id::EventId;

/// Nobody takes back more than this, and a page is open all day.
const MOST: usize = 50;

/// The acts, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    last: ActId,
    acts: Vec<Act>,
    /// How often the last act was to be taken back while it was still on its way.
    wanted: u32,
}

/// Tells an act from the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActId(u32);

/// Something that a person did to one task or to many at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Which.
    pub id: ActId,
    /// In words: `Moved “Count words” to Ready`.
    pub text: String,
    /// The last event of each of its requests.
    pub events: Vec<EventId>,
}

impl Model {
    /// Notes that the last act is to be taken back as soon as it is known how.
    pub fn want(&mut self) {
        self.wanted = self.wanted.saturating_add(1);
    }

    /// How many acts were to be taken back meanwhile; none from now on.
    pub fn take_wanted(&mut self) -> u32 {
        std::mem::take(&mut self.wanted)
    }

    /// Remembers an act.
    pub fn remember(&mut self, text: String, events: Vec<EventId>) -> ActId {
        self.last.0 = self.last.0.wrapping_add(1);
        self.acts.push(Act {
            id: self.last,
            text,
            events,
        });
        if self.acts.len() > MOST {
            self.acts.remove(0);
        }
        self.last
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

    #[test]
    fn the_last_act_comes_first_and_each_once() {
        let mut model = Model::default();
        let first = model.remember("one".to_owned(), vec![EventId(1)]);
        model.remember("two".to_owned(), vec![EventId(2)]);
        model.remember("three".to_owned(), vec![EventId(3)]);

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
    fn old_acts_are_forgotten() {
        let mut model = Model::default();
        let first = model.remember("one".to_owned(), Vec::new());
        for _ in 0..MOST {
            model.remember("more".to_owned(), Vec::new());
        }
        assert_eq!(model.take(Some(first)), None);
    }
}

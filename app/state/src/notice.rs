//! The page's notices: refusals and what can be undone for everybody, moves of cards for screen
//! readers.

use domain::time::{Seconds, Timestamp};

use crate::board::Change;
use crate::label;
use crate::requests::undo::ActId;

/// Long enough to read two lines and reach the button.
const TROUBLE_STAYS: Seconds = Seconds(12);

/// Long enough to notice a slip.
const OFFER_STAYS: Seconds = Seconds(10);

/// More offers than this would hide the board; the key for undo reaches further back.
const MOST_OFFERS: usize = 3;

/// More moves than this at once are only counted: nobody can listen to a list.
const MOST_ANNOUNCED: usize = 3;

/// The notices on the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    next: u32,
    notices: Vec<Notice>,
    announcement: String,
}

/// Something said in a corner of the page for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: u32,
    /// The text.
    pub text: String,
    /// The kind.
    pub kind: Kind,
    /// The time at which it goes away by itself.
    pub until: Timestamp,
}

/// The kind of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It went wrong.
    Trouble,
    /// It is done, and can be taken back.
    Done(ActId),
    /// It was asked for.
    News,
}

impl Model {
    /// The notices, oldest first.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The next announcement of screen readers.
    pub fn announcement(&self) -> &str {
        &self.announcement
    }

    /// Shows a problem.
    pub fn show(&mut self, now: Timestamp, text: String) {
        self.push(text, Kind::Trouble, now + TROUBLE_STAYS);
    }

    /// Shows what came of something.
    pub fn tell(&mut self, now: Timestamp, text: String) {
        self.push(text, Kind::News, now + OFFER_STAYS);
    }

    /// Offers to take something back.
    pub fn offer(&mut self, now: Timestamp, text: String, act: ActId) {
        let is_offer = |notice: &Notice| matches!(notice.kind, Kind::Done(_));
        let offers = self.notices.iter().filter(|notice| is_offer(notice));
        if offers.count() >= MOST_OFFERS
            && let Some(oldest) = self.notices.iter().position(is_offer)
        {
            self.notices.remove(oldest);
        }
        self.push(text, Kind::Done(act), now + OFFER_STAYS);
    }

    /// Takes an offer away, because it was taken.
    pub fn withdraw(&mut self, act: ActId) {
        self.notices.retain(|notice| notice.kind != Kind::Done(act));
    }

    /// Announces something to screen readers.
    pub fn say(&mut self, text: String) {
        self.announcement = text;
    }

    fn push(&mut self, text: String, kind: Kind, until: Timestamp) {
        self.next = self.next.wrapping_add(1);
        self.notices.push(Notice {
            id: self.next,
            text,
            kind,
            until,
        });
    }

    /// Takes a notice away.
    pub fn dismiss(&mut self, id: u32) {
        self.notices.retain(|notice| notice.id != id);
    }

    /// Takes away what has been shown long enough.
    pub fn tick(&mut self, now: Timestamp) {
        self.notices.retain(|notice| now < notice.until);
    }

    /// Announces the cards that appeared or moved.
    pub fn announce(&mut self, changes: &[Change]) {
        let moves: Vec<&Change> = changes
            .iter()
            .filter(|change| change.from.as_ref() != Some(&change.to))
            .collect();
        match moves.len() {
            0 => {}
            1..=MOST_ANNOUNCED => {
                let sentences: Vec<String> = moves.into_iter().map(sentence).collect();
                self.announcement = sentences.join(" ");
            }
            count => self.announcement = format!("{count} tasks moved."),
        }
    }
}

fn sentence(change: &Change) -> String {
    let Change { title, from, to } = change;
    let column = label::of(to);
    match from {
        None => format!("New task “{title}” in {column}."),
        Some(_) => format!("“{title}” moved to {column}."),
    }
}

#[cfg(test)]
mod tests {
    use domain::status::Status;

    use super::*;

    fn change(from: Option<Status>, to: Status) -> Change {
        Change {
            title: "Count words".to_owned(),
            from,
            to,
        }
    }

    #[test]
    fn a_notice_goes_away_by_itself_or_when_asked() {
        let mut model = Model::default();
        model.show(Timestamp(0), "one".to_owned());
        model.show(Timestamp(5), "two".to_owned());
        model.show(Timestamp(5), "three".to_owned());

        model.tick(Timestamp(12));
        assert_eq!(model.notices().len(), 2);
        model.dismiss(model.notices()[0].id);
        assert_eq!(model.notices()[0].text, "three");
    }

    #[test]
    fn an_offer_goes_when_it_is_taken_or_late_or_one_of_many() {
        let mut undo = crate::requests::undo::Model::default();
        let acts: Vec<ActId> = (0..4)
            .map(|_| undo.remember("Moved".to_owned(), Vec::new(), Vec::new()))
            .collect();
        let mut model = Model::default();
        for act in &acts {
            model.offer(Timestamp(0), "Moved".to_owned(), *act);
        }
        let kinds = |model: &Model| model.notices().iter().map(|it| it.kind).collect::<Vec<_>>();
        assert_eq!(kinds(&model), [1, 2, 3].map(|n| Kind::Done(acts[n])));

        model.withdraw(acts[2]);
        assert_eq!(kinds(&model), [1, 3].map(|n| Kind::Done(acts[n])));
        model.tick(Timestamp(10));
        assert_eq!(model.notices(), []);
    }

    #[test]
    fn moves_and_new_cards_are_announced() {
        let mut model = Model::default();
        model.announce(&[
            change(None, Status::Ready),
            change(Some(Status::Ready), Status::Running),
        ]);
        assert_eq!(
            model.announcement(),
            "New task “Count words” in Ready. “Count words” moved to Running."
        );
    }

    #[test]
    fn a_change_without_a_move_is_not_announced() {
        let mut model = Model::default();
        model.announce(&[change(Some(Status::Done), Status::Done)]);
        assert_eq!(model.announcement(), "");
    }

    #[test]
    fn many_moves_are_counted() {
        let mut model = Model::default();
        model.announce(&vec![change(None, Status::Todo); 4]);
        assert_eq!(model.announcement(), "4 tasks moved.");
    }
}

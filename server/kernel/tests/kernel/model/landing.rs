//! Landings: what is asked for, what comes of it, and what ends it.

use domain::landing::SENT_BACK_LIMIT;
use domain::outcome::TaskOutcome;
use domain::run::Outcome;
use domain::status::Status;

use super::Model;
use super::undo::Inverse;
use crate::step::Landing;

impl Model {
    /// Only what is done, and was worked on, may land; what is about to be on its target goes on.
    pub(super) fn land(&mut self, task: usize) -> Option<()> {
        self.only_from(task, &[Status::Done])?;
        let card = &self.cards[task];
        (card.runs > 0 && card.landing != Some(true)).then_some(())?;
        let former = self.cards[task].landing;
        self.note(task, Inverse::Landing(former));
        self.cards[task].landing = Some(false);
        Some(())
    }

    pub(super) fn lander_says(&mut self, task: usize, says: Landing) -> Option<()> {
        self.cards[task].landing?;
        match says {
            Landing::Noted => self.cards[task].landing = Some(true),
            Landing::Waits => self.cards[task].landing = Some(false),
            Landing::Landed => {
                self.touch(task);
                self.cards[task].landing = None;
                self.cards[task].sent_back = 0;
            }
            Landing::SentBack => {
                self.touch(task);
                self.put(task, Status::Ready, Outcome::CheckFailed);
                self.cards[task].outcome = TaskOutcome::Success;
                self.demote_children(task);
                self.cards[task].sent_back += 1;
                if self.cards[task].sent_back >= SENT_BACK_LIMIT {
                    self.cards[task].sent_back = 0;
                    self.put(task, Status::Blocked, Outcome::CheckFailed);
                } else if self.is_held_back(task) {
                    self.let_wait(task);
                }
            }
        }
        Some(())
    }
}

//! The keys of the inbox.

use domain::inbox::{Concern, Need};
use domain::status::Status;

use super::{Answer, ConcernId, answered, concerns, current, go_on};
use crate::change::Change;
use crate::keys::Action;
use crate::palette::{Page as Question, Palette};
use crate::{Effect, Focus, Model as Page, requests};

/// Does what a key asks for; `None` where it means the same as anywhere. What is done to a concern is
/// done to the one that has the keyboard: never to one that has just taken the place of another.
pub(crate) fn press(page: &mut Page, action: Action, focus: &Focus) -> Option<Vec<Effect>> {
    let all = concerns(page);
    let has_keyboard = |it: &&Concern| Some(ConcernId::of(it)) == focus.concern;
    let here = all.iter().find(has_keyboard).cloned();
    let effects = match action {
        Action::Down => step(page, &all, |place| place.saturating_add(1)),
        Action::Up => step(page, &all, |place| place.saturating_sub(1)),
        Action::Answer
        | Action::TryAgain
        | Action::Open
        | Action::Complete
        | Action::Archive
        | Action::MoveTo
        | Action::Assign
        | Action::Prioritise => here.map_or_else(Vec::new, |here| about(page, action, here)),
        Action::Palette => match here {
            Some(concern) => ask(page, concern, Question::All),
            None => return None,
        },
        Action::Search => vec![
            Effect::Visit(page.address.with_task(None)),
            Effect::FocusSearch,
        ],
        Action::Leave => vec![Effect::Visit(page.address.with_task(None))],
        Action::Create
        | Action::Undo
        | Action::Help
        | Action::Nudge
        | Action::GoToInbox
        | Action::GoToBoard => return None,
        // There are no columns here, and nothing to choose from.
        Action::Left
        | Action::Right
        | Action::ReachUp
        | Action::ReachDown
        | Action::Carry
        | Action::Tab(_)
        | Action::MoveBack
        | Action::MoveForth
        | Action::Block
        | Action::Select
        | Action::SelectAll
        | Action::Mine => Vec::new(),
    };
    Some(effects)
}

/// Does what a key asks for to one concern.
fn about(page: &mut Page, action: Action, here: Concern) -> Vec<Effect> {
    match action {
        Action::Answer => answer(page, here),
        Action::TryAgain => try_again(page, &here),
        Action::Complete if matches!(here.need, Need::Review { .. }) => {
            answered(page, &ConcernId::of(&here), Answer::Accept)
        }
        Action::Complete => change(page, here, &Status::Done),
        Action::Archive => match here.need {
            Need::Undelivered { delivery, .. } => {
                answered(page, &ConcernId::Delivery(delivery), Answer::Drop)
            }
            Need::DeadEnd { .. } | Need::Landing { .. } => {
                answered(page, &ConcernId::of(&here), Answer::Drop)
            }
            // It is the lane's, and not the task's.
            Need::Held { .. } => Vec::new(),
            _ => change(page, here, &Status::Archived),
        },
        Action::MoveTo => ask(page, here, Question::Move),
        Action::Assign => ask(page, here, Question::Assign),
        Action::Prioritise => ask(page, here, Question::Priority),
        _ => vec![Effect::Visit(page.address.with_task(Some(here.task)))],
    }
}

fn step(page: &mut Page, all: &[Concern], next: impl Fn(usize) -> usize) -> Vec<Effect> {
    let Some(here) = current(page, all).map(ConcernId::of) else {
        return Vec::new();
    };
    let place = all.iter().position(|it| ConcernId::of(it) == here);
    let next = place.and_then(|place| all.get(next(place)));
    let next = next.map_or(here, ConcernId::of);
    page.inbox.reach(next.clone(), all);
    vec![Effect::FocusConcern(next)]
}

/// Does what is nearest: lets a person write where something is to be said, else does it.
fn answer(page: &mut Page, concern: Concern) -> Vec<Effect> {
    let id = ConcernId::of(&concern);
    match concern.need {
        Need::DeadEnd { .. }
        | Need::GaveUp {
            proposed: Some(_), ..
        } => answered(page, &id, Answer::Accept),
        Need::Answer { .. } | Need::GaveUp { .. } | Need::Review { .. } => {
            vec![Effect::FocusAnswer(concern.task)]
        }
        Need::Undelivered { .. } | Need::Held { .. } | Need::Landing { .. } => {
            answered(page, &id, Answer::Retry)
        }
    }
}

fn try_again(page: &mut Page, concern: &Concern) -> Vec<Effect> {
    let id = ConcernId::of(concern);
    match concern.need {
        Need::GaveUp { .. } => answered(page, &id, Answer::Say(String::new())),
        Need::Undelivered { .. }
        | Need::Held { .. }
        | Need::DeadEnd { .. }
        | Need::Landing { .. } => answered(page, &id, Answer::Retry),
        // A question that nobody answered would only be asked again.
        Need::Answer { .. } | Need::Review { .. } => Vec::new(),
    }
}

/// Puts the task elsewhere and goes on. What reached nobody is not the task's concern.
fn change(page: &mut Page, concern: Concern, to: &Status) -> Vec<Effect> {
    if matches!(concern.need, Need::Undelivered { .. }) {
        return Vec::new();
    }
    let from = match concern.need {
        Need::Review { .. } => Status::Review,
        Need::DeadEnd { .. } | Need::Landing { .. } => Status::Done,
        _ => Status::Blocked,
    };
    let Some(change) = Change::between(&from, to) else {
        return Vec::new();
    };
    let place = {
        let all = concerns(page);
        let id = ConcernId::of(&concern);
        all.iter().position(|it| ConcernId::of(it) == id)
    };
    let mut effects = requests::change(page, vec![(concern.task, change)]);
    effects.push(go_on(page, place.unwrap_or_default()));
    effects
}

fn ask(page: &mut Page, concern: Concern, question: Question) -> Vec<Effect> {
    page.palette = Some(Palette::new(question, vec![concern.task]));
    Vec::new()
}

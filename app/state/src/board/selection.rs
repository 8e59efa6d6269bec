//! The cards that a person has chosen, to do something to all of them at once.

use std::collections::BTreeMap;

use domain::id::TaskId;

/// The chosen cards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The tasks, and why the last bulk change left them alone.
    chosen: BTreeMap<TaskId, Option<String>>,
    /// The beginning of a range.
    anchor: Option<TaskId>,
}

/// A person's change of the selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// Chose a card, or let it go.
    Toggled(TaskId),
    /// Chose everything from the last card to this one.
    ReachedTo(TaskId),
    /// Chose everything that is shown.
    ChoseAll,
    /// Let everything go.
    Cleared,
}

impl Model {
    /// The chosen tasks.
    pub fn chosen(&self) -> impl Iterator<Item = &TaskId> {
        self.chosen.keys()
    }

    /// Returns true when a task is chosen.
    pub fn has(&self, task: &TaskId) -> bool {
        self.chosen.contains_key(task)
    }

    /// The number of chosen cards.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Returns true when none is chosen.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// The reason why the last bulk change left a task alone.
    pub fn refusal_of(&self, task: &TaskId) -> Option<&String> {
        self.chosen.get(task)?.as_ref()
    }

    /// Lets a task go, because what was wanted is done.
    pub fn satisfy(&mut self, task: &TaskId) {
        self.chosen.remove(task);
    }

    /// Records the refusal of a task. It stays chosen.
    pub fn refuse(&mut self, task: TaskId, why: String) {
        self.chosen.insert(task, Some(why));
    }

    /// Lets go of what is no longer on the board.
    pub fn retain(&mut self, is_there: impl Fn(&TaskId) -> bool) {
        self.chosen.retain(|task, _| is_there(task));
    }

    fn choose(&mut self, task: &TaskId) {
        self.chosen.entry(task.clone()).or_default();
    }
}

/// Takes in what a person did; `visible` are the cards in the order in which they are seen.
pub fn update(model: &mut Model, visible: &[TaskId], msg: Msg) {
    match msg {
        Msg::Toggled(task) => {
            if model.chosen.remove(&task).is_none() {
                model.choose(&task);
            }
            model.anchor = Some(task);
        }
        Msg::ReachedTo(task) => {
            let place = |of: &TaskId| visible.iter().position(|id| id == of);
            let to = place(&task);
            let from = model.anchor.as_ref().and_then(place).or(to);
            if let (Some(from), Some(to)) = (from, to) {
                let range = visible.get(from.min(to)..=from.max(to));
                for task in range.unwrap_or_default() {
                    model.choose(task);
                }
            }
            model.anchor.get_or_insert(task);
        }
        Msg::ChoseAll => {
            for task in visible {
                model.choose(task);
            }
        }
        Msg::Cleared => *model = Model::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> TaskId {
        TaskId::from_bits(number)
    }

    fn after(msgs: impl IntoIterator<Item = Msg>) -> Vec<TaskId> {
        let mut model = Model::default();
        let visible = [4, 3, 2, 1].map(id);
        for msg in msgs {
            update(&mut model, &visible, msg);
        }
        model.chosen().cloned().collect()
    }

    #[test]
    fn a_card_is_chosen_and_let_go() {
        assert_eq!(
            after([Msg::Toggled(id(1)), Msg::Toggled(id(2))]),
            [1, 2].map(id)
        );
        assert_eq!(after([Msg::Toggled(id(1)), Msg::Toggled(id(1))]), []);
    }

    #[test]
    fn a_range_goes_from_the_last_card_in_the_order_of_sight_either_way() {
        let range = |from, to| after([Msg::Toggled(id(from)), Msg::ReachedTo(id(to))]);
        assert_eq!(range(3, 1), [1, 2, 3].map(id));
        assert_eq!(range(1, 3), [1, 2, 3].map(id));
    }

    #[test]
    fn a_range_that_begins_nowhere_is_its_end() {
        assert_eq!(after([Msg::ReachedTo(id(2))]), [id(2)]);
        assert_eq!(after([Msg::ReachedTo(id(9))]), []);
        assert_eq!(
            after([Msg::ReachedTo(id(2)), Msg::ReachedTo(id(4))]),
            [2, 3, 4].map(id)
        );
    }

    #[test]
    fn everything_shown_is_chosen_and_let_go() {
        assert_eq!(after([Msg::ChoseAll]).len(), 4);
        assert_eq!(after([Msg::ChoseAll, Msg::Cleared]), []);
    }

    #[test]
    fn what_was_left_alone_stays_chosen_and_says_why() {
        let mut model = Model::default();
        update(&mut model, &[id(1), id(2)], Msg::ChoseAll);
        model.satisfy(&id(1));
        model.refuse(id(2), "it waits".to_owned());
        assert_eq!(model.chosen().collect::<Vec<_>>(), [&id(2)]);
        assert_eq!(
            model.refusal_of(&id(2)).map(String::as_str),
            Some("it waits")
        );

        model.retain(|_| false);
        assert_eq!(model.refusal_of(&id(2)), None);
        assert!(model.is_empty());
    }
}

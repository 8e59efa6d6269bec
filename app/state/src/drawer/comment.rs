//! Comments that are being typed. They outlive the drawer, so that leaving a task loses no word.

use std::collections::BTreeMap;

use domain::id::TaskId;

/// The drafts of comments, by task. A task without an entry has nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    drafts: BTreeMap<TaskId, String>,
}

/// A person's action in a comment form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// The text about this task is this now.
    Typed(TaskId, String),
}

impl Model {
    /// The draft of a comment on a task.
    pub fn draft(&self, task: &TaskId) -> &str {
        self.drafts.get(task).map_or("", String::as_str)
    }

    /// Returns true while there is a text that would be lost with the page.
    pub fn has_drafts(&self) -> bool {
        !self.drafts.is_empty()
    }

    /// Empties the form, because what was in it is on its way.
    pub fn clear(&mut self, task: &TaskId) {
        self.drafts.remove(task);
    }

    /// Hands back a comment that the server refused, before what was typed since.
    pub fn refuse(&mut self, task: TaskId, body: String) {
        let draft = self.drafts.entry(task).or_default();
        *draft = match draft.as_str() {
            "" => body,
            since => format!("{body}\n{since}"),
        };
    }
}

/// Takes in what a person did with the form.
pub fn update(model: &mut Model, msg: Msg) {
    let Msg::Typed(task, text) = msg;
    if text.is_empty() {
        model.clear(&task);
    } else {
        model.drafts.insert(task, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_task_has_a_draft_of_its_own() {
        let (one, other) = (TaskId::from_bits(1), TaskId::from_bits(2));
        let mut model = Model::default();
        update(&mut model, Msg::Typed(one.clone(), "Why?".to_owned()));
        assert_eq!(model.draft(&one), "Why?");
        assert_eq!(model.draft(&other), "");
        update(&mut model, Msg::Typed(one, String::new()));
        assert_eq!(model, Model::default());
    }

    #[test]
    fn a_refused_comment_stands_before_what_was_typed_since() {
        let task = TaskId::from_bits(1);
        let mut model = Model::default();
        model.refuse(task.clone(), "Why?".to_owned());
        assert_eq!(model.draft(&task), "Why?");
        update(&mut model, Msg::Typed(task.clone(), "And how?".to_owned()));
        model.refuse(task.clone(), "Why?".to_owned());
        assert_eq!(model.draft(&task), "Why?\nAnd how?");
    }
}

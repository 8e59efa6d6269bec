//! The title and the description of the open task while somebody rewrites them.

use domain::id::TaskId;
use domain::task::Task;

use crate::change::Change;

/// What is being rewritten. What is typed stays in the fields; this is what they began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The task.
    pub task: TaskId,
    /// Its text when the fields were filled.
    pub base: Text,
}

/// What a task says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The title.
    pub title: String,
    /// The description; empty where there is none.
    pub body: String,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// Began, or read what somebody else wrote meanwhile.
    Began,
    /// Finished.
    Finished(Text),
    /// Gave it up.
    Left,
}

impl Text {
    /// What a task says.
    pub fn of(task: &Task) -> Self {
        Self {
            title: task.title.clone(),
            body: task.body.clone().unwrap_or_default(),
        }
    }

    /// What turns this text into another; `None` where nothing is different. A browser writes line
    /// breaks of its own, which are no difference.
    pub fn change_to(&self, typed: &Self) -> Option<Change> {
        let plain = |text: &str| text.replace("\r\n", "\n");
        let title = typed.title.trim();
        let title = (title != self.title).then(|| title.to_owned());
        let body = plain(&typed.body);
        let body = (body != plain(&self.body)).then_some(body);
        (title.is_some() || body.is_some()).then_some(Change::Edit { title, body })
    }
}

impl Edit {
    /// What the task says by now, where somebody else has rewritten it meanwhile.
    pub fn conflict(&self, task: &Task) -> Option<Text> {
        let now = Text::of(task);
        (task.id == self.task && now != self.base).then_some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::reading;

    fn text(title: &str, body: &str) -> Text {
        Text {
            title: title.to_owned(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn only_what_was_rewritten_is_changed() {
        let base = text("Count", "one\ntwo");
        assert_eq!(base.change_to(&text(" Count ", "one\r\ntwo")), None);
        assert_eq!(
            base.change_to(&text("Sort", "one\ntwo")),
            Some(Change::Edit {
                title: Some("Sort".to_owned()),
                body: None
            })
        );
        assert_eq!(
            base.change_to(&text("Count", "")),
            Some(Change::Edit {
                title: None,
                body: Some(String::new())
            })
        );
    }

    #[test]
    fn a_text_that_somebody_else_rewrote_is_a_conflict() {
        let mut task = reading(1, vec![]).detail.task;
        let edit = Edit {
            task: task.id.clone(),
            base: Text::of(&task),
        };
        assert_eq!(edit.conflict(&task), None);
        task.priority = 9;
        assert_eq!(edit.conflict(&task), None);
        task.body = Some("theirs".to_owned());
        assert_eq!(edit.conflict(&task), Some(text("Task 1", "theirs")));
    }
}

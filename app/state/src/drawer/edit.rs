//! The title and the description of the open task while somebody rewrites them.

use domain::id::TaskId;
use domain::task::Task;

use crate::change::Change;

/// The unsaved edits. Texts outlive the drawer, so that leaving a task loses no word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model(Vec<Edit>);

/// The text of one task while somebody rewrites it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    task: TaskId,
    /// The task's text when the fields were filled.
    base: Text,
    /// The text in the fields.
    typed: Text,
    /// True while it is on its way to the server.
    is_sent: bool,
}

/// The text of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The title.
    pub title: String,
    /// The description; empty where there is none.
    pub body: String,
    /// The script of the check; empty where there is none.
    pub check: String,
    /// The one who has to approve its work; empty where there is nobody.
    pub review: String,
}

/// A person's action in the editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// Began.
    Began,
    /// Took what somebody else wrote meanwhile.
    TookTheirs,
    /// The fields say this now.
    Typed(Text),
    /// Finished.
    Finished(Text),
    /// Gave it up.
    Left,
}

impl Text {
    /// The text of a task.
    pub fn of(task: &Task) -> Self {
        Self {
            title: task.title.clone(),
            body: task.body.clone().unwrap_or_default(),
            check: task.check.clone().unwrap_or_default(),
            review: task.review.clone().unwrap_or_default(),
        }
    }

    /// The change that turns this text into another; `None` where nothing is different. A browser
    /// writes line breaks of its own, which are no difference.
    pub fn change_to(&self, typed: &Self) -> Option<Change> {
        let plain = |text: &str| text.replace("\r\n", "\n");
        let title = typed.title.trim();
        let title = (title != self.title).then(|| title.to_owned());
        let differs = |before: &str, now: &str| {
            let now = plain(now);
            (now != plain(before)).then_some(now)
        };
        let body = differs(&self.body, &typed.body);
        let check = differs(&self.check, &typed.check);
        let review = differs(&self.review, typed.review.trim());
        let parts = [&title, &body, &check, &review];
        let is_changed = parts.into_iter().any(Option::is_some);
        is_changed.then_some(Change::Edit {
            title,
            body,
            check,
            review,
        })
    }
}

impl Model {
    /// The unsent text in the fields of a task; `None` where it is unchanged.
    pub fn draft(&self, task: &TaskId) -> Option<&Text> {
        let edit = self.find(task)?;
        edit.is_unsaved().then_some(&edit.typed)
    }

    /// Returns true while there is a text that would be lost with the page.
    pub fn has_drafts(&self) -> bool {
        self.0.iter().any(Edit::is_unsaved)
    }

    /// The task's present text, where somebody else has changed it meanwhile.
    pub fn conflict(&self, task: &Task) -> Option<Text> {
        let now = Text::of(task);
        let edit = self.find(&task.id)?;
        (!edit.is_sent && now != edit.base).then_some(now)
    }

    /// Forgets what nobody has typed anything into.
    pub fn close(&mut self) {
        self.0.retain(Edit::is_unsaved);
    }

    /// The server has the text, or does not take it: then it is a draft again.
    pub fn answer(&mut self, task: &TaskId, is_granted: bool) {
        if is_granted {
            self.0.retain(|edit| edit.task != *task || !edit.is_sent);
        }
        for edit in self.0.iter_mut().filter(|edit| edit.task == *task) {
            edit.is_sent = false;
        }
    }

    fn find(&self, task: &TaskId) -> Option<&Edit> {
        self.0.iter().find(|edit| edit.task == *task)
    }
}

impl Edit {
    fn is_unsaved(&self) -> bool {
        !self.is_sent && self.base.change_to(&self.typed).is_some()
    }
}

/// Takes in what a person did with the fields of a task; hands out the change that they ask for.
pub fn update(model: &mut Model, task: &Task, msg: Msg) -> Option<Change> {
    let now = Text::of(task);
    let fresh = Edit {
        task: task.id.clone(),
        base: now.clone(),
        typed: now,
        is_sent: false,
    };
    let place = model.0.iter().position(|edit| edit.task == task.id);
    let mut edit = match place {
        Some(place) => model.0.swap_remove(place),
        None => fresh.clone(),
    };
    let mut change = None;
    match msg {
        Msg::Left => return None,
        Msg::Began if edit.is_unsaved() => {}
        Msg::Began | Msg::TookTheirs => edit = fresh,
        Msg::Typed(text) => edit.typed = text,
        Msg::Finished(text) => {
            change = edit.base.change_to(&text);
            edit.typed = text;
            edit.is_sent = true;
        }
    }
    if change.is_some() || !edit.is_sent {
        model.0.push(edit);
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::reading;

    fn text(title: &str, body: &str) -> Text {
        Text {
            title: title.to_owned(),
            body: body.to_owned(),
            ..Text::default()
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
                body: None,
                check: None,
                review: None,
            })
        );
        assert_eq!(
            base.change_to(&text("Count", "")),
            Some(Change::Edit {
                title: None,
                body: Some(String::new()),
                check: None,
                review: None,
            })
        );
        let proven = Text {
            check: "make test".to_owned(),
            review: " person ".to_owned(),
            ..base.clone()
        };
        assert_eq!(
            base.change_to(&proven),
            Some(Change::Edit {
                title: None,
                body: None,
                check: Some("make test".to_owned()),
                review: Some("person".to_owned()),
            })
        );
    }

    fn typed(title: &str) -> Msg {
        Msg::Typed(text(title, ""))
    }

    #[test]
    fn a_text_that_somebody_else_rewrote_is_a_conflict() {
        let mut task = reading(1, vec![]).detail.task;
        let mut model = Model::default();
        update(&mut model, &task, Msg::Began);
        assert_eq!(model.conflict(&task), None);
        task.priority = 9;
        assert_eq!(model.conflict(&task), None);
        task.body = Some("theirs".to_owned());
        assert_eq!(model.conflict(&task), Some(text("Task 1", "theirs")));
        update(&mut model, &task, Msg::TookTheirs);
        assert_eq!(model.conflict(&task), None, "it was read");
    }

    #[test]
    fn what_was_typed_outlives_the_drawer_and_what_was_not_does_not() {
        let (one, other) = (
            reading(1, vec![]).detail.task,
            reading(2, vec![]).detail.task,
        );
        let mut model = Model::default();
        update(&mut model, &one, Msg::Began);
        assert!(!model.has_drafts());
        update(&mut model, &one, typed("Half a thou"));
        update(&mut model, &other, Msg::Began);
        model.close();
        assert_eq!(model.draft(&one.id), Some(&text("Half a thou", "")));
        assert!(model.has_drafts());

        update(&mut model, &one, Msg::Began);
        assert!(model.draft(&one.id).is_some(), "it began anew");
        update(&mut model, &one, Msg::Left);
        assert_eq!(model, Model::default());
    }

    #[test]
    fn a_text_that_the_server_refuses_is_a_draft_again() {
        let task = reading(1, vec![]).detail.task;
        let mut model = Model::default();
        update(&mut model, &task, Msg::Began);
        let sort = text("Sort", "");
        assert!(update(&mut model, &task, Msg::Finished(sort.clone())).is_some());
        assert!(!model.has_drafts());
        model.answer(&task.id, false);
        assert_eq!(model.draft(&task.id), Some(&sort));

        assert!(update(&mut model, &task, Msg::Finished(sort)).is_some());
        model.answer(&task.id, true);
        assert_eq!(model, Model::default());
    }

    #[test]
    fn nothing_new_is_not_sent() {
        let task = reading(1, vec![]).detail.task;
        let mut model = Model::default();
        update(&mut model, &task, Msg::Began);
        let same = Msg::Finished(text(" Task 1", ""));
        assert_eq!(update(&mut model, &task, same), None);
        assert_eq!(model, Model::default());
    }
}

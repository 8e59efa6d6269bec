//! The form for a new task.

use domain::command::CreateTask;
use domain::id::TaskId;
use domain::outcome::named_parent;
use domain::status::Status;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// The fields of the form, by the names of its inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// The title, one line.
    pub title: String,
    /// The whole story; for the `shell` lane, the script.
    pub body: String,
    /// The script of its check; empty for none.
    pub check: String,
    /// The one who has to approve its work: a person, or a lane; empty for nobody.
    pub review: String,
    /// The assignee.
    pub assignee: String,
    /// The project or customer.
    pub tenant: String,
    /// A whole number, or nothing.
    pub priority: String,
    /// The ids of tasks to wait for, between spaces or commas, each with the outcome on which it starts
    /// (`t_1a2b3c4d:failure`) unless that is success.
    pub parents: String,
    /// True for an idea, which goes to triage.
    pub triage: bool,
}

impl Form {
    /// The task that was described.
    ///
    /// # Errors
    ///
    /// Fails when the priority is no number.
    pub fn into_task(self) -> Result<CreateTask, Refusal> {
        let priority = match self.priority.trim() {
            "" => 0,
            text => text.parse().map_err(|_| {
                Refusal::invalid(format!("priority is a whole number, not `{text}`"))
            })?,
        };
        Ok(CreateTask {
            title: self.title,
            body: filled(self.body),
            check: filled(self.check),
            review: filled(self.review),
            assignee: filled(self.assignee),
            tenant: filled(self.tenant),
            priority,
            parents: self
                .parents
                .split([' ', ',', '\n'])
                .filter(|id| !id.is_empty())
                .map(ToOwned::to_owned)
                .collect(),
            triage: self.triage,
            ..CreateTask::default()
        })
    }

    /// Reads the tokens in the title, each a word: `@assignee`, `!priority`, `#tenant`, `after:id`. What
    /// was filled in below stays, and a word that is no token, as in `fix #42`, stays where it is.
    #[must_use]
    pub fn with_tokens(self) -> Self {
        let mut form = self.clone();
        let words: Vec<&str> = self.title.split_whitespace().collect();
        let (mut title, count) = (Vec::new(), words.len());
        for word in words {
            if !form.take(word) {
                title.push(word);
            }
        }
        // A title has to be left.
        if title.is_empty() || title.len() == count {
            return self;
        }
        form.title = title.join(" ");
        form
    }

    /// Takes a token into its field; false for a word of the title.
    fn take(&mut self, word: &str) -> bool {
        // All that is not ASCII counts as letters: what Unicode knows of them would be much code.
        let is_name = |name: &str| {
            let is_letter = |it: char| it.is_ascii_alphabetic() || !it.is_ascii();
            name.starts_with(is_letter)
                && name
                    .chars()
                    .all(|it| is_letter(it) || it.is_ascii_digit() || "-_./".contains(it))
        };
        let (field, text) = if let Some(ids) = word.strip_prefix("after:") {
            let is_id = |id| named_parent(id).0.parse::<TaskId>().is_ok();
            let are_ids = ids.split(',').all(is_id);
            if are_ids {
                let parents = format!("{} {ids}", self.parents);
                parents.trim().clone_into(&mut self.parents);
            }
            return are_ids;
        } else if let Some(name) = word.strip_prefix('@').filter(|it| is_name(it)) {
            (&mut self.assignee, name)
        } else if let Some(name) = word.strip_prefix('#').filter(|it| is_name(it)) {
            (&mut self.tenant, name)
        } else if let Some(number) = word.strip_prefix('!')
            && number.parse::<i64>().is_ok()
        {
            (&mut self.priority, number)
        } else {
            return false;
        };
        let is_free = field.trim().is_empty();
        if is_free {
            text.clone_into(field);
        }
        is_free
    }

    /// The column in which the card is shown until the server has answered.
    pub fn likely_status(&self) -> Status {
        if self.triage {
            Status::Triage
        } else if self.parents.trim().is_empty() {
            Status::Ready
        } else {
            Status::Todo
        }
    }
}

/// An input that was left empty asks for nothing.
fn filled(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

/// The state of the form besides its draft.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// True when the next task is only an idea.
    pub triage: bool,
    /// The form that the server refused last.
    pub refused: Option<Refused>,
    /// A refused form that waits until there is room for it.
    pub aside: Option<Refused>,
}

/// A person's action in the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// Opened it from a column.
    OpenedFrom(Status),
    /// Said whether the task is only an idea.
    ChoseTriage(bool),
    /// Is typing another task, which the refused one must not overwrite.
    KeptTyping,
}

impl Model {
    /// Empties the form, because what was in it is on its way.
    pub fn clear(&mut self) {
        self.triage = false;
        self.refused = None;
    }

    /// Hands back a form that the server refused.
    pub fn refuse(&mut self, form: Form, refusal: Refusal) {
        self.refused = Some(Refused { form, refusal });
    }
}

/// Updates the model and returns what the person must be told.
pub fn update(model: &mut Model, msg: &Msg) -> Option<String> {
    match msg {
        Msg::OpenedFrom(column) => {
            model.triage = *column == Status::Triage;
            if model.refused.is_none() {
                model.refused = model.aside.take();
            }
            None
        }
        Msg::ChoseTriage(triage) => {
            model.triage = *triage;
            None
        }
        Msg::KeptTyping => {
            let refused = model.refused.take()?;
            let Refused { form, refusal } = &refused;
            let notice = format!("“{}”: {refusal}", form.title.trim());
            model.aside = Some(refused);
            Some(notice)
        }
    }
}

/// A form that the server refused: it is shown again as it was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// As it was filled in.
    pub form: Form,
    /// The server's refusal.
    pub refusal: Refusal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_inputs_ask_for_nothing() {
        let task = Form {
            title: "Count words".to_owned(),
            body: "\n".to_owned(),
            ..Form::default()
        }
        .into_task()
        .unwrap();
        let expected = CreateTask {
            title: "Count words".to_owned(),
            ..CreateTask::default()
        };
        assert_eq!(task, expected);
    }

    #[test]
    fn a_filled_form_keeps_every_field() {
        let task = Form {
            title: "Count words".to_owned(),
            body: "wc -w < text".to_owned(),
            check: "test -s count".to_owned(),
            review: "person".to_owned(),
            assignee: "shell".to_owned(),
            tenant: "acme".to_owned(),
            priority: " -2 ".to_owned(),
            parents: "t_1a, t_2b".to_owned(),
            triage: true,
        }
        .into_task()
        .unwrap();
        assert_eq!(task.body.as_deref(), Some("wc -w < text"));
        assert_eq!(task.check.as_deref(), Some("test -s count"));
        assert_eq!(task.review.as_deref(), Some("person"));
        assert_eq!(task.assignee.as_deref(), Some("shell"));
        assert_eq!(task.tenant.as_deref(), Some("acme"));
        assert_eq!(task.priority, -2);
        assert_eq!(task.parents, ["t_1a", "t_2b"]);
        assert!(task.triage);
    }

    #[test]
    fn a_priority_in_words_is_refused() {
        let form = Form {
            priority: "high".to_owned(),
            ..Form::default()
        };
        let refusal = form.into_task().unwrap_err();
        assert_eq!(refusal.message, "priority is a whole number, not `high`");
    }

    #[test]
    fn a_form_opened_from_triage_makes_an_idea() {
        let mut model = Model::default();
        update(&mut model, &Msg::OpenedFrom(Status::Triage));
        assert!(model.triage);
        update(&mut model, &Msg::ChoseTriage(false));
        assert!(!model.triage);
        update(&mut model, &Msg::ChoseTriage(true));
        update(&mut model, &Msg::OpenedFrom(Status::Ready));
        assert!(!model.triage);
    }

    #[test]
    fn a_refused_form_waits_until_the_one_that_is_being_typed_is_sent() {
        let form = Form {
            title: "Count words".to_owned(),
            ..Form::default()
        };
        let refusal = Refusal::invalid("no such parent");
        let mut model = Model::default();
        model.refuse(form.clone(), refusal.clone());

        let notice = update(&mut model, &Msg::KeptTyping);
        assert_eq!(notice.as_deref(), Some("“Count words”: no such parent"));
        assert_eq!(model.refused, None);

        model.clear();
        update(&mut model, &Msg::OpenedFrom(Status::Ready));
        assert_eq!(model.refused, Some(Refused { form, refusal }));
        assert_eq!(model.aside, None);
    }

    #[test]
    fn tokens_of_a_title_fill_fields() {
        let typed = |title: &str| {
            let form = Form {
                title: title.to_owned(),
                ..Form::default()
            };
            let Form {
                title,
                assignee,
                priority,
                tenant,
                parents,
                ..
            } = form.with_tokens();
            [title, assignee, priority, tenant, parents].join("|")
        };
        for (title, fields) in [
            (
                "Count @ada !7 #zeta after:t_1a2b words",
                "Count words|ada|7|zeta|t_1a2b",
            ),
            ("@ada Count  words", "Count words|ada|||"),
            (
                "Count after:t_1a,t_2b:failure after:t_3c",
                "Count||||t_1a,t_2b:failure t_3c",
            ),
            ("Count !-2", "Count||-2||"),
            ("Fix #42, now!  @ 5", "Fix #42, now!  @ 5||||"),
            (
                "Mail ada@example.org @media, !important after:noon",
                "Mail ada@example.org @media, !important after:noon||||",
            ),
            ("One @ada @bob", "One @bob|ada|||"),
            ("@ada", "@ada||||"),
            ("", "||||"),
        ] {
            assert_eq!(typed(title), fields);
        }
    }

    #[test]
    fn a_field_that_was_filled_in_keeps_what_it_says() {
        let form = Form {
            title: "Count @ada after:t_2b".to_owned(),
            assignee: "bob".to_owned(),
            parents: "t_1a".to_owned(),
            ..Form::default()
        };
        let form = form.with_tokens();
        assert_eq!(form.title, "Count @ada");
        assert_eq!(form.assignee, "bob");
        assert_eq!(form.parents, "t_1a t_2b");
    }

    #[test]
    fn a_draft_hangs_where_the_task_will_probably_hang() {
        let form = Form::default();
        assert_eq!(form.likely_status(), Status::Ready);
        let waiting = Form {
            parents: "t_1a".to_owned(),
            ..form
        };
        assert_eq!(waiting.likely_status(), Status::Todo);
        let idea = Form {
            triage: true,
            ..waiting
        };
        assert_eq!(idea.likely_status(), Status::Triage);
    }
}

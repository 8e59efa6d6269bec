//! Buttons and forms that people used (<https://api.slack.com/interactivity/handling>).

use std::collections::BTreeMap;

use domain::id::TaskId;
use serde::{Deserialize, Serialize};

use super::blocks::{self, ANSWER, TEXT};
use super::gate::{Gate, address, form};
use crate::gateway::{About, Heard};

/// An interaction.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Interaction {
    BlockActions(Press),
    ViewSubmission(Submission),
    #[serde(other)]
    Other,
}

/// A button was pressed.
#[derive(Debug, Deserialize)]
pub(super) struct Press {
    trigger_id: String,
    user: Named,
    channel: Named,
    message: Message,
    actions: Vec<Action>,
}

/// The form for an answer was filled in.
#[derive(Debug, Deserialize)]
pub(super) struct Submission {
    trigger_id: String,
    user: Named,
    view: View,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Message {
    ts: String,
    thread_ts: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Action {
    action_id: String,
    value: Option<String>,
}

#[derive(Debug, Deserialize)]
struct View {
    private_metadata: String,
    state: Filled,
}

/// The values of a form, by the names of their blocks and their own.
#[derive(Debug, Deserialize)]
struct Filled {
    values: BTreeMap<String, BTreeMap<String, Field>>,
}

#[derive(Debug, Deserialize)]
struct Field {
    value: Option<String>,
}

/// The private metadata of a form; it goes to Slack and comes back.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    task: TaskId,
    channel: String,
    thread: String,
}

impl Interaction {
    /// Reads a form with a `payload`.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut fields = form(body).into_iter();
        let (_, payload) = fields.find(|(name, _)| name == "payload")?;
        serde_json::from_str(&payload).ok()
    }
}

impl Gate {
    /// Does what was pressed or filled in, and says in the thread what came of it.
    pub(super) async fn take_interaction(&self, interaction: Interaction) {
        match interaction {
            Interaction::BlockActions(press) => self.take_press(press).await,
            Interaction::ViewSubmission(submission) => self.take_submission(submission).await,
            Interaction::Other => {}
        }
    }

    async fn take_press(&self, press: Press) {
        let Message { ts, thread_ts } = press.message;
        let thread = thread_ts.unwrap_or(ts);
        let action = press.actions.into_iter().next();
        let Some(Action {
            action_id,
            value: Some(task),
        }) = action
        else {
            return;
        };
        let Ok(task) = task.parse::<TaskId>() else {
            return;
        };
        let from = address(&press.channel.id, &thread, &press.user.id);
        match action_id.as_str() {
            verb if crate::message::Press::named(verb).is_some() => {
                let heard = Heard {
                    from,
                    key: format!("trigger:{}", press.trigger_id),
                    text: format!("/kanban {verb} {task}"),
                    about: About::Anything,
                };
                self.answer(&heard).await;
            }
            ANSWER if self.gateway.lets_in(&from) => {
                let remembered = Remembered {
                    task,
                    channel: press.channel.id,
                    thread,
                };
                self.ask(&press.trigger_id, &remembered).await;
            }
            ANSWER => {
                if let Some(refusal) = self.gateway.refuse(&from).await {
                    self.slack.reply(&from, &refusal).await;
                }
            }
            _ => {}
        }
    }

    /// Opens the form for an answer.
    async fn ask(&self, trigger_id: &str, remembered: &Remembered) {
        // Nothing in it can fail to be JSON.
        let text = serde_json::to_string(remembered).unwrap_or_default();
        let view = blocks::form(&remembered.task, &text);
        if let Err(failure) = self.slack.open(trigger_id, view).await {
            tracing::warn!(error = failure.error, "a form did not get to Slack");
        }
    }

    async fn take_submission(&self, submission: Submission) {
        let View {
            private_metadata,
            state: Filled { mut values },
        } = submission.view;
        let text = values
            .remove(ANSWER)
            .and_then(|mut fields| fields.remove(TEXT)?.value);
        let remembered = serde_json::from_str(&private_metadata);
        let (
            Some(text),
            Ok(Remembered {
                task,
                channel,
                thread,
            }),
        ) = (text, remembered)
        else {
            return;
        };
        let heard = Heard {
            from: address(&channel, &thread, &submission.user.id),
            key: format!("trigger:{}", submission.trigger_id),
            text,
            about: About::Question(task),
        };
        self.answer(&heard).await;
    }

    /// Answers in the thread what was pressed or filled in there.
    async fn answer(&self, heard: &Heard) {
        if let Some(reply) = self.gateway.hear(heard).await {
            self.slack.reply(&heard.from, &reply).await;
        }
    }
}

//! The messages, in the forms in which channels take them.

use domain::id::TaskId;
use domain::notify::delivery::Delivery;
use domain::notify::notice::Notice;
use domain::text::json;
use domain::time::Timestamp;
use serde::Serialize;

/// The most lines of a folded message: as many as fit into a message everywhere.
const LINES: usize = 20;

/// The hint below a question, where a reply comes back to us.
pub(super) const HINT: &str = "Reply to this message to answer.";

/// An act by a button below a message, where a press comes back to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Press {
    /// Let a blocked task go on.
    Unblock,
    /// Approve the work on a task.
    Approve,
}

impl Press {
    /// The label of the button.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Unblock => "Let it go on",
            Self::Approve => "Approve",
        }
    }

    /// The label of the button that opens a form.
    pub(super) const fn form_label(self) -> &'static str {
        match self {
            Self::Unblock => "Answer",
            Self::Approve => "Request changes",
        }
    }

    /// The verb of the command line, by which the press comes back.
    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Unblock => "unblock",
            Self::Approve => "approve",
        }
    }

    /// Returns the press that comes back by this verb.
    pub(super) fn named(verb: &str) -> Option<Self> {
        [Self::Unblock, Self::Approve]
            .into_iter()
            .find(|press| press.verb() == verb)
    }

    /// Returns the press below the news of this kind.
    pub(super) fn below(kind: &str) -> Option<Self> {
        match kind {
            "blocked" => Some(Self::Unblock),
            "review_requested" => Some(Self::Approve),
            _ => None,
        }
    }
}

/// One message: a piece of news, or several for people who would get too many messages.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The receiver's key of it.
    pub(super) key: String,
    /// The notices, at least one.
    news: Vec<Notice>,
    /// The board's address.
    url: Option<String>,
}

/// The payload for programs: the envelope of Standard Webhooks, with a text for people in it.
#[derive(Debug, Serialize)]
struct Envelope<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    notice: &'a Notice,
    text: String,
    url: Option<String>,
}

impl Message {
    /// The message that tells these. `None` when there is nothing to tell.
    pub(super) fn of(deliveries: &[Delivery], url: Option<&str>) -> Option<Self> {
        let first = deliveries.first()?;
        Some(Self {
            key: first.key.clone(),
            news: deliveries
                .iter()
                .map(|delivery| delivery.notice.clone())
                .collect(),
            url: url.map(str::to_owned),
        })
    }

    /// For people: with a link below.
    pub(super) fn text(&self) -> String {
        let said = match self.news.as_slice() {
            [only] => only.text(),
            several => folded(several),
        };
        match self.link() {
            Some(link) => format!("{said}\n{link}"),
            None => said,
        }
    }

    /// For people, where there is a place of its own for the link.
    pub(super) fn link(&self) -> Option<String> {
        let url = self.url.as_deref()?;
        match self.news.as_slice() {
            [only] => Some(format!("{url}/t/{}", only.task_id)),
            _ => Some(url.to_owned()),
        }
    }

    /// The task that asks something, where that is all that is told, and what a press does.
    pub(super) fn question(&self) -> Option<(&TaskId, Press)> {
        match self.news.as_slice() {
            [only] => Some((&only.task_id, Press::below(&only.kind)?)),
            _ => None,
        }
    }

    /// For programs. They get one piece of news at a time.
    pub(super) fn json(&self) -> String {
        let envelopes: Vec<String> = self
            .news
            .iter()
            .map(|notice| self.envelope(notice))
            .collect();
        envelopes.join("\n")
    }

    fn envelope(&self, notice: &Notice) -> String {
        let url = self.url.as_deref();
        let envelope = Envelope {
            id: &self.key,
            kind: format!("task.{}", notice.kind),
            timestamp: rfc3339(notice.at),
            data: Data {
                notice,
                text: notice.text(),
                url: url.map(|url| format!("{url}/t/{}", notice.task_id)),
            },
        };
        // Nothing in it can fail to be JSON.
        json::to_string(&envelope).unwrap_or_default()
    }
}

fn folded(news: &[Notice]) -> String {
    let lines = news.iter().take(LINES).map(|notice| {
        let text = notice.text();
        text.lines().next().unwrap_or_default().to_owned()
    });
    let mut said = vec![format!("{} pieces of news:", news.len())];
    said.extend(lines);
    if news.len() > LINES {
        said.push(format!("… and {} more", news.len() - LINES));
    }
    said.join("\n")
}

fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use domain::id::{DeliveryId, EventId};
    use domain::notify::Address;
    use domain::notify::delivery::DeliveryState;
    use domain::status::Status;

    use super::*;

    /// A delivery to this place that tells that a task is blocked.
    pub(crate) fn delivery(platform: &str, chat_id: &str) -> Delivery {
        Delivery {
            id: DeliveryId(1),
            key: "msg_1".to_owned(),
            to: Address {
                platform: platform.to_owned(),
                chat_id: chat_id.to_owned(),
                thread_id: String::new(),
                user_id: None,
            },
            notice: Notice {
                event_id: EventId(7),
                kind: "blocked".to_owned(),
                at: Timestamp(1_777_200_000),
                task_id: TaskId::from_bits(0x9f),
                title: "Count the ships".to_owned(),
                assignee: None,
                tenant: None,
                status: Status::Blocked,
                detail: Some("which port?".to_owned()),
            },
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt_at: Timestamp(0),
            error: None,
            created_at: Timestamp(0),
            settled_at: None,
        }
    }

    #[test]
    fn people_get_a_text_with_a_link() {
        let one = Message::of(&[delivery("telegram", "7")], Some("https://k.example")).unwrap();
        assert_eq!(
            one.text(),
            "⏸ Kanban t_0000009f blocked: which port?\nhttps://k.example/t/t_0000009f"
        );
        let without = Message::of(&[delivery("telegram", "7")], None).unwrap();
        assert_eq!(without.text(), "⏸ Kanban t_0000009f blocked: which port?");
    }

    #[test]
    fn many_pieces_of_news_become_one_message_with_a_line_each() {
        let many = vec![delivery("telegram", "7"); 25];
        let message = Message::of(&many, Some("https://k.example")).unwrap();
        let text = message.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + LINES + 2);
        assert_eq!(lines[0], "25 pieces of news:");
        assert_eq!(lines[1], "⏸ Kanban t_0000009f blocked: which port?");
        assert_eq!(lines[21..], ["… and 5 more", "https://k.example"]);
    }

    #[test]
    fn programs_get_the_envelope_of_standard_webhooks() {
        let one = Message::of(&[delivery("webhook", "ci")], Some("https://k.example")).unwrap();
        assert_eq!(
            one.json(),
            r#"{"id":"msg_1","type":"task.blocked","timestamp":"2026-04-26T10:40:00Z","data":{"event_id":7,"kind":"blocked","at":1777200000,"task_id":"t_0000009f","title":"Count the ships","assignee":null,"tenant":null,"status":"blocked","detail":"which port?","text":"⏸ Kanban t_0000009f blocked: which port?","url":"https://k.example/t/t_0000009f"}}"#
        );
    }
}

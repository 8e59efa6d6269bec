//! The filter of cards.

use domain::board::TaskSummary;
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::board::staleness::Staleness;
use crate::query;

/// The filter of the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a toggle of its own, and any of them may be set"
)]
pub struct Filter {
    /// Words that a card must contain, all of them.
    pub text: String,
    /// Only tasks of this tenant.
    pub tenant: Option<String>,
    /// Only tasks of this assignee.
    pub assignee: Option<Whose>,
    /// Only tasks that need a person.
    pub blocked: bool,
    /// Only tasks that have been where they are for too long.
    pub stale: bool,
    /// Only tasks that are due at some time, the soonest first.
    pub due: bool,
    /// Archived tasks too, in a column of their own.
    pub archived: bool,
    /// Running tasks under the names of those who work on them.
    pub lanes: bool,
}

/// The choice of an assignee, or of tasks without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whose {
    /// Those that nobody has.
    Nobodys,
    /// Those of this assignee.
    Of(String),
}

/// A person's change of the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// Is looking for these words.
    Typed(String),
    /// Chose a tenant, or all of them.
    ChoseTenant(Option<String>),
    /// Chose an assignee, or all of them.
    ChoseAssignee(Option<Whose>),
    /// Wants only what needs a person, or everything.
    ToggledBlocked,
    /// Wants only what has been where it is for too long, or everything.
    ToggledStale,
    /// Wants only what is due, the soonest first, or everything.
    ToggledDue,
    /// Wants to see the archive, or not.
    ToggledArchived,
    /// Wants running tasks under names, or not.
    ToggledLanes,
    /// Wants to see everything again.
    Cleared,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            text: String::new(),
            tenant: None,
            assignee: None,
            blocked: false,
            stale: false,
            due: false,
            archived: false,
            lanes: true,
        }
    }
}

impl Filter {
    /// Reads the part of a URL after the question mark. What it does not say is as usual, and what it
    /// does not know is left alone.
    pub fn from_query(text: &str, usual: &Self) -> Self {
        let mut filter = usual.clone();
        for (key, value) in query::pairs(text) {
            match key.as_str() {
                "q" => filter.text = value,
                "tenant" => filter.tenant = Some(value).filter(|tenant| !tenant.is_empty()),
                "assignee" => filter.assignee = Some(Whose::from_text(value)),
                "blocked" => filter.blocked = value == "1",
                "stale" => filter.stale = value == "1",
                "due" => filter.due = value == "1",
                "archived" => filter.archived = value == "1",
                "lanes" => filter.lanes = value != "0",
                _ => {}
            }
        }
        filter
    }

    /// The text that [`Filter::from_query`] reads back; empty for what is usual.
    pub fn query(&self, usual: &Self) -> String {
        let flag = |is_set: bool, was_set: bool, key| {
            (is_set != was_set).then_some((key, if is_set { "1" } else { "0" }))
        };
        let tenant = self.tenant.as_deref().unwrap_or_default();
        let assignee = self.assignee.as_ref().map(Whose::as_str);
        query::write(
            [
                (!self.text.is_empty()).then_some(("q", self.text.as_str())),
                (self.tenant != usual.tenant).then_some(("tenant", tenant)),
                assignee.map(|assignee| ("assignee", assignee)),
                flag(self.blocked, usual.blocked, "blocked"),
                flag(self.stale, usual.stale, "stale"),
                flag(self.due, usual.due, "due"),
                flag(self.archived, usual.archived, "archived"),
                flag(self.lanes, usual.lanes, "lanes"),
            ]
            .into_iter()
            .flatten(),
        )
    }

    /// Returns true when it hides any card.
    pub fn is_active(&self) -> bool {
        !self.text.trim().is_empty()
            || self.tenant.is_some()
            || self.assignee.is_some()
            || self.blocked
            || self.stale
            || self.due
    }

    /// The order of a column by this key, where it is not that of the board.
    pub fn order(&self, column: &Status) -> Option<fn(&TaskSummary) -> i64> {
        if self.due {
            return Some(|task| task.due_at.map_or(i64::MAX, |due| due.0));
        }
        // The last to be finished is looked for first.
        (column.is_finished()).then_some(|task| -task.status_since.0)
    }

    /// A test of cards. `words` of each card are [`words`] of its task, made beforehand;
    /// `is_found` says of others that their texts hold what is looked for.
    pub fn tester(
        &self,
        now: Timestamp,
        is_found: impl Fn(&TaskId) -> bool,
    ) -> impl Fn(&TaskSummary, &str) -> bool {
        let wanted = wanted(&self.text);
        move |task, words| {
            (Fit::of(task, words, &wanted).is_some() || is_found(&task.id))
                && (self.tenant.is_none() || self.tenant == task.tenant)
                && self.assignee.as_ref().is_none_or(|whose| whose.has(task))
                && (!self.blocked || task.status == Status::Blocked)
                && (!self.due || task.due_at.is_some())
                && (!self.stale || Staleness::of(task, now) != Staleness::Fresh)
        }
    }
}

impl Whose {
    /// As it stands in a URL. Nobody's tasks are those of the empty name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Nobodys => "",
            Self::Of(name) => name,
        }
    }

    /// Reads what [`Whose::as_str`] wrote.
    pub fn from_text(text: String) -> Self {
        if text.is_empty() {
            Self::Nobodys
        } else {
            Self::Of(text)
        }
    }

    fn has(&self, task: &TaskSummary) -> bool {
        match self {
            Self::Nobodys => task.assignee.is_none(),
            Self::Of(name) => task.assignee.as_ref() == Some(name),
        }
    }
}

/// The fewest characters of an id that find it without its `t_`: as many as the shortest ids have.
const SHORTEST_ID: usize = 4;

/// The quality of a match between a task and the words of a search, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// They are its title.
    Whole,
    /// Its title begins with them.
    Start,
    /// All of them are in its title.
    Title,
    /// All of them are on its card.
    Card,
    /// Its id is one of them, or begins with it.
    Id,
}

impl Fit {
    /// Every fit, best first.
    pub const ALL: [Self; 5] = [Self::Whole, Self::Start, Self::Title, Self::Card, Self::Id];

    /// Returns `None` for a task that does not fit. `words` of the task are [`words`], made beforehand.
    pub fn of(task: &TaskSummary, words: &str, wanted: &[String]) -> Option<Self> {
        let title = words.split('\n').next().unwrap_or_default();
        let all_in = |text: &str| wanted.iter().all(|word| text.contains(word.as_str()));
        if all_in(words) {
            let phrase = wanted.join(" ");
            return Some(match title.strip_prefix(&phrase) {
                Some("") => Self::Whole,
                Some(_) => Self::Start,
                None if all_in(title) => Self::Title,
                None => Self::Card,
            });
        }
        let id = task.id.as_str();
        let digits = id.strip_prefix("t_").unwrap_or(id);
        // Ids are digits by chance: a few of them inside of one are not what anybody looks for.
        let is_id = |word: &str| {
            (word.len() >= SHORTEST_ID && digits.starts_with(word))
                || (word.len() > "t_".len() && id.starts_with(word))
        };
        let mut wanted = wanted.iter();
        wanted
            .all(|word| words.contains(word.as_str()) || is_id(word))
            .then_some(Self::Id)
    }
}

/// The words of a query, in small letters.
pub fn wanted(query: &str) -> Vec<String> {
    let query = query.to_lowercase();
    query.split_whitespace().map(ToOwned::to_owned).collect()
}

/// Everything on a card that a search looks at, in small letters, the title first. The id is looked at
/// by [`Fit`].
pub fn words(task: &TaskSummary) -> String {
    let fields = [
        Some(task.title.as_str()),
        task.assignee.as_deref(),
        task.tenant.as_deref(),
    ];
    // A line break keeps a word from being found across two fields.
    let words: Vec<String> = fields
        .into_iter()
        .flatten()
        .map(str::to_lowercase)
        .collect();
    words.join("\n")
}

/// Takes in what a person did.
pub fn update(filter: &mut Filter, msg: Msg) {
    match msg {
        Msg::Typed(text) => filter.text = text,
        Msg::ChoseTenant(tenant) => filter.tenant = tenant,
        Msg::ChoseAssignee(assignee) => filter.assignee = assignee,
        Msg::ToggledBlocked => filter.blocked = !filter.blocked,
        Msg::ToggledStale => filter.stale = !filter.stale,
        Msg::ToggledDue => filter.due = !filter.due,
        Msg::ToggledArchived => filter.archived = !filter.archived,
        Msg::ToggledLanes => filter.lanes = !filter.lanes,
        Msg::Cleared => {
            *filter = Filter {
                archived: filter.archived,
                lanes: filter.lanes,
                ..Filter::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::fixture::{NOW, summary};
    use domain::time::Seconds;

    use super::*;
    use crate::fixture::with_status;

    fn shows(filter: &Filter, task: &TaskSummary) -> bool {
        filter.tester(NOW, |_| false)(task, &words(task))
    }

    fn looking_for(text: &str) -> Filter {
        Filter {
            text: text.to_owned(),
            ..Filter::default()
        }
    }

    #[test]
    fn every_part_of_a_filter_reads_back_from_its_query() {
        let usual = Filter::default();
        let mut filter = usual.clone();
        for msg in [
            Msg::Typed("50 % & more=less".to_owned()),
            Msg::ChoseTenant(Some("acme".to_owned())),
            Msg::ChoseAssignee(Some(Whose::Of("a b".to_owned()))),
            Msg::ToggledBlocked,
            Msg::ToggledStale,
            Msg::ToggledDue,
            Msg::ToggledArchived,
            Msg::ToggledLanes,
        ] {
            update(&mut filter, msg);
            assert_eq!(Filter::from_query(&filter.query(&usual), &usual), filter);
        }
        update(&mut filter, Msg::ChoseAssignee(Some(Whose::Nobodys)));
        assert_eq!(Filter::from_query(&filter.query(&usual), &usual), filter);
    }

    #[test]
    fn a_query_says_what_is_not_as_usual_on_this_board() {
        let usual = Filter {
            tenant: Some("acme".to_owned()),
            archived: true,
            lanes: false,
            ..Filter::default()
        };
        assert_eq!(Filter::from_query("", &usual), usual);
        assert_eq!(usual.query(&usual), "");

        let whole = Filter::default();
        assert_eq!(whole.query(&usual), "tenant=&archived=0&lanes=1");
        assert_eq!(Filter::from_query(&whole.query(&usual), &usual), whole);
    }

    #[test]
    fn the_whole_board_has_no_query() {
        let whole = Filter::default();
        assert_eq!(whole.query(&whole), "");
        assert_eq!(Filter::from_query("__err=x&utm=y&&=", &whole), whole);
    }

    #[test]
    fn a_search_finds_all_its_words_anywhere_on_the_card() {
        let mut task = summary(0xab);
        task.title = "Count the Words".to_owned();
        task.tenant = Some("Acme".to_owned());
        for found in ["count", "WORDS count", "t_000000ab", "shell acme", "  "] {
            assert!(shows(&looking_for(found), &task), "{found}");
        }
        for missed in ["sort", "count sort", "wordsshell"] {
            assert!(!shows(&looking_for(missed), &task), "{missed}");
        }
    }

    #[test]
    fn an_id_is_found_by_its_beginning_and_not_by_what_is_inside() {
        let mut task = summary(0x9f_2a01);
        task.title = "Count".to_owned();
        for found in ["t_009f2a01", "t_009f", "T_009F", "009f", "count 009f"] {
            assert!(shows(&looking_for(found), &task), "{found}");
        }
        for missed in ["1", "t_", "009", "9f2a", "2a01"] {
            assert!(!shows(&looking_for(missed), &task), "{missed}");
        }
    }

    #[test]
    fn titles_fit_better_than_the_rest_of_a_card_and_that_better_than_ids() {
        let fit = |title: &str, query: &str| {
            let mut task = summary(0x1234_5678);
            task.title = title.to_owned();
            Fit::of(&task, &words(&task), &wanted(query))
        };
        assert_eq!(fit("Card 1", "card 1"), Some(Fit::Whole));
        assert_eq!(fit("Card 10", "card 1"), Some(Fit::Start));
        assert_eq!(fit("The 1st card", "card 1"), Some(Fit::Title));
        assert_eq!(fit("Card 1", "shell 1"), Some(Fit::Card));
        assert_eq!(fit("Card 0", "card 1234"), Some(Fit::Id));
        assert_eq!(fit("Card 0", "card 1"), None);
    }

    #[test]
    fn tenants_and_assignees_are_told_apart() {
        let mut task = summary(1);
        task.tenant = Some("acme".to_owned());
        let of = |tenant: &str| Filter {
            tenant: Some(tenant.to_owned()),
            ..Filter::default()
        };
        assert!(shows(&of("acme"), &task));
        assert!(!shows(&of("other"), &task));

        let whose = |assignee| Filter {
            assignee: Some(assignee),
            ..Filter::default()
        };
        assert!(shows(&whose(Whose::Of("shell".to_owned())), &task));
        assert!(!shows(&whose(Whose::Nobodys), &task));
        task.assignee = None;
        assert!(shows(&whose(Whose::Nobodys), &task));
    }

    #[test]
    fn the_chips_show_what_needs_attention() {
        let blocked = Filter {
            blocked: true,
            ..Filter::default()
        };
        assert!(shows(&blocked, &with_status(1, Status::Blocked)));
        assert!(!shows(&blocked, &summary(1)));

        let stale = Filter {
            stale: true,
            ..Filter::default()
        };
        let mut task = summary(1);
        assert!(!shows(&stale, &task));
        task.status_since = NOW - Seconds(3_600);
        assert!(shows(&stale, &task));
    }

    #[test]
    fn clearing_shows_everything_and_keeps_what_hides_nothing() {
        let mut filter = looking_for("x");
        filter.archived = true;
        assert!(filter.is_active());
        update(&mut filter, Msg::Cleared);
        assert!(!filter.is_active());
        assert!(filter.archived);
    }
}

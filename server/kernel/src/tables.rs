//! The tables that an export contains.

/// The tables of a board, each after those that it refers to. Left out are those that follow from
/// these: the search index, the attempts as hermes reads them, and the dispatcher's report. So are
/// the keys of requests and the landings, which belong to the server that answered or makes them, and the
/// home folder.
pub(crate) const TABLES: [&str; 18] = [
    "tasks",
    "task_links",
    "task_comments",
    "task_events",
    "kanban_notify_subs",
    "runs",
    "receipts",
    "idempotency_keys",
    "acts",
    "pauses",
    "lane_holds",
    "workspaces",
    "branches",
    "audit",
    "places",
    "board_subscriptions",
    "deliveries",
    "chat_messages",
];

/// The version of the format, in the first line of an export.
pub(crate) const FORMAT: i64 = 1;

/// Returns true for the name of a table of a board.
pub(crate) fn is_ours(name: &str) -> bool {
    TABLES.contains(&name)
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;
    use crate::{IfLost, open};

    #[test]
    fn every_table_is_taken_along_or_follows_from_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let conn = open::for_writing(&folder.path().join("kanban.db"), Timestamp(0), IfLost::Make)
            .unwrap();
        let mut statement = conn
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap();
        let names = statement
            .query_map((), |row| row.get::<_, String>(0))
            .unwrap();
        let follows = |name: &str| {
            matches!(
                name,
                "dispatcher"
                    | "foreign_moves"
                    | "home"
                    | "landings"
                    | "requests"
                    | "sqlite_sequence"
                    | "task_runs"
            ) || name.starts_with("search")
        };
        for name in names.map(Result::unwrap) {
            assert!(TABLES.contains(&name.as_str()) || follows(&name), "{name}");
        }
    }
}

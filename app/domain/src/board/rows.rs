//! Cards as a page is sent them: each an array of its fields in order, without their names, which are
//! two thirds of a board as objects.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::TaskSummary;

pub(super) fn serialize<S: Serializer>(
    tasks: &[TaskSummary],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(tasks.iter().map(Row))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<TaskSummary>, D::Error> {
    let rows = Vec::<Row<TaskSummary>>::deserialize(deserializer)?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// A card that is written and read as an array.
struct Row<T>(T);

struct Fields;

/// Makes arrays of these fields, of which none may be missing.
macro_rules! row {
    ($($field:ident,)+) => {
        impl Serialize for Row<&TaskSummary> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let TaskSummary { $($field,)+ } = self.0;
                let mut row = serializer.serialize_tuple(LENGTH)?;
                $(row.serialize_element($field)?;)+
                row.end()
            }
        }

        impl<'de> Visitor<'de> for Fields {
            type Value = Row<TaskSummary>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a card")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
                let is_short = || A::Error::custom("a field of a card is missing");
                Ok(Row(TaskSummary {
                    $($field: row.next_element()?.ok_or_else(is_short)?,)+
                }))
            }
        }

        const LENGTH: usize = [$(stringify!($field)),+].len();
    };
}

row! {
    id, number, title, assignee, status, has_worker, is_checking, checked, has_changed_since, is_landing,
    priority, tenant, created_at, started_at, completed_at, status_since, not_before, due_at, failures,
    last_error, waiting, block_reason, outcome, names_reviewer, reviewer, is_dead_end, parents, children,
    children_done, comments,
}

impl<'de> Deserialize<'de> for Row<TaskSummary> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(LENGTH, Fields)
    }
}

#[cfg(test)]
mod tests {
    use crate::board::Snapshot;
    use crate::fixture::summary;

    #[test]
    fn a_board_reads_back_as_it_is_written() {
        let mut task = summary(3);
        task.assignee = Some("claude".to_owned());
        (task.has_worker, task.is_dead_end) = (true, true);
        (task.parents, task.comments) = (4, 5);
        let snapshot = Snapshot {
            tasks: vec![summary(1), task],
            ..Snapshot::default()
        };
        let json = serde_json::to_string(&snapshot).unwrap();
        assert!(json.starts_with("{\"tasks\":[[\"t_"), "{json}");
        assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
        let cut = json.replace(",5]],", "]],");
        assert!(serde_json::from_str::<Snapshot>(&cut).is_err(), "{cut}");
    }
}

//! The task of the golden files.

use domain::fixture;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;

/// A task of which most is said.
pub(in crate::rest) fn task(id: &str, status: Status) -> Task {
    Task {
        id: id.parse().unwrap(),
        title: "a".to_owned(),
        body: Some("líne\none".to_owned()),
        assignee: Some("w".to_owned()),
        status,
        priority: -3,
        created_by: Some("dashboard".to_owned()),
        created_at: Timestamp(1_777_200_000),
        tenant: Some("acme".to_owned()),
        waiting: true,
        status_since: Timestamp(1_777_200_001),
        ..fixture::task(1)
    }
}

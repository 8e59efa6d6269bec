//! Reviews: who judges work before it counts as done.

use serde::{Deserialize, Serialize};

use crate::id::RunId;

/// The reviewer who is no lane: a person.
pub const PERSON: &str = "person";

/// The number of times that changes may be asked for before a person has to look.
pub const ROUNDS: u32 = 3;

/// Work that is done and waits for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    /// The one who is to judge it: [`PERSON`], or the name of a lane.
    pub reviewer: String,
    /// The run whose work it is; `None` where a person did it without one.
    pub run: Option<RunId>,
    /// The name of whoever did it, who may not approve it.
    pub worked_by: String,
    /// The number of times in a row that changes were asked for.
    #[serde(default)]
    pub rounds: u32,
}

impl Review {
    /// Returns true if a person is to judge it.
    pub fn is_for_person(&self) -> bool {
        self.reviewer == PERSON
    }
}

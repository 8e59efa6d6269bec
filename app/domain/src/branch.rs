//! The branch of a task in a git repository, and the facts that the board keeps of it.

use serde::{Deserialize, Serialize};

use crate::check::{CheckEnd, Verdict};

/// The branch that the workers of a task commit to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// The path of its repository.
    pub repository: String,
    /// The commit at which the work began; `None` where an earlier version made the branch.
    pub base: Option<String>,
    /// The branch on which the repository stood at that time; `None` where it stood on none.
    pub onto: Option<String>,
    /// The commit at which the board last saw it.
    pub tip: Option<String>,
    /// The branch on which its work has landed last.
    #[serde(default)]
    pub landed_onto: Option<String>,
    /// The commit by which that holds its work.
    #[serde(default)]
    pub landed_commit: Option<String>,
}

impl Branch {
    /// Returns true where the last receipt of the task says that all of it has landed.
    pub fn has_landed(&self, last: Option<&CheckEnd>) -> bool {
        let last = last.filter(|last| last.verdict == Verdict::Landed);
        last.is_some_and(|last| last.git.commit == self.tip)
    }

    /// Its base in words, such as `1a2b3c4 of main`.
    pub fn begins_at(&self) -> Option<String> {
        let base = short(self.base.as_deref()?);
        Some(match &self.onto {
            Some(onto) => format!("{base} of {onto}"),
            None => base.to_owned(),
        })
    }
}

/// Returns the beginning of a commit's id, as git abbreviates it.
pub fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_named_by_the_branch_that_it_was_on() {
        let branch = Branch {
            name: "kanban/t_1".to_owned(),
            repository: "/r".to_owned(),
            base: Some("0123456789abcdef".to_owned()),
            onto: Some("main".to_owned()),
            ..Branch::default()
        };
        assert_eq!(branch.begins_at().unwrap(), "0123456789 of main");
        let detached = Branch {
            onto: None,
            ..branch.clone()
        };
        assert_eq!(detached.begins_at().unwrap(), "0123456789");
        let unknown = Branch {
            base: None,
            ..branch
        };
        assert_eq!(unknown.begins_at(), None);
    }
}

//! Secrets stand in the environment or in files of their own, never in `kanban.toml`.

use std::fmt;
use std::path::PathBuf;

use dispatcher::plain_file;
use serde::Deserialize;

/// A secret. Nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    /// The secret itself, for a request.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A secret is a line; what is longer is something else.
const MOST_BYTES: u64 = 64 * 1024;

/// The place of a secret: `{ env = "NAME" }` or `{ file = "/path" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Reference {
    Env(String),
    File(PathBuf),
}

impl Reference {
    /// The secret that stands there, without the line break at its end. It blocks.
    pub(super) fn resolve(&self) -> Result<Secret, String> {
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| format!("{self} is not set"))?,
            Self::File(path) => {
                let path = expand(path);
                let read = plain_file::owned_text(&path, MOST_BYTES);
                read.map_err(|error| format!("{} cannot be read: {error}", path.display()))?
            }
        };
        match text.trim() {
            "" => Err(format!("{self} is empty")),
            secret => Ok(Secret(secret.to_owned())),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A secret that somebody took for its place has other characters in it, most often.
            Self::Env(name)
                if !name
                    .bytes()
                    .all(|it| it.is_ascii_alphanumeric() || it == b'_') =>
            {
                f.write_str("the environment variable with the odd name")
            }
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

/// A leading `~/` is the home folder of the user.
fn expand(path: &std::path::Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_its_file_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "swordfish\n").unwrap();
        let secret = Reference::File(path).resolve().unwrap();
        assert_eq!(secret.reveal(), "swordfish");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn a_secret_that_is_not_there_is_named_by_its_place() {
        let nowhere = Reference::Env("KANBAN_NO_SUCH_SECRET".to_owned());
        let error = nowhere.resolve().unwrap_err();
        assert_eq!(
            error,
            "the environment variable KANBAN_NO_SUCH_SECRET is not set"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        std::fs::write(&path, "\n").unwrap();
        assert!(
            Reference::File(path)
                .resolve()
                .unwrap_err()
                .ends_with("is empty")
        );
    }
}

//! Damage to the file: noticed when SQLite meets it, or by a check of the whole file. From then on
//! the board is read-only, because further writes make it worse.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Kernel;
use crate::error::Error;

/// The time limit of a check of the whole file: enough for some gigabytes.
const CHECK_LIMIT: Duration = Duration::from_secs(30);

/// A flag that is set once the file is known to be damaged. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Damage(Arc<Known>);

#[derive(Debug)]
struct Known {
    path: PathBuf,
    is_damaged: AtomicBool,
}

impl Damage {
    pub(crate) fn none_known(path: &Path) -> Self {
        Self(Arc::new(Known {
            path: path.to_owned(),
            is_damaged: AtomicBool::new(false),
        }))
    }

    /// Refuses every write, once damage is known.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.0.is_damaged.load(Ordering::Relaxed) {
            return Err(Error::Corrupt(self.0.path.clone()));
        }
        Ok(())
    }

    /// Sets the flag if the error is damage, and names the file in it.
    pub(crate) fn notice(&self, error: Error) -> Error {
        if !error.is_damage() {
            return error;
        }
        let error = Error::Corrupt(self.0.path.clone());
        if !self.0.is_damaged.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "the board is only read from now on");
        }
        error
    }
}

impl Kernel {
    /// Checks the whole file for damage, for half a minute at most; readers and the writer work on.
    ///
    /// # Errors
    /// Fails if it is damaged, or could not be checked.
    pub async fn look_for_damage(&self) -> Result<(), Error> {
        self.readers
            .read_for(CHECK_LIMIT, |conn| {
                let found: String =
                    conn.query_one("PRAGMA quick_check(1)", (), |row| row.get(0))?;
                match found.as_str() {
                    "ok" => Ok(()),
                    _ => Err(Error::Torn(found)),
                }
            })
            .await
    }

    /// Returns the damage for which the board is read-only, if any.
    pub fn damage(&self) -> Option<Error> {
        self.readers.damage().check().err()
    }
}

//! Damage to the file: noticed when SQLite meets it, or by a check of the whole file. From then on
//! the board is read-only, because further writes make it worse.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Kernel;
use crate::error::Error;

/// The time limit of a check of the whole file: enough for some gigabytes.
const CHECK_LIMIT: Duration = Duration::from_secs(30);

/// Flags that are set once the file is known to be damaged, or gone. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Damage(Arc<Known>);

#[derive(Debug)]
struct Known {
    path: PathBuf,
    /// The device and inode of the file that was opened.
    file: Option<(u64, u64)>,
    is_damaged: AtomicBool,
    is_gone: AtomicBool,
}

impl Damage {
    /// Nothing is known of the file that was opened just now.
    pub(crate) fn none_known(path: &Path) -> Self {
        Self(Arc::new(Known {
            path: path.to_owned(),
            file: file(path).ok(),
            is_damaged: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Checks that the path still leads to the file that was opened: what is written to one that was
    /// removed or replaced is lost. It blocks, for one `stat`.
    pub(crate) fn look_for_file(&self) {
        let is_gone = match file(&self.0.path) {
            Ok(found) => self.0.file.is_some_and(|opened| opened != found),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        if is_gone != self.0.is_gone.swap(is_gone, Ordering::Relaxed) {
            let path = self.0.path.display();
            if is_gone {
                tracing::error!(%path, "the file of the board is gone or another one");
            } else {
                tracing::info!(%path, "the file of the board is back");
            }
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.is_gone.load(Ordering::Relaxed)
    }

    /// The refusal of every write, once damage is known or the file is gone.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.is_gone() {
            return Err(Error::Replaced(self.0.path.clone()));
        }
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

fn file(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
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

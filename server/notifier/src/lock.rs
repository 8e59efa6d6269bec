//! One notifier a board: two would tell everything twice.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use dispatcher::{Home, plain_file};

/// A lock of the operating system, which goes with the process however that ends.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    held: Option<File>,
}

impl Lock {
    /// The lock of a board, not taken yet.
    pub(super) fn of(home: &Home) -> Self {
        let path = home.root().join("kanban.db.notify.lock");
        Self { path, held: None }
    }

    /// Takes it, unless another process has it.
    pub(super) fn take(&mut self) -> bool {
        if self.held.is_none() {
            self.held = self.try_take();
        }
        self.held.is_some()
    }

    fn try_take(&self) -> Option<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let opened = plain_file::open_owned(&self.path, &mut options);
        let taken = opened.map_err(TryLockError::Error).and_then(|file| {
            file.try_lock()?;
            Ok(file)
        });
        match taken {
            Ok(file) => Some(file),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(error)) => {
                tracing::error!(%error, path = %self.path.display(), "cannot lock the outbox");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_waits_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let (mut first, mut second) = (Lock::of(&home), Lock::of(&home));
        assert!(first.take() && !second.take() && first.take());
        drop(first);
        assert!(second.take());
    }
}

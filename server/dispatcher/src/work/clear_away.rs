//! The folders of closed runs: they are removed once what starts in their place has started.

use domain::id::RunId;

use super::{Work, blocking};
use crate::error::Error;
use crate::run::folder::RunFolder;
use crate::run::unfinished_runs;

impl Work {
    /// Removes the folder of a run that is closed, and with it the run's token.
    pub(super) async fn clear_away(&self, run: RunId) -> Result<(), Error> {
        let folder = self.folder(run);
        blocking(move || folder.remove()).await
    }

    /// Removes the folders of the runs that were closed, and with them their tokens.
    pub(super) async fn clear_away_closed(&mut self) -> Result<(), Error> {
        if self.closed.is_empty() {
            return Ok(());
        }
        let closed = self.closed.iter();
        let folders: Vec<(RunId, RunFolder)> =
            closed.map(|run| (*run, self.folder(*run))).collect();
        let remove = move || {
            let removed = folders.iter().map(|(run, folder)| (*run, folder.remove()));
            Ok(removed.collect::<Vec<_>>())
        };
        for (run, removed) in blocking(remove).await? {
            self.closed.remove(&run);
            if let Err(error) = removed {
                let slot = unfinished_runs::slot_of(&self.kernel, &self.home, run).await;
                self.unrecoverable.put(run, slot, &error);
            }
        }
        Ok(())
    }

    /// Forgets the trouble with a run. If it is closed, its folder is removed first: that it could not be
    /// removed may be the trouble.
    pub(super) async fn end_trouble(&mut self, run: RunId) {
        let is_in_trouble = self.unrecoverable.runs().any(|it| it == run);
        if is_in_trouble
            && self.closed.remove(&run)
            && let Err(error) = self.clear_away(run).await
        {
            self.unrecoverable.put(run, None, &error);
        } else {
            self.unrecoverable.free(run);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::fixture::work;
    use super::*;

    #[tokio::test]
    async fn a_run_whose_folder_cannot_be_removed_is_left_alone_for_longer_each_time() {
        let (_folder, mut work) = work();
        let run = RunId(7);
        let in_its_place = work.home.run_dir(run);
        fs::create_dir_all(work.home.runs()).unwrap();
        fs::write(&in_its_place, "").unwrap();
        let settle_and_clear = async |work: &mut Work| {
            work.closed.insert(run);
            work.end_trouble(run).await;
            work.clear_away_closed().await.unwrap();
            work.unrecoverable.next_try()
        };
        assert!(settle_and_clear(&mut work).await.is_some());
        let in_three_seconds = Instant::now() + Duration::from_secs(3);
        let second = settle_and_clear(&mut work).await;
        assert!(second.is_some_and(|at| at > in_three_seconds), "{second:?}");
        fs::remove_file(&in_its_place).unwrap();
        assert_eq!(settle_and_clear(&mut work).await, None);
    }
}

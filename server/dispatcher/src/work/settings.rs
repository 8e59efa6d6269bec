//! Settings that change while the dispatcher works.

use tokio::task::spawn_blocking;

use super::Work;
use crate::config::Reading;

impl Work {
    /// Reads the settings again if their file has changed; returns true when that calls for a tick.
    /// An invalid file is ignored: the last good settings stay.
    pub(super) async fn read_settings(&mut self) -> bool {
        let Some(mut source) = self.source.take() else {
            return false;
        };
        let mut lanes = self.settings.lanes.clone();
        let read = spawn_blocking(move || {
            let read = source.read_if_changed();
            // A program may have been installed, or be gone.
            lanes.find_programs();
            (source, read, lanes)
        });
        let Ok((source, read, lanes)) = read.await else {
            return false;
        };
        self.source = Some(source);
        match read {
            Some(Reading { settings, mistake }) => {
                match &mistake {
                    None => {
                        tracing::info!("the settings were read again");
                        self.health.settings_are_good();
                    }
                    Some(mistake) => {
                        tracing::error!(%mistake, "the last good settings stay");
                        self.health.settings_are_bad(mistake);
                    }
                }
                if let Some(settings) = settings {
                    self.settings = settings;
                    // Somebody may have mended a lane.
                    self.breakers.end_rests();
                }
                true
            }
            None if lanes != self.settings.lanes => {
                self.settings.lanes = lanes;
                self.breakers.end_rests();
                true
            }
            None => false,
        }
    }
}

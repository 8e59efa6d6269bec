//! Settings that change while the dispatcher works.

use domain::actor::Actor;
use domain::command::{Command, ReleaseLane};
use domain::hold::{Cause, LaneHold};
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
                    self.try_failing_lanes().await;
                }
                true
            }
            None if lanes != self.settings.lanes => {
                self.settings.lanes = lanes;
                self.try_failing_lanes().await;
                true
            }
            None => false,
        }
    }

    /// Lets the lanes whose workers fail alike be probed now, and the machine: somebody may have mended
    /// them.
    pub(super) async fn try_failing_lanes(&mut self) {
        self.breaker.end_rest();
        let failing = self
            .holds
            .iter()
            .filter(|hold| hold.cause == Cause::Failing);
        let release = |hold: &LaneHold| {
            let lane = hold.name.clone();
            ReleaseLane { lane }.into()
        };
        let commands: Vec<Command> = failing.map(release).collect();
        if commands.is_empty() {
            return;
        }
        let released = self
            .kernel
            .execute_all(&Actor::dispatcher(), commands)
            .await;
        if let Err(error) = released {
            tracing::warn!(%error, "lanes are not tried before their time");
        }
    }
}

//! Noticing that `kanban.toml` was changed while the notifier works.

use std::sync::Arc;
use std::time::Duration;

use dispatcher::{Mistake, Stamp};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::config::{self, Setup};
use super::gateway::Host;
use super::stopped;
use super::web::Shared;

/// The polling interval of the file.
const INTERVAL: Duration = Duration::from_secs(2);

/// The file, and what was last read from it.
pub(super) struct Source {
    host: Host,
    client: Shared,
    /// As it was when it was last read.
    read: Option<Stamp>,
    /// As it was when it was last looked at.
    seen: Option<Stamp>,
}

impl Source {
    /// Reads the file for the first time, for channels that share this client. A channel that cannot be
    /// set up is left out. It blocks.
    pub(super) fn open(host: Host, client: Shared) -> (Self, Setup) {
        // What is written while it is read will be seen to be new.
        let stamp = Stamp::of(&host.home.config());
        let (setup, mistakes) = config::read_sound(&client, &host);
        for mistake in mistakes {
            tracing::error!(%mistake, "this channel tells nobody");
        }
        let source = Self {
            host,
            client,
            read: stamp,
            seen: stamp,
        };
        (source, setup)
    }

    /// Reads the file again whenever it was changed, and hands on what follows from it. What makes no
    /// sense does not count: the last good channels stay.
    pub(super) async fn follow(
        mut self,
        setup: watch::Sender<Arc<Setup>>,
        mut stopping: watch::Receiver<bool>,
    ) {
        while timeout(INTERVAL, stopped(&mut stopping)).await.is_err() {
            let looking = spawn_blocking(move || {
                let read = self.read_if_changed();
                (self, read)
            });
            let read = match looking.await {
                Ok((source, read)) => {
                    self = source;
                    read
                }
                Err(error) => {
                    tracing::error!(%error, "kanban.toml is not looked at any more");
                    return;
                }
            };
            match read {
                Some(Ok(new)) => {
                    tracing::info!("the channels were read again");
                    setup.send_replace(Arc::new(new));
                }
                Some(Err(mistake)) => tracing::error!(%mistake, "the last good channels stay"),
                None => {}
            }
        }
    }

    /// Reads the file if it has changed and is as it was at the last look: one that is just being
    /// written may lack the channel that somebody is to be told by.
    fn read_if_changed(&mut self) -> Option<Result<Setup, Mistake>> {
        let now = Stamp::of(&self.host.home.config());
        let is_still = now == self.seen;
        self.seen = now;
        if !is_still || now == self.read {
            return None;
        }
        self.read = now;
        Some(config::read(&self.client, &self.host))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use dispatcher::Home;
    use kernel::Kernel;

    use super::super::gateway::tests::host;
    use super::super::web;
    use super::*;

    #[test]
    fn a_file_that_was_changed_is_read_again_once_it_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let file = home.config();
        let host = host(Kernel::open(&home.db()).unwrap(), home);
        let client = Arc::new(web::client().unwrap());
        let (mut source, _) = Source::open(host, client);
        let mut look = || {
            let read = source.read_if_changed()?;
            Some(read.map(|_| ()).map_err(|mistake| mistake.line))
        };
        assert_eq!(look(), None);
        fs::write(&file, "[channels.webhook.ci]\nurl = \"http://x\"\n").unwrap();
        assert_eq!(look(), None, "it may still be written");
        assert_eq!(look(), Some(Ok(())));
        assert_eq!(look(), None);
        fs::write(&file, "\n[channels.webhook.ci]\nurl = \"somewhere\"\n").unwrap();
        assert_eq!((look(), look(), look()), (None, Some(Err(Some(3))), None));
    }
}

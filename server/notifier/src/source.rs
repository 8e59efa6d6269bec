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
    /// True when every channel that it names could be set up at the last time that counted.
    is_good: bool,
}

impl Source {
    /// Reads the file for the first time, for channels that share this client. A channel that cannot be
    /// set up is left out. It blocks.
    pub(super) fn open(host: Host, client: Shared) -> (Self, Setup) {
        // What is written while it is read will be seen to be new.
        let stamp = Stamp::of(&host.home.config());
        let (setup, mistakes) = config::read(&client, &host);
        for mistake in &mistakes {
            tracing::error!(%mistake, "this channel tells nobody");
        }
        let source = Self {
            host,
            client,
            read: stamp,
            seen: stamp,
            is_good: mistakes.is_empty(),
        };
        (source, setup)
    }

    /// Reads the file again whenever it was changed, and hands on what follows from it. What makes no
    /// sense does not count: the last good channels stay, once all that there were have been good.
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
            let Some((new, mistakes)) = read else {
                continue;
            };
            for mistake in &mistakes {
                let stays = if self.is_good {
                    "the last good channels stay"
                } else {
                    "this channel tells nobody"
                };
                tracing::error!(%mistake, "{stays}");
            }
            if mistakes.is_empty() || !self.is_good {
                tracing::info!("the channels were read again");
                self.is_good = mistakes.is_empty();
                setup.send_replace(Arc::new(new));
            }
        }
    }

    /// Reads the file if it has changed and is as it was at the last look: one that is just being
    /// written may lack the channel that somebody is to be told by.
    fn read_if_changed(&mut self) -> Option<(Setup, Vec<Mistake>)> {
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
            let (_, mistakes) = source.read_if_changed()?;
            Some(
                mistakes
                    .into_iter()
                    .map(|mistake| mistake.line)
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(look(), None);
        fs::write(&file, "[channels.webhook.ci]\nurl = \"http://x\"\n").unwrap();
        assert_eq!(look(), None, "it may still be written");
        assert_eq!(look(), Some(vec![]));
        assert_eq!(look(), None);
        fs::write(&file, "\n[channels.webhook.ci]\nurl = \"somewhere\"\n").unwrap();
        assert_eq!((look(), look(), look()), (None, Some(vec![Some(3)]), None));
    }
}

//! Noticing that `kanban.toml` was changed while the notifier works.

use std::sync::Arc;

use dispatcher::{ConfigFile, Document};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::config::{self, Setup};
use super::gateway::Host;
use super::stopped;
use super::web::Shared;

/// The file, and what was last read from it.
pub(super) struct Source {
    host: Host,
    client: Shared,
    file: ConfigFile,
    /// True when every channel that it names could be set up at the last time that counted.
    is_good: bool,
}

impl Source {
    /// Reads the file for the first time, for channels that share this client. A channel that cannot be
    /// set up is left out. It blocks.
    pub(super) fn open(host: Host, client: Shared) -> (Self, Setup) {
        let (file, document) = ConfigFile::open(&host.home);
        let mut source = Self {
            host,
            client,
            file,
            is_good: false,
        };
        let setup = source.set_up(document).unwrap_or_default();
        (source, setup)
    }

    /// Reads the file again whenever it was changed, and hands on what follows from it.
    pub(super) async fn follow(
        mut self,
        setup: watch::Sender<Arc<Setup>>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let interval = ConfigFile::INTERVAL;
        while timeout(interval, stopped(&mut stopping)).await.is_err() {
            let looking = spawn_blocking(move || {
                let document = self.file.read_if_changed();
                let new = document.and_then(|document| self.set_up(document));
                (self, new)
            });
            let Ok((source, new)) = looking.await else {
                tracing::error!("kanban.toml is not looked at any more");
                return;
            };
            self = source;
            if let Some(new) = new {
                tracing::info!("the channels were read again");
                setup.send_replace(Arc::new(new));
            }
        }
    }

    /// Sets up the channels of a document. One with a mistake does not count: the last good channels
    /// stay, once all that there were have been good.
    fn set_up(&mut self, document: Document) -> Option<Setup> {
        let (setup, mistakes) = config::read(&document, &self.client, &self.host);
        let effect = if self.is_good {
            "the last good channels stay"
        } else {
            "this channel tells nobody"
        };
        for mistake in &mistakes {
            tracing::error!(%mistake, "{effect}");
        }
        let counts = mistakes.is_empty() || !self.is_good;
        if mistakes.is_empty() {
            self.file.keep(document);
            self.is_good = true;
        }
        counts.then_some(setup)
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
    fn a_mistake_leaves_the_last_good_channels_once_there_are_some() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let file = home.config();
        let good = "[channels.webhook.ci]\nurl = \"http://x\"\n";
        let bad = "[channels.webhook.ci]\nurl = \"somewhere\"\n";
        fs::write(&file, bad).unwrap();
        let host = host(Kernel::open(&home.db()).unwrap(), home);
        let (mut source, _) = Source::open(host, Arc::new(web::client().unwrap()));
        let counts = |text: &str| {
            fs::write(&file, text).unwrap();
            source.file.read_if_changed();
            let document = source.file.read_if_changed().unwrap();
            source.set_up(document).is_some()
        };
        let read = [&format!("\n{bad}"), good, bad, "", good].map(counts);
        assert_eq!(read, [true, true, false, false, true]);
    }
}

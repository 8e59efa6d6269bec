//! The requests with a key that are being carried out: there is one of each key at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The caller and the key of a request.
type Key = (String, String);

/// The keys under which something is carried out just now. The mutex is never held across an await.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<BTreeMap<Key, watch::Receiver<()>>>);

/// The right to carry out the request of a key. The next one waits until it is dropped.
pub(super) struct Turn<'a> {
    under_way: &'a UnderWay,
    key: Key,
    _ends: watch::Sender<()>,
}

impl UnderWay {
    /// Waits until nothing is carried out under this key.
    pub(super) async fn turn(&self, caller: String, key: &str) -> Turn<'_> {
        let key = (caller, key.to_owned());
        loop {
            let (ends, end) = watch::channel(());
            let Some(mut other) = self.begin(&key, end) else {
                return Turn {
                    under_way: self,
                    key,
                    _ends: ends,
                };
            };
            // Nothing is ever sent: it fails once the turn is over.
            other.changed().await.ok();
        }
    }

    /// Enters the key, or returns the end of what is carried out under it.
    fn begin(&self, key: &Key, end: watch::Receiver<()>) -> Option<watch::Receiver<()>> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let other = keys.get(key).cloned();
        if other.is_none() {
            keys.insert(key.clone(), end);
        }
        other
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let keys = self.under_way.0.lock();
        let mut keys = keys.unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.key);
    }
}

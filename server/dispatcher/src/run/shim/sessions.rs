//! The sessions that processes of the run have opened, as its folder keeps them: by these they are found
//! should the supervisor be killed.

use std::collections::BTreeSet;
use std::io;

use rustix::process::{getpid, getsid};

use crate::process;
use crate::run::folder::{RunFolder, Session};

/// The sessions noted so far.
pub(super) struct Sessions<'a> {
    folder: &'a RunFolder,
    noted: BTreeSet<Session>,
}

impl<'a> Sessions<'a> {
    pub(super) fn noted_in(folder: &'a RunFolder) -> Self {
        Self {
            folder,
            noted: BTreeSet::new(),
        }
    }

    /// Records the sessions of the run's processes when they have changed. A failure is retried at
    /// the next check.
    pub(super) fn note(&mut self) {
        let Ok(now) = opened_by_descendants() else {
            return;
        };
        if now != self.noted && self.folder.write_sessions(&now).is_ok() {
            self.noted = now;
        }
    }
}

/// The sessions of the descendants of this process, without its own.
fn opened_by_descendants() -> io::Result<BTreeSet<Session>> {
    let own = getsid(None)?.as_raw_pid();
    let mut found = process::children(getpid().as_raw_pid());
    let mut ids = BTreeSet::new();
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        let stat = process::stat(pid)?;
        ids.extend(stat.map(|stat| stat.session).filter(|id| *id != own));
        found.extend(process::children(pid));
        next += 1;
    }
    ids.into_iter().map(Session::with_id).collect()
}

//! A session of setsid(2): it is inherited by whatever a process starts, and no process can join another
//! one. So it tells whose a process is though its environment was replaced and its parents are gone.

use std::io;

use domain::run::ProcessIdentity;
use serde::{Deserialize, Serialize};

use crate::process;

/// A session that was opened for a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Session {
    boot_id: String,
    /// Its id, which is the pid of the process that opened it: its leader.
    id: i32,
    /// The start of its leader, in clock ticks; `None` when that was gone before anybody looked.
    leader_started: Option<i64>,
}

impl Session {
    /// The session that this process has opened.
    pub(crate) fn led_by(process: ProcessIdentity) -> Option<Self> {
        Some(Self {
            boot_id: process.boot_id,
            id: i32::try_from(process.pid).ok()?,
            leader_started: Some(process.started_ticks),
        })
    }

    /// The session with this id, of which a process is there now.
    ///
    /// # Errors
    /// Fails when `/proc` cannot be read.
    pub(crate) fn with_id(id: i32) -> io::Result<Self> {
        let leader_started = process::stat(id)?.map(|leader| leader.started_ticks);
        Ok(Self {
            boot_id: process::boot_id()?,
            id,
            leader_started,
        })
    }

    /// The id, unless it stands for another session by now. The system gives a pid to nobody as long as a
    /// process is in the session of that id; after that a later leader has it, which was started later.
    ///
    /// # Errors
    /// Fails when `/proc` cannot be read.
    pub(crate) fn id_now(&self) -> io::Result<Option<i32>> {
        if self.boot_id != process::boot_id()? {
            return Ok(None);
        }
        let leader = process::stat(self.id)?;
        let is_the_same =
            leader.is_none_or(|leader| Some(leader.started_ticks) == self.leader_started);
        Ok(is_the_same.then_some(self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_not_taken_for_a_later_one_of_its_id() {
        let this = process::own_identity().unwrap();
        let session = Session::led_by(this.clone()).unwrap();
        assert_eq!(session.id_now().unwrap(), Some(session.id));
        let earlier = ProcessIdentity {
            started_ticks: this.started_ticks - 1,
            ..this.clone()
        };
        let before_the_reboot = ProcessIdentity {
            boot_id: "another boot".to_owned(),
            ..this
        };
        for process in [earlier, before_the_reboot] {
            let session = Session::led_by(process).unwrap();
            assert_eq!(session.id_now().unwrap(), None);
        }
    }
}

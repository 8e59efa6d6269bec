//! Sessions that were left before their end, kept in a file: a server that starts again must not
//! let them in.
//!
//! A line holds the session's id, and the time until which a copy of its cookie could be good. It
//! is no secret: nobody makes a cookie of it without the token.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dispatcher::plain_file;
use domain::time::Timestamp;

use super::ticket::Ticket;

/// A bound far above what the sessions of one month can fill.
const MOST_BYTES: u64 = 64 << 20;

/// The sessions that let nobody in any more. Only sessions that we signed get here, so nobody else
/// can make it grow.
#[derive(Debug)]
pub(crate) struct LeftSessions {
    path: Arc<Path>,
    until: HashMap<u128, Timestamp>,
}

impl LeftSessions {
    /// Those that the file at `path` tells of, where there is one. It blocks.
    ///
    /// # Errors
    /// Fails when the file cannot be read or written.
    pub(crate) fn load(path: PathBuf, now: Timestamp) -> io::Result<Self> {
        let text = match plain_file::owned_text(&path, MOST_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        // A line without an end is of somebody who was not told yet that they are out.
        let all = text.split_inclusive('\n').filter_map(read);
        let until: HashMap<u128, Timestamp> = all.filter(|(_, until)| now < *until).collect();
        if until.len() < text.lines().count() {
            let lines = until.iter().fold(String::new(), |mut lines, (id, until)| {
                push(&mut lines, *id, *until);
                lines
            });
            let draft = path.with_extension("draft");
            fs::write(&draft, lines)?;
            fs::rename(draft, &path)?;
        }
        let path = path.into();
        Ok(Self { path, until })
    }

    /// Returns true when this session was logged out.
    pub(super) fn contains(&self, session: &Ticket) -> bool {
        self.until.contains_key(&session.id)
    }

    /// Remembers these sessions until then, and what to call to have them written down.
    pub(super) fn insert(
        &mut self,
        sessions: &[Ticket],
        now: Timestamp,
        until: Timestamp,
    ) -> impl FnOnce() -> io::Result<()> + use<> {
        self.until.retain(|_, until| now < *until);
        self.until.extend(sessions.iter().map(|it| (it.id, until)));
        let lines = sessions.iter().fold(String::new(), |mut lines, session| {
            push(&mut lines, session.id, until);
            lines
        });
        let path = self.path.clone();
        move || {
            let mut file = File::options().create(true).append(true).open(path)?;
            file.write_all(lines.as_bytes())?;
            file.sync_all()
        }
    }

    /// Forgets them all: the token that signed them is another.
    pub(super) fn clear(&mut self) {
        self.until.clear();
    }
}

fn push(lines: &mut String, id: u128, until: Timestamp) {
    // Writing to a `String` cannot fail.
    writeln!(lines, "{id:032x} {}", until.0).ok();
}

fn read(line: &str) -> Option<(u128, Timestamp)> {
    let (id, until) = line.strip_suffix('\n')?.split_once(' ')?;
    let id = u128::from_str_radix(id, 16).ok()?;
    Some((id, Timestamp(until.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use domain::time::Seconds;

    use super::*;

    const NOW: Timestamp = Timestamp(1_777_200_000);

    fn session(id: u128) -> Ticket {
        Ticket { expires: NOW, id }
    }

    #[test]
    fn the_next_server_knows_who_left_until_their_cookies_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("left-sessions");
        let load = |now| LeftSessions::load(path.clone(), now).unwrap();
        let mut left = load(NOW);
        let (soon, late) = (NOW + Seconds(10), NOW + Seconds(20));
        left.insert(&[session(1), session(2)], NOW, soon)().unwrap();
        left.insert(&[session(3)], NOW, late)().unwrap();
        assert!([1, 2, 3].iter().all(|id| load(NOW).contains(&session(*id))));
        let next = load(soon);
        assert!(next.contains(&session(3)) && !next.contains(&session(1)));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
        assert!(!load(late).contains(&session(3)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn lines_that_were_cut_off_or_make_no_sense_are_no_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("left-sessions");
        let until = NOW.0 + 1;
        fs::write(&path, format!("7 {until}\nx {until}\n\n8 {until}")).unwrap();
        let left = LeftSessions::load(path, NOW).unwrap();
        assert!(left.contains(&session(7)) && !left.contains(&session(8)));
    }
}

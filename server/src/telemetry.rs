//! The log: lines for people, on standard error, so that standard output holds nothing but data.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use domain::text::coloured;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::lines::{LastLines, Lines};

/// Starts the log of a server; what is returned sees to its last lines. It waits for nobody who reads
/// it: a pipe may be full.
pub(crate) fn start() -> io::Result<LastLines> {
    let (lines, last) = Lines::to(io::stderr())?;
    start_to(Mutex::new(Clean(lines)));
    Ok(last)
}

/// Starts the log of a supervisor. It goes to a file, and not a line of it is lost unless the disk is
/// full.
pub(crate) fn start_to_file() {
    start_to(|| Clean(BestEffort));
}

/// Standard error, which may be on a full disk: to lose a line costs less than to end for it.
struct BestEffort;

impl Write for BestEffort {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write(bytes).or(Ok(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The levels where nobody names others. That a new board has its tables is no news.
const USUAL: &str = "info,rusqlite_migration=warn";

/// Starts logging at the levels of `KANBAN_LOG`, as in `warn,dispatcher=debug`.
fn start_to(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy(env::var("KANBAN_LOG").as_deref().unwrap_or(USUAL));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal())
        // It would tell the same stream, by a macro that panics when that fails.
        .log_internal_errors(false)
        .try_init();
    if let Err(error) = started {
        // Somebody else set up a log first, a test for one; that one is told.
        tracing::debug!(%error, "the log had been started already");
    }
}

/// Keeps each event to one line in which nothing but our own colours is obeyed: fields may hold what
/// others wrote.
struct Clean<W>(W);

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // A lone carriage return would begin the line anew, and cleaning breaks lines at others.
        let text = String::from_utf8_lossy(event).replace('\r', " ");
        let mut line = coloured(text.trim_end()).replace('\n', " ");
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_its_fields_hold() {
        let mut log = Clean(Vec::new());
        let event = "\u{1b}[33m WARN\u{1b}[0m a\nINFO forged\rINFO\u{b}\u{2028}\u{1b}]0;x\u{7}\u{202e}\u{8}\n";
        log.write_all(event.as_bytes()).unwrap();
        let line = "\u{1b}[33m WARN\u{1b}[0m a INFO forged INFO  \u{1b}[0m\n";
        assert_eq!(String::from_utf8(log.0).unwrap(), line);
    }
}

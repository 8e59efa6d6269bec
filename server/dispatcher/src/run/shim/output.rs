//! The worker's output: all of it goes to the log, the last of it is kept for the task's result.

use std::io::{PipeReader, PipeWriter, Read};
use std::thread;
use std::time::Duration;

use domain::text::printed;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::log::RotatingLog;
use crate::error::Error;
use crate::run::logs;

/// The size of the output that is kept for the result.
const RESULT_BYTES: usize = 4 * 1024;
const RESULT_LINES: usize = 40;

/// As much as a pipe holds by default (pipe(7)), so that one read empties it.
const BUFFER_BYTES: usize = 64 * 1024;

/// A worker's output on its way into the log.
pub(super) struct Output(watch::Receiver<Copied>);

/// The progress of the copy.
struct Copied {
    last_at: Instant,
    /// The last bytes.
    end: Vec<u8>,
    log_end: Option<u64>,
}

/// The output of a worker.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) last_lines: String,
    /// The end of its output in the task's log, as an offset in bytes; `None` when it begins in
    /// another file.
    pub(super) log_end: Option<u64>,
}

impl Output {
    /// Starts to copy: what is written to the pipe that this returns goes to `log`.
    ///
    /// A thread does it, because files cannot be waited for without blocking. It ends when the last
    /// process that holds the pipe is gone.
    pub(super) fn copy_to(log: RotatingLog) -> Result<(Self, PipeWriter), Error> {
        let (reader, writer) = std::io::pipe().map_err(Error::system("make a pipe"))?;
        let nothing = Copied {
            last_at: Instant::now(),
            end: Vec::new(),
            log_end: log.end(),
        };
        let (tell, copied) = watch::channel(nothing);
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || copy(reader, log, &tell))
            .map_err(Error::system("start a thread"))?;
        Ok((Self(copied), writer))
    }

    /// The time of the worker's last output.
    pub(super) fn last_at(&self) -> Instant {
        self.0.borrow().last_at
    }

    /// All of it, once there is nothing more to come; what there is by then when that takes longer than
    /// `limit`, because a process outside of the run holds the pipe.
    pub(super) async fn written(mut self, limit: Duration) -> Written {
        let ended = async { while self.0.changed().await.is_ok() {} };
        timeout(limit, ended).await.ok();
        let copied = self.0.borrow();
        Written {
            last_lines: last_lines(&copied.end),
            log_end: copied.log_end,
        }
    }
}

fn copy(mut reader: PipeReader, mut log: RotatingLog, tell: &watch::Sender<Copied>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut is_logged = true;
    loop {
        let bytes = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => buffer.get(..length).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::error!(%error, "the worker's output cannot be read");
                break;
            }
        };
        // A full disk must not stop the worker: its output is read on, and lost.
        if let Err(error) = log.write(bytes)
            && std::mem::replace(&mut is_logged, false)
        {
            tracing::error!(%error, "the worker's output cannot be written to its log");
        }
        tell.send_modify(|copied| {
            copied.last_at = Instant::now();
            copied.log_end = log.end();
            copied.end.extend_from_slice(bytes);
            // One byte more than is kept tells whether a line begins there.
            let surplus = copied.end.len().saturating_sub(RESULT_BYTES + 1);
            copied.end.drain(..surplus);
        });
    }
}

fn last_lines(end: &[u8]) -> String {
    let (text, _) = logs::tail(end, RESULT_BYTES);
    let text = text.trim_end();
    let first = text.rmatch_indices('\n').nth(RESULT_LINES - 1);
    let lines = first.map_or(text, |(at, _)| text.get(at + 1..).unwrap_or_default());
    printed(lines).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use domain::id::RunId;

    use super::*;

    async fn last_lines_of(written: &[u8]) -> (String, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t_1.log");
        let log = RotatingLog::open(&path, RunId(1)).unwrap();
        let (output, mut pipe) = Output::copy_to(log).unwrap();
        pipe.write_all(written).unwrap();
        drop(pipe);
        let written = output.written(Duration::from_mins(1)).await;
        (written.last_lines, std::fs::metadata(&path).unwrap().len())
    }

    #[tokio::test]
    async fn a_short_output_is_kept_as_it_is() {
        assert_eq!(last_lines_of(b"one\n\ntwo\n").await.0, "one\n\ntwo");
        assert_eq!(last_lines_of(b"").await.0, "");
    }

    #[tokio::test]
    async fn of_many_lines_the_last_forty_are_kept() {
        let written: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
        let (lines, _) = last_lines_of(written.join("\n").as_bytes()).await;
        assert!(lines.starts_with("960\n") && lines.ends_with("\n999"));
    }

    #[tokio::test]
    async fn what_was_written_is_kept_while_somebody_else_holds_the_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let log = RotatingLog::open(&folder.path().join("t_1.log"), RunId(1)).unwrap();
        let (mut output, mut pipe) = Output::copy_to(log).unwrap();
        pipe.write_all(b"the result\n").unwrap();
        let copied = output.0.wait_for(|copied| !copied.end.is_empty()).await;
        drop(copied.unwrap());
        let written = output.written(Duration::ZERO).await;
        assert_eq!(written.last_lines, "the result");
        assert!(written.log_end.is_some());
        drop(pipe);
    }

    #[tokio::test]
    async fn of_one_endless_line_the_end_is_kept() {
        let written = [b"x".repeat(10_000_000), b"the end".to_vec()].concat();
        let (lines, log_size) = last_lines_of(&written).await;
        assert_eq!(lines.len(), RESULT_BYTES);
        assert!(lines.ends_with("xthe end"));
        assert!(log_size <= 2 * 1024 * 1024);
    }
}

//! The worker's output: all of it goes to the log, the last of it is kept for the task's result.

use std::io::{ErrorKind, PipeReader, PipeWriter, Read};
use std::thread;
use std::time::Duration;

use domain::text::printed;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::log::RotatingLog;
use super::transcript::Transcript;
use crate::error::Error;
use crate::run::logs;

/// The size of the output that is kept for the result.
const RESULT_BYTES: usize = 4 * 1024;
const RESULT_LINES: usize = 40;

/// The size of what is kept as it was printed: a JSON line of an end holds numbers about the whole run.
const PRINTED_BYTES: usize = 16 * 1024;

/// As much as a pipe holds by default (pipe(7)), so that one read empties it.
const BUFFER_BYTES: usize = 64 * 1024;

/// A worker's output on its way into the log.
pub(super) struct Output(watch::Receiver<Copied>);

/// What a worker writes to.
pub(super) struct Pipes {
    pub(super) stdout: PipeWriter,
    pub(super) stderr: PipeWriter,
}

/// The files that the output goes to.
pub(super) struct Logs {
    pub(super) log: RotatingLog,
    /// The lines as they were printed, where the log is made of them.
    pub(super) raw: Option<RotatingLog>,
}

/// The progress of the copy.
struct Copied {
    last_at: Instant,
    /// The end of the log.
    end: Tail,
    /// The end of the answer.
    answer: Tail,
    /// The end of what was printed.
    printed: Tail,
    log_end: Option<u64>,
}

/// The output of a worker.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) last_lines: String,
    /// Its last message, or the last lines of its standard output.
    pub(super) answer: String,
    /// The last lines as it printed them, colours and all.
    pub(super) printed: String,
    /// The end of its output in the task's log, as an offset in bytes; `None` when it begins in
    /// another file.
    pub(super) log_end: Option<u64>,
}

impl Output {
    /// Starts to copy: what is written to the pipes that this returns goes to the log.
    ///
    /// A thread does it, because files cannot be waited for without blocking. It ends when the last
    /// process that holds a pipe is gone.
    pub(super) fn copy_to(logs: Logs, transcript: Transcript) -> Result<(Self, Pipes), Error> {
        let pipe = || std::io::pipe().map_err(Error::system("make a pipe"));
        let ((stdout_reader, stdout), (stderr_reader, stderr)) = (pipe()?, pipe()?);
        let nothing = Copied {
            last_at: Instant::now(),
            end: Tail::of(RESULT_BYTES),
            answer: Tail::of(RESULT_BYTES),
            printed: Tail::of(PRINTED_BYTES),
            log_end: logs.log.end(),
        };
        let (tell, copied) = watch::channel(nothing);
        let copy = Copy {
            logs,
            transcript,
            tell,
            is_logged: true,
        };
        let streams = vec![
            (Stream::Stdout, stdout_reader),
            (Stream::Stderr, stderr_reader),
        ];
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || copy.all(streams))
            .map_err(Error::system("start a thread"))?;
        Ok((Self(copied), Pipes { stdout, stderr }))
    }

    /// The time of the worker's last output.
    pub(super) fn last_at(&self) -> Instant {
        self.0.borrow().last_at
    }

    /// All of it, once there is nothing more to come; what there is by then when that takes longer than
    /// `limit`, because a process outside of the run holds a pipe.
    pub(super) async fn written(mut self, limit: Duration) -> Written {
        let ended = async { while self.0.changed().await.is_ok() {} };
        timeout(limit, ended).await.ok();
        let copied = self.0.borrow();
        Written {
            last_lines: copied.end.lines(),
            answer: copied.answer.lines(),
            printed: copied.printed.text(),
            log_end: copied.log_end,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Stdout,
    Stderr,
}

/// The state of the thread that copies.
struct Copy {
    logs: Logs,
    transcript: Transcript,
    tell: watch::Sender<Copied>,
    is_logged: bool,
}

impl Copy {
    /// Copies what comes, in the order in which it is found in the pipes, until both are closed.
    fn all(mut self, mut streams: Vec<(Stream, PipeReader)>) {
        let mut buffer = vec![0; BUFFER_BYTES];
        while !streams.is_empty() {
            let is_ready = match readable(&streams) {
                Ok(is_ready) => is_ready,
                Err(error) => {
                    tracing::error!(%error, "the worker's output cannot be waited for");
                    return;
                }
            };
            let mut is_ready = is_ready.into_iter();
            streams.retain_mut(|(stream, reader)| {
                if !is_ready.next().unwrap_or_default() {
                    return true;
                }
                match reader.read(&mut buffer) {
                    Ok(0) => {
                        self.end(*stream);
                        false
                    }
                    Ok(length) => {
                        self.take(*stream, buffer.get(..length).unwrap_or_default());
                        true
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => true,
                    Err(error) => {
                        tracing::error!(%error, "the worker's output cannot be read");
                        false
                    }
                }
            });
        }
    }

    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        self.tell.send_modify(|copied| copied.printed.push(bytes));
        if stream == Stream::Stderr || self.transcript.is_text() {
            self.write(stream, bytes);
            return;
        }
        let Logs { raw, .. } = &mut self.logs;
        let kept = raw.as_mut().map_or(Ok(()), |raw| raw.write(bytes));
        let log = self.transcript.read(bytes);
        self.write(stream, &log);
        self.note(kept);
    }

    fn end(&mut self, stream: Stream) {
        if stream == Stream::Stdout && !self.transcript.is_text() {
            let log = self.transcript.end();
            self.write(stream, &log);
        }
    }

    /// Appends to the log.
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        let written = self.logs.log.write(bytes);
        self.note(written);
        let Self {
            logs, transcript, ..
        } = &self;
        self.tell.send_modify(|copied| {
            copied.last_at = Instant::now();
            copied.log_end = logs.log.end();
            copied.end.push(bytes);
            match stream {
                Stream::Stderr => {}
                Stream::Stdout if transcript.is_text() => copied.answer.push(bytes),
                Stream::Stdout => {
                    copied.answer = Tail::of(RESULT_BYTES);
                    copied.answer.push(transcript.message().as_bytes());
                }
            }
        });
    }

    /// A full disk must not stop the worker: its output is read on, and lost.
    fn note(&mut self, written: std::io::Result<()>) {
        if let Err(error) = written
            && std::mem::replace(&mut self.is_logged, false)
        {
            tracing::error!(%error, "the worker's output cannot be written to its log");
        }
    }
}

/// Waits until there is something to read or the end of a stream, and says in which.
fn readable(streams: &[(Stream, PipeReader)]) -> Result<Vec<bool>, Errno> {
    let waiting = streams.iter();
    let mut waiting: Vec<PollFd<'_>> = waiting
        .map(|(_, reader)| PollFd::new(reader, PollFlags::IN))
        .collect();
    retry_on_intr(|| poll(&mut waiting, None))?;
    Ok(waiting.iter().map(|fd| !fd.revents().is_empty()).collect())
}

/// The last bytes of a text.
struct Tail {
    bytes: Vec<u8>,
    at_most: usize,
}

impl Tail {
    fn of(at_most: usize) -> Self {
        let bytes = Vec::new();
        Self { bytes, at_most }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // One byte more than is kept tells whether a line begins there.
        let surplus = self.bytes.len().saturating_sub(self.at_most + 1);
        self.bytes.drain(..surplus);
    }

    fn lines(&self) -> String {
        last_lines(&self.text())
    }

    fn text(&self) -> String {
        logs::tail(&self.bytes, self.at_most).0
    }
}

fn last_lines(text: &str) -> String {
    let text = text.trim_end();
    let first = text.rmatch_indices('\n').nth(RESULT_LINES - 1);
    let lines = first.map_or(text, |(at, _)| text.get(at + 1..).unwrap_or_default());
    printed(lines).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use std::path::Path;

    use domain::id::RunId;

    use super::*;
    use crate::lanes::OutputFormat;

    fn copy_to(path: &Path, format: OutputFormat) -> (Output, Pipes) {
        let raw =
            (format != OutputFormat::Text).then(|| RotatingLog::open_raw(path, RunId(1)).unwrap());
        let log = RotatingLog::open(path, &["run 1"]).unwrap();
        let transcript = Transcript::new(format, Path::new("/work"));
        Output::copy_to(Logs { log, raw }, transcript).unwrap()
    }

    async fn last_lines_of(written: &[u8]) -> (String, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t_1.log");
        let (output, mut pipes) = copy_to(&path, OutputFormat::Text);
        pipes.stdout.write_all(written).unwrap();
        drop(pipes);
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
        let (mut output, mut pipes) = copy_to(&folder.path().join("t_1.log"), OutputFormat::Text);
        pipes.stdout.write_all(b"the result\n").unwrap();
        let copied = output
            .0
            .wait_for(|copied| !copied.end.bytes.is_empty())
            .await;
        drop(copied.unwrap());
        let written = output.written(Duration::ZERO).await;
        assert_eq!(written.last_lines, "the result");
        assert!(written.log_end.is_some());
        drop(pipes);
    }

    #[tokio::test]
    async fn the_log_holds_both_streams_and_the_answer_is_from_standard_output_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t_1.log");
        let (mut output, mut pipes) = copy_to(&path, OutputFormat::Text);
        for (number, line) in (1..=4).zip(["one\n", "warning\n", "two\n", "error\n"]) {
            let stream = if number % 2 == 1 {
                &mut pipes.stdout
            } else {
                &mut pipes.stderr
            };
            stream.write_all(line.as_bytes()).unwrap();
            let is_there = |copied: &Copied| copied.end.lines().lines().count() == number;
            drop(output.0.wait_for(is_there).await.unwrap());
        }
        drop(pipes);
        let written = output.written(Duration::from_mins(1)).await;
        assert_eq!(written.last_lines, "one\nwarning\ntwo\nerror");
        assert_eq!(written.answer, "one\ntwo");
    }

    #[tokio::test]
    async fn of_json_lines_the_log_is_readable_and_they_stand_beside_it_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t_1.log");
        let (output, mut pipes) = copy_to(&path, OutputFormat::ClaudeStream);
        let printed = include_bytes!("transcript/real/claude.jsonl");
        pipes.stdout.write_all(printed).unwrap();
        drop(pipes);
        let written = output.written(Duration::from_mins(1)).await;
        assert_eq!(written.answer, "I did it.\nAll of it.");
        assert!(
            written.last_lines.contains("$ exit 3\nexit 3\n"),
            "{written:?}"
        );
        let raw = std::fs::read(logs::raw(&path)).unwrap();
        let heading = b"{\"type\":\"kanban.run\",\"run\":1}\n";
        assert_eq!(raw, [heading.as_slice(), printed].concat());
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

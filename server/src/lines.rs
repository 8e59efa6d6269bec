//! Lines on their way to a stream that may be full: whoever says something never waits for whoever
//! reads it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// The most lines that may wait: more than a busy second says. Lines beyond that are dropped.
const WAITING: usize = 1_000;

/// The time limit for the last lines at the end.
const GRACE: Duration = Duration::from_secs(1);

/// Lines that a thread of their own writes.
#[derive(Debug)]
pub(crate) struct Lines {
    queue: SyncSender<Said>,
    left_out: usize,
}

/// Waits for the last lines when it is dropped, but not long.
#[derive(Debug)]
pub(crate) struct LastLines(SyncSender<Said>);

#[derive(Debug)]
enum Said {
    Text(Vec<u8>),
    /// Somebody wants to know when all that was said before is written.
    Asked(Sender<()>),
}

impl Lines {
    /// Starts to write to `stream`.
    pub(crate) fn to(stream: impl AsFd) -> io::Result<(Self, LastLines)> {
        // A handle of our own: a write that waits must not keep the lock that everybody else needs who
        // writes to the standard streams.
        let stream = File::from(stream.as_fd().try_clone_to_owned()?);
        let (queue, said) = sync_channel(WAITING);
        thread::Builder::new()
            .name("lines".to_owned())
            .spawn(move || write_all(stream, &said))?;
        let last = LastLines(queue.clone());
        let left_out = 0;
        Ok((Self { queue, left_out }, last))
    }

    /// Queues a line, or drops it while too many wait; the next line tells how many were dropped.
    pub(crate) fn say(&mut self, text: &str) {
        let text = match self.left_out {
            0 => text.to_owned(),
            left_out => format!("({left_out} lines were left out, nobody read them)\n{text}"),
        };
        match self.queue.try_send(Said::Text(text.into_bytes())) {
            // Once the stream is closed nobody wants to know.
            Ok(()) | Err(TrySendError::Disconnected(_)) => self.left_out = 0,
            Err(TrySendError::Full(_)) => self.left_out += 1,
        }
    }
}

/// For the log, which hands over each event in one piece.
impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.say(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LastLines {
    fn drop(&mut self) {
        let (done, written) = channel();
        // Where there is no room for the question, nobody reads what comes before it.
        if self.0.try_send(Said::Asked(done)).is_ok() {
            written.recv_timeout(GRACE).ok();
        }
    }
}

fn write_all(mut stream: File, said: &Receiver<Said>) {
    for said in said {
        match said {
            Said::Text(text) if stream.write_all(&text).is_ok() => {}
            // A stream that cannot be written to has nobody who wants to know.
            Said::Text(_) => break,
            Said::Asked(done) => drop(done.send(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn whoever_says_something_never_waits_and_what_was_left_out_is_counted() {
        let (mut reader, stream) = io::pipe().unwrap();
        let (mut lines, last) = Lines::to(stream).unwrap();
        let long = "x".repeat(1_000) + "\n";
        // Far more than the pipe and the queue hold, once the thread has filled the pipe.
        while lines.left_out <= 3_000 {
            for _ in 0..5_000 {
                lines.say(&long);
            }
        }
        let left_out = lines.left_out;
        // Now there is room again.
        let mut some = vec![0; 65_536];
        reader.read_exact(&mut some).unwrap();
        while lines.left_out >= left_out {
            lines.say("last\n");
            thread::yield_now();
        }
        let reading = thread::spawn(move || {
            let mut rest = String::new();
            reader.read_to_string(&mut rest).unwrap();
            rest
        });
        drop((lines, last));
        let rest = reading.join().unwrap();
        assert!(rest.ends_with(" lines were left out, nobody read them)\nlast\n"));
    }

    #[test]
    fn a_stream_that_nobody_reads_holds_up_no_end() {
        let (reader, stream) = io::pipe().unwrap();
        let (mut lines, last) = Lines::to(stream).unwrap();
        lines.say(&"x".repeat(1_000_000));
        drop((lines, last));
        drop(reader);
    }
}

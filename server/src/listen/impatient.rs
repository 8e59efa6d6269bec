//! A connection that is cut when the other side takes nothing for too long: whoever asks for much and
//! never reads it would hold a place for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// The time limit for the other side to read while there is something to read.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection with a limit to its patience.
#[derive(Debug)]
pub(super) struct Impatient<S> {
    stream: S,
    /// Ends the wait; `None` while there is nothing to wait for.
    limit: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    pub(super) fn new(stream: S) -> Self {
        let limit = None;
        Self { stream, limit }
    }

    /// Passes on what came of an attempt to write; one that has waited for too long has failed.
    fn wait<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.limit = None;
            return written;
        }
        let limit = self
            .limit
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + PATIENCE)));
        ready!(limit.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wait(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wait(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// The size of the buffer.
    const HELD: usize = 64;

    #[tokio::test(start_paused = true)]
    async fn whoever_never_reads_is_cut() {
        let (_reader, stream) = duplex(HELD);
        let mut stream = Impatient::new(stream);
        let begun = Instant::now();
        stream.write_all(&[0; HELD]).await.unwrap();
        let error = stream.write_all(&[0]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_a_little_now_and_then_hears_all_of_it() {
        let (mut reader, stream) = duplex(HELD);
        let mut stream = Impatient::new(stream);
        let much = vec![7; HELD * 10];
        let write = async {
            stream.write_all(&much).await.unwrap();
            drop(stream);
        };
        let read = async {
            let mut heard = Vec::new();
            let mut piece = [0; HELD];
            loop {
                tokio::time::advance(PATIENCE / 2).await;
                match reader.read(&mut piece).await.unwrap() {
                    0 => return heard,
                    length => heard.extend_from_slice(&piece[..length]),
                }
            }
        };
        let ((), heard) = tokio::join!(write, read);
        assert_eq!(heard.len(), HELD * 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silence_while_there_is_nothing_to_say_cuts_nobody() {
        let (mut reader, stream) = duplex(HELD);
        let mut stream = Impatient::new(stream);
        stream.write_all(b"one").await.unwrap();
        tokio::time::advance(PATIENCE * 10).await;
        stream.write_all(b"two").await.unwrap();
        let mut heard = [0; 6];
        reader.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"onetwo");
    }
}

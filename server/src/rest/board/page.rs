//! The body of an answer that holds a board: put together piece by piece as fast as the client takes
//! it, so that a slow client costs no memory.

use std::io::Write;
use std::ops::Bound;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use domain::status::Status;
use domain::time::Timestamp;
use http_body::{Body, Frame, SizeHint};

use super::copy::{Column, Piece, SortKey};
use crate::rest::wire::board::End;

/// The size of a chunk, in bytes: as much as a connection may hold back.
const CHUNK: usize = crate::listen::MAX_HELD_BYTES / 2;

const BEFORE_STARTED: &[u8] = br#","started_age_seconds":"#;

/// A board of one moment, on its way out.
#[derive(Debug)]
pub(super) struct Page {
    columns: Vec<(Status, Column)>,
    tenant: Option<String>,
    now: Timestamp,
    /// The text after the columns.
    end: Vec<u8>,
    /// The column whose pieces come next.
    column: usize,
    /// The last piece that was looked at in it, shown or not.
    after: Option<SortKey>,
    is_first_in_column: bool,
    is_done: bool,
    /// The number of bytes still to come.
    remaining: u64,
}

impl Page {
    pub(super) fn new(
        columns: Vec<(Status, Column)>,
        tenant: Option<String>,
        end: &End<'_>,
    ) -> Self {
        // Names and numbers always have a JSON form; the columns stand before them.
        let mut json = serde_json::to_vec(end).unwrap_or_default();
        if let Some(brace) = json.first_mut() {
            *brace = b',';
        }
        let mut page = Self {
            columns,
            tenant,
            now: end.now,
            end: [b"]".as_slice(), &json].concat(),
            column: 0,
            after: None,
            is_first_in_column: true,
            is_done: false,
            remaining: 0,
        };
        page.remaining = page.length();
        page
    }

    fn is_shown(&self, piece: &Piece) -> bool {
        self.tenant.is_none() || self.tenant.as_deref() == piece.tenant.as_deref()
    }

    /// Its length: the same sum as [`Page::write`] writes.
    fn length(&self) -> u64 {
        let mut length = self.end.len();
        for (at, (status, column)) in self.columns.iter().enumerate() {
            length += opening(at, status).map(<[u8]>::len).sum::<usize>() + b"]}".len();
            let shown = column.values().filter(|piece| self.is_shown(piece));
            let (mut pieces, mut bytes) = (0, 0);
            for piece in shown {
                let (before, after) = piece.halves();
                let (created, started) = self.ages(piece);
                bytes += before.len() + after.len() + BEFORE_STARTED.len();
                bytes += digits(created) + started.map_or(b"null".len(), digits);
                pieces += 1;
            }
            length += bytes + pieces.max(1) - 1;
        }
        u64::try_from(length).unwrap_or(u64::MAX)
    }

    /// Writes the next pieces, and says so when there is nothing left.
    fn write(&mut self) -> Vec<u8> {
        let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 8);
        while chunk.len() < CHUNK {
            let Some((status, pieces)) = self.columns.get(self.column).cloned() else {
                chunk.extend_from_slice(&self.end);
                self.is_done = true;
                break;
            };
            if self.after.is_none() {
                opening(self.column, &status).for_each(|part| chunk.extend_from_slice(part));
            }
            if self.write_pieces(&pieces, &mut chunk) {
                chunk.extend_from_slice(b"]}");
                self.column += 1;
                self.after = None;
                self.is_first_in_column = true;
            }
        }
        chunk
    }

    /// Writes as many pieces of a column as the chunk takes. Returns true when these were the last.
    fn write_pieces(&mut self, pieces: &Column, chunk: &mut Vec<u8>) -> bool {
        let start = self.after.map_or(Bound::Unbounded, Bound::Excluded);
        for (place, piece) in pieces.range((start, Bound::Unbounded)) {
            self.after = Some(*place);
            if !self.is_shown(piece) {
                continue;
            }
            if !self.is_first_in_column {
                chunk.push(b',');
            }
            self.is_first_in_column = false;
            let (created, started) = self.ages(piece);
            let (before, after) = piece.halves();
            chunk.extend_from_slice(before);
            write_number(chunk, created);
            chunk.extend_from_slice(BEFORE_STARTED);
            match started {
                Some(started) => write_number(chunk, started),
                None => chunk.extend_from_slice(b"null"),
            }
            chunk.extend_from_slice(after);
            if chunk.len() >= CHUNK {
                return false;
            }
        }
        true
    }

    fn ages(&self, piece: &Piece) -> (i64, Option<i64>) {
        let since = |moment| self.now.seconds_since(moment);
        (since(piece.created_at), piece.started_at.map(since))
    }
}

/// The text before the pieces of a column.
fn opening(column: usize, status: &Status) -> impl Iterator<Item = &[u8]> {
    let before: &[u8] = if column == 0 {
        br#"{"columns":["#
    } else {
        b","
    };
    let name = status.as_str().as_bytes();
    [before, br#"{"name":""#, name, br#"","tasks":["#].into_iter()
}

fn digits(number: i64) -> usize {
    let minus = usize::from(number < 0);
    let digits = number.unsigned_abs().checked_ilog10().unwrap_or_default() + 1;
    minus + usize::try_from(digits).unwrap_or_default()
}

fn write_number(chunk: &mut Vec<u8>, number: i64) {
    // Writing to a `Vec` cannot fail.
    write!(chunk, "{number}").ok();
}

impl Body for Page {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        let chunk = self.write();
        let written = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        self.remaining = self.remaining.saturating_sub(written);
        Poll::Ready(Some(Ok(Frame::data(chunk.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_done
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

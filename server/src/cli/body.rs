//! The long text of a task: from an argument, from a file, or from standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::session::Session;
use crate::bounds::MAX_BODY_BYTES;

/// The source of a body.
#[derive(Debug, clap::Args)]
#[group(id = "story", multiple = false)]
pub(super) struct Args {
    /// The whole story; `-` reads it from standard input. For the assignee `shell`, a script
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// The same from a file
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
}

impl Args {
    /// The body, where one was given.
    pub(super) fn read(self, session: &Session) -> anyhow::Result<Option<String>> {
        let dash = Path::new("-");
        let text = match (self.body, self.body_file) {
            (Some(text), _) if text == "-" => from_stdin(session)?,
            (_, Some(path)) if path == dash => from_stdin(session)?,
            (Some(text), _) => text,
            (None, Some(path)) => from_file(&path, session)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(text))
    }
}

/// A text from the command line, where `-` reads it from standard input. As in the shell's own
/// `$(…)`, line breaks at the end are no part of it.
pub(super) fn or_stdin(text: String, session: &Session) -> anyhow::Result<String> {
    match text.as_str() {
        "-" => Ok(from_stdin(session)?
            .trim_end_matches(['\r', '\n'])
            .to_owned()),
        _ => Ok(text),
    }
}

fn from_stdin(session: &Session) -> anyhow::Result<String> {
    session.not_in_chat("read standard input")?;
    read(io::stdin().lock()).context("cannot take the text from standard input")
}

fn from_file(path: &Path, session: &Session) -> anyhow::Result<String> {
    session.not_in_chat("read files")?;
    File::open(path)
        .map_err(Into::into)
        .and_then(read)
        .with_context(|| format!("cannot take the body from {}", path.display()))
}

/// Reads text and nothing else: what a terminal, a page and a model's prompt can show.
fn read(from: impl Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    // One byte more than may be, to tell the two apart.
    let limit = MAX_BODY_BYTES.saturating_add(1);
    from.take(u64::try_from(limit).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BODY_BYTES {
        bail!("it has more than {MAX_BODY_BYTES} bytes");
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        bail!("it is not plain text: there is a NUL at byte {at}");
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow::anyhow!("it is not UTF-8 from byte {at} on")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_of_a_sensible_size_is_a_body() {
        let fits = vec![b'x'; MAX_BODY_BYTES];
        assert_eq!(read(&fits[..]).unwrap().len(), MAX_BODY_BYTES);
        let complaint = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(
            complaint(b"ab\0"),
            "it is not plain text: there is a NUL at byte 2"
        );
        assert_eq!(complaint(b"ab\xff"), "it is not UTF-8 from byte 2 on");
        let too_long = vec![b'x'; MAX_BODY_BYTES + 1];
        assert_eq!(complaint(&too_long), "it has more than 2097152 bytes");
    }
}

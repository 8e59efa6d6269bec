//! `kanban export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::progress;
use crate::cli::session::Session;

/// Export the board as JSON Lines
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban export > board.jsonl\n  \
    kanban export --output board.jsonl && kanban --home ~/other import board.jsonl")]
pub(crate) struct Args {
    /// The new file, instead of standard output; must not exist yet. `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// With --output, print what was written as JSON
    #[arg(long, requires = "output")]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let Some(path) = args.output.filter(|path| path != Path::new("-")) else {
        let lines = Lines::default();
        let exporting = session.kernel.export(lines.clone());
        progress::during("exporting the board", exporting).await?;
        output.text(&lines.into_text()?);
        return Ok(());
    };
    let file =
        File::create_new(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let exporting = session.kernel.export(BufWriter::new(file));
    let rows = progress::during("exporting the board", exporting).await?;
    if args.json {
        return output.json(&json!({ "file": path, "rows": rows }));
    }
    output.line(format_args!("Exported {rows} row(s) to {}", path.display()));
    Ok(())
}

/// Collects the text for standard output, which only [`Output`] writes to.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn into_text(self) -> anyhow::Result<String> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(String::from_utf8(std::mem::take(&mut bytes))?)
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

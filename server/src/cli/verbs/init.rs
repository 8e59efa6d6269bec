//! `kanban init`.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Make a board and its configuration, where there is none yet
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban init\n  \
    kanban --home ~/boards/garden init")]
pub(crate) struct Args {
    /// Print where everything is as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let (db, config) = (session.home.db(), session.home.config());
    write_example(&config).with_context(|| format!("cannot write {}", config.display()))?;
    if args.json {
        return output.json(&json!({ "db": db, "config": config }));
    }
    output.line(format_args!("Kanban DB initialized at {}", db.display()));
    output.line(format_args!(
        "Lanes, caps and channels: {}",
        config.display()
    ));
    output
        .line("Start the dispatcher: `kanban serve` with a board to look at, else `kanban daemon`");
    output.line("(as a service: `kanban guide service`)");
    Ok(())
}

/// Writes the commented example, unless there is a file already.
fn write_example(path: &Path) -> std::io::Result<()> {
    match File::create_new(path) {
        Ok(mut file) => file.write_all(dispatcher::EXAMPLE.as_bytes()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

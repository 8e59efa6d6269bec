//! `kanban init`.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Context as _;
use dispatcher::agents::{self, Found};
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::first_run::{self, Next};

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
    tell(&agents::look(), session, output)
}

/// Says which agents there are, and how each gets a lane.
fn tell(found: &[Found], session: &Session, output: &mut Output) -> anyhow::Result<()> {
    if found.is_empty() {
        output.line("No agent was found on the PATH (`kanban guide lanes` says which are known)");
        return Ok(());
    }
    let lanes = super::lanes::settings(session)?
        .lanes()
        .reports(session.kernel.now());
    let kanban = first_run::kanban(&session.home);
    output.line("Agents on this machine:");
    for found in found {
        let next = match Next::of(found, &lanes, &kanban) {
            Next::Add(command) => format!("`{command}`"),
            Next::HasLane => "it has its lane".to_owned(),
            Next::NoLane => "no lane is shipped for it".to_owned(),
        };
        output.line(format_args!("  {}: {next}", first_run::words(found)));
    }
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

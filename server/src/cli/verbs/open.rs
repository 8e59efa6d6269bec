//! `kanban open`.

use anyhow::Context as _;
use dispatcher::Home;
use serde_json::json;

use crate::auth::{Token, launch_link};
use crate::cli::output::Output;
use crate::serve;

/// Print a link that opens the board of the running server in a browser, once
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban open\n  \
    xdg-open \"$(kanban open)\"")]
pub(crate) struct Args {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, home: &Home, output: &mut Output) -> anyhow::Result<()> {
    let url = serve::url_of(home)?.with_context(|| {
        format!(
            "no server of {} is running; start `kanban serve`",
            home.root().display()
        )
    })?;
    let token = Token::load(&home.token())
        .with_context(|| format!("cannot read {}", home.token().display()))?;
    let link = launch_link(&token, &url, kernel::Clock::default().now());
    if args.json {
        return output.json(&json!({ "url": link }));
    }
    output.line(link);
    Ok(())
}

//! `kanban open`.

use anyhow::Context as _;
use dispatcher::Home;

use super::output::Output;
use crate::auth::{Token, launch_link};
use crate::serve;

/// Print a link that opens the board of the running server in a browser, once
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, home: &Home, output: &mut Output) -> anyhow::Result<()> {
    let url = serve::url_of(home)?.with_context(|| {
        format!(
            "no server of {} is running; start `kanban serve`",
            home.root().display()
        )
    })?;
    let token = Token::load(&home.token())
        .with_context(|| format!("cannot read {}", home.token().display()))?;
    output.line(launch_link(&token, &url, kernel::Clock::default().now()));
    Ok(())
}

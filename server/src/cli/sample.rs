//! `kanban sample`.

use domain::actor::Actor;

use super::output::Output;
use super::session::Session;

/// Fill an empty board with a few tasks that show how it works
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(_: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let actor = Actor::full(session.author.clone());
    let receipts = dispatcher::sample::fill(&session.kernel, &actor).await?;
    output.line(format_args!(
        "Created {} tasks; `kanban serve` runs them",
        receipts.len()
    ));
    Ok(())
}

//! The verbs whose arguments and help are those of their struct in the domain: a line each.

use clap::Subcommand;
use dispatcher::{Config, branches};
use domain::authority::Act;
use domain::command::{ApproveTask, LandTask, Receipt, ReclaimTask, RequestChanges, Verb};
use serde::Serialize;

use super::list;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Declares them: the name on the command line, and the struct.
macro_rules! declared {
    ($($name:ident($verb:ty),)*) => {
        /// A verb whose struct declares its arguments.
        #[derive(Debug, Subcommand)]
        pub(crate) enum Declared {
            $($name(Args<$verb>),)*
        }

        impl Declared {
            pub(super) const fn act(&self) -> Act {
                match self {
                    $(Self::$name(_) => <$verb as Verb>::ACT,)*
                }
            }

            pub(super) async fn carry_out(
                self,
                session: &Session,
                output: &mut Output,
            ) -> anyhow::Result<()> {
                match self {
                    $(Self::$name(args) => args.carry_out(session, output).await,)*
                }
            }
        }
    };
}

declared! {
    Approve(ApproveTask),
    Land(LandTask),
    Reclaim(ReclaimTask),
    RequestChanges(RequestChanges),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args<V: clap::Args> {
    #[command(flatten)]
    verb: V,
    /// Print its events and its answer as JSON
    #[arg(long)]
    json: bool,
}

impl<V: Verb + clap::Args> Args<V>
where
    Receipt<V::Answer>: Serialize,
{
    /// Carries it out, and prints the line of the task that it is about.
    async fn carry_out(self, session: &Session, output: &mut Output) -> anyhow::Result<()> {
        let task = self.verb.task().cloned();
        if let (Act::Review | Act::Land, Some(task)) = (V::ACT, &task) {
            let config = Config::new(std::env::current_exe()?);
            let actor = session.actor();
            let about = (task, &actor.authority);
            branches::look_before(&session.kernel, &session.home, &config, about).await?;
        }
        let receipt = session.execute(self.verb).await?;
        if self.json {
            return output.json(&receipt);
        }
        match task {
            _ if receipt.events.is_empty() => output.line("Nothing to do"),
            Some(task) => {
                let task = session.task(&task).await?;
                output.painted_line(list::line(&task.into(), output.paint));
            }
            None => output.line("Done"),
        }
        Ok(())
    }
}

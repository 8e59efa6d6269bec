//! `kanban why`.

use domain::dispatch::{WhyNot, why_no_landing};

use crate::cli::json::WhyObject;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Print the reason why a task is not running
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban why t_1a2b3c4d")]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// Print it as JSON: `null` for a task that is running
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    let detail = session.detail(&id).await?;
    let task = &detail.task;
    let status = &task.status;
    let why = session.why(&id).await?;
    if args.json {
        return output.json(&why.as_ref().map(WhyObject::from));
    }
    match why {
        Some(why @ WhyNot::Paused { .. }) => {
            let lane = match &why {
                WhyNot::Paused { lane: Some(lane) } => format!(" {lane}"),
                _ => String::new(),
            };
            output.line(format_args!(
                "{id} ({status}): {why}, until `kanban resume{lane}`"
            ));
        }
        Some(why) => {
            output.line(format_args!("{id} ({status}): {why}"));
            match (&why, &task.last_error) {
                (WhyNot::Resting { .. }, Some(error)) => {
                    output.line(format_args!("the last attempt: {error}"));
                }
                (
                    WhyNot::Held {
                        until: Some(at), ..
                    },
                    _,
                ) => {
                    output.line(format_args!("next start: {}", text::moment(*at)));
                }
                _ => {}
            }
        }
        None => output.line(format_args!("{id} is running")),
    }
    if let Some(landing) = &detail.landing {
        let dispatch = session.kernel.dispatch().await?;
        let why_none = why_no_landing(landing, &dispatch);
        let landing = text::landing(landing, why_none.as_ref(), dispatch.now);
        output.line(format_args!("its work is to land {landing}"));
    }
    Ok(())
}

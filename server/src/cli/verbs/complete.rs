//! `kanban complete`.

use domain::command::CompleteTask;
use domain::outcome::TaskOutcome;

use crate::cli::body::or_stdin;
use crate::cli::bulk::Bulk;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Complete tasks
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban complete t_1a2b3c4d --result 'merged as 4711'\n  \
    make report | kanban complete t_1a2b3c4d --result -\n  \
    kanban complete t_1a2b3c4d --outcome failure --result 'it leaks'\n  \
    kanban complete --result done --metadata '{\"tests\": 12}'     (in a worker)")]
pub(crate) struct Args {
    /// The tasks; a worker may leave out its own
    task_ids: Vec<String>,
    /// The result, for the tasks that wait for it. `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    result: Option<String>,
    /// A summary of the run for people; also the result where there is none.
    /// `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// Particulars of the run for programs
    #[arg(long, value_name = "JSON_OBJECT")]
    metadata: Option<String>,
    /// The outcome; tasks that are linked on the other one do not start [default: success]
    #[arg(long, value_enum)]
    outcome: Option<TaskOutcome>,
    /// Finish it without its check: you have looked yourself
    #[arg(long)]
    unchecked: bool,
    /// Print the tasks as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    if args.task_ids.len() > 1 {
        crate::cli::usage::ensure(
            args.summary.is_none() && args.metadata.is_none(),
            "--summary and --metadata are about one run; complete the tasks one by one",
        )?;
    }
    crate::cli::usage::ensure(
        [&args.result, &args.summary].map(|it| it.as_deref()) != [Some("-"); 2],
        "standard input can be the result or the summary, not both",
    )?;
    let read = |text: Option<String>| text.map(|text| or_stdin(text, session)).transpose();
    let (result, summary) = (read(args.result)?, read(args.summary)?);
    let command = |task| CompleteTask {
        task,
        result: result.clone(),
        summary: summary.clone(),
        metadata: args.metadata.clone(),
        outcome: args.outcome,
        unchecked: args.unchecked,
    };
    let mut bulk = Bulk::new(session, output, "complete").json(args.json);
    if args.task_ids.is_empty() {
        let own = session.task_or_own(None)?;
        bulk.task(own, command, |task| format!("Completed {task}"))
            .await;
    }
    for text in &args.task_ids {
        bulk.named(text, command, |task| format!("Completed {task}"))
            .await;
    }
    bulk.finish().await
}

//! `kanban inbox`.

use domain::command::{DropDelivery, RetryDelivery};
use domain::hold::Cause;
use domain::id::{DeliveryId, EventId, TaskId};
use domain::inbox::{Concern, Need, behind_in_words};
use domain::outcome::dead_ends_in_words;
use domain::text::one_line;
use domain::time::Timestamp;

use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// List what needs a person: questions, tasks that gave up, dead letters
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban inbox\n  \
    kanban inbox --json | jq -r '.[].task'\n  \
    kanban inbox --retry 7")]
pub(crate) struct Args {
    /// Retry this dead letter, and all else undelivered at its address
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["drop", "json"])]
    retry: Option<i64>,
    /// Drop this dead letter, and all else undelivered at its address
    #[arg(long, value_name = "NUMBER", conflicts_with = "json")]
    drop: Option<i64>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    if let Some(delivery) = args.retry.map(DeliveryId) {
        session.execute(RetryDelivery { delivery }).await?;
        output.line(format_args!("Delivery {delivery} is tried again"));
        return Ok(());
    }
    if let Some(delivery) = args.drop.map(DeliveryId) {
        session.execute(DropDelivery { delivery }).await?;
        output.line(format_args!("Delivery {delivery} is dropped"));
        return Ok(());
    }
    let concerns = session.kernel.inbox().await?;
    if args.json {
        return output.json(&concerns);
    }
    if concerns.is_empty() {
        output.note("(nothing needs you)");
    }
    let now = session.kernel.now();
    for concern in &concerns {
        print(concern, now, output);
    }
    Ok(())
}

fn print(concern: &Concern, now: Timestamp, output: &mut Output) {
    let Concern {
        task,
        title,
        since,
        need,
        behind,
        ..
    } = concern;
    let (sign, said, more) = match need {
        Need::Answer { question } => {
            let question = question.as_deref().unwrap_or("it is blocked");
            ('⏸', question.to_owned(), None)
        }
        Need::GaveUp {
            failures,
            error,
            proposed,
        } => {
            let times = match failures {
                0 => String::new(),
                1 => " after a failure".to_owned(),
                count => format!(" after {count} failures"),
            };
            let said = format!("gave up{times}: {error}");
            let proposed = proposed
                .as_ref()
                .map(|text| format!("it last said: {text}"));
            ('✖', said, proposed)
        }
        Need::Review { result, .. } => {
            let said = result.as_deref().unwrap_or("its work is done");
            let how = format!("kanban approve {task}, or kanban request-changes {task} \"…\"");
            ('◎', said.to_owned(), Some(how))
        }
        Need::DeadEnd { dead_ends } => {
            let child = dead_ends.first().map_or("CHILD", |it| it.child.as_str());
            let how = format!(
                "kanban move {task} ready, kanban unlink {task} {child}, or \
                 kanban link {task} {child} --on always"
            );
            ('⛔', dead_ends_in_words(dead_ends), Some(how))
        }
        Need::Landing {
            onto,
            problem,
            request,
            ..
        } => {
            let how = land_again(task, onto.as_deref(), *request);
            ('⇥', format!("its landing waits: {problem}"), Some(how))
        }
        Need::Undelivered {
            delivery,
            to,
            error,
            count,
            ..
        } => {
            let times = match count {
                1 => String::new(),
                count => format!(" {count} times"),
            };
            let said = format!("{to} was not told{times}: {error}");
            let how = format!("kanban inbox --retry {delivery}, or --drop {delivery}");
            ('✉', said, Some(how))
        }
        Need::Held {
            lane,
            cause,
            reason,
        } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}"));
            let said = format!(
                "{lane} is held, {}{}",
                cause.words(),
                reason.unwrap_or_default()
            );
            let remedy = match cause {
                Cause::Unauthorized => "log in",
                _ => "mend it",
            };
            (
                '⏳',
                said,
                Some(format!("{remedy}, then kanban release {lane}")),
            )
        }
    };
    let (title, since) = (one_line(title), text::relative(now, *since));
    let behind = behind_in_words(*behind).map_or_else(String::new, |words| format!("; {words}"));
    output.line(format_args!("{sign} {task}  {title}  ({since}{behind})"));
    output.line(format_args!("    {}", one_line(&said)));
    if let Some(more) = more {
        output.line(format_args!("    {}", one_line(&more)));
    }
}

/// The commands that try a landing again and take it back.
fn land_again(task: &TaskId, onto: Option<&str>, request: EventId) -> String {
    // A repository may call a branch what a shell would run.
    let onto = onto.and_then(|onto| shlex::try_quote(onto).ok());
    let onto = onto.as_deref().unwrap_or("BRANCH");
    format!("kanban land {task} --onto {onto}, or kanban undo {request}")
}

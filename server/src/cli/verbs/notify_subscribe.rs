//! `kanban notify-subscribe`.

use domain::command::{Command, SetQuietHours, Subscribe, SubscribeBoard};
use domain::notify::Filter;
use domain::notify::quiet::QuietHours;

use crate::cli::address;
use crate::cli::output::Output;
use crate::cli::session::{self, Session};
use notifier::check_platform;

/// Subscribe an address to the news of a task, or of all tasks
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban notify-subscribe t_1a2b3c4d --platform telegram --chat-id 4711\n  \
    kanban notify-subscribe --platform webhook --chat-id ci --tenant acme --kind completed\n  \
    kanban notify-subscribe --platform slack --chat-id C1 --quiet '22:00-07:00 Europe/Berlin'")]
pub(crate) struct Args {
    /// The task; without it, all of them
    task_id: Option<String>,
    #[command(flatten)]
    address: address::Args,
    /// The user who asks for it
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
    /// Only of tasks of this tenant
    #[arg(long, value_name = "NAME", conflicts_with = "task_id")]
    tenant: Option<String>,
    /// Only of tasks of this assignee
    #[arg(long, value_name = "NAME", conflicts_with = "task_id")]
    assignee: Option<String>,
    /// Only of this kind of news, such as `completed` or `created`; may be repeated
    #[arg(long = "kind", value_name = "KIND", conflicts_with = "task_id")]
    kinds: Vec<String>,
    /// Keep quiet there at these hours; `never` ends it
    #[arg(long, value_name = "HOURS", value_parser = quiet)]
    quiet: Option<Quiet>,
    /// Print the subscription as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug)]
enum Quiet {
    Never,
    At(QuietHours),
}

fn quiet(text: &str) -> Result<Quiet, String> {
    match text {
        "never" => Ok(Quiet::Never),
        hours => hours
            .parse()
            .map(Quiet::At)
            .map_err(|error: domain::error::Error| error.to_string()),
    }
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let to = args.address.with_user(args.user_id);
    check_platform(&to, &session.home)?;
    let task = args.task_id.as_deref().map(session::known).transpose()?;
    let filter = Filter {
        tenant: args.tenant,
        assignee: args.assignee,
        kinds: args.kinds,
    };
    let subscribe = match task.clone() {
        Some(task) => Command::from(Subscribe {
            task,
            to: to.clone(),
        }),
        None => SubscribeBoard {
            to: to.clone(),
            filter,
        }
        .into(),
    };
    let quiet = args.quiet.map(|quiet| SetQuietHours {
        to: to.clone(),
        hours: match quiet {
            Quiet::Never => None,
            Quiet::At(hours) => Some(hours),
        },
    });
    let commands: Vec<Command> = std::iter::once(subscribe)
        .chain(quiet.map(Command::from))
        .collect();
    let receipts = session.execute_all(commands).await?;
    let is_new = receipts.first().is_some_and(|it| !it.answer.is_nothing());
    let Some(task) = task else {
        return of_board(session, output, &to, is_new, args.json).await;
    };
    if args.json {
        let all = session.kernel.subscriptions(Some(task)).await?;
        let made = all
            .iter()
            .find(|found| address::is_same_place(&found.to, &to));
        return output.json(&made);
    }
    output.line(format_args!("Subscribed {to} to {task}"));
    Ok(())
}

async fn of_board(
    session: &Session,
    output: &mut Output,
    to: &domain::notify::Address,
    is_new: bool,
    json: bool,
) -> anyhow::Result<()> {
    if json {
        let all = session.kernel.board_subscriptions().await?;
        let made: Vec<_> = all
            .iter()
            .filter(|found| address::is_same_place(&found.to, to))
            .collect();
        return output.json(&made);
    }
    let already = if is_new { "" } else { " already" };
    output.line(format_args!("Subscribed {to} to the board{already}"));
    Ok(())
}

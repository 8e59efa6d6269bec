//! `kanban notify-list`.

use domain::id::TaskId;
use domain::notify::BoardSubscription;
use domain::notify::delivery::{Delivery, DeliveryState};
use domain::text::one_line;
use kernel::DeliveryQuery;
use serde::Serialize;

use crate::cli::output::Output;
use crate::cli::session::{self, Session};

/// List subscriptions, and dead letters
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  kanban notify-list\n  kanban notify-list t_1a2b3c4d --json")]
pub(crate) struct Args {
    /// Only of this task
    task_id: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// A row of the list: of a task, or of all of them.
#[derive(Serialize)]
#[serde(untagged)]
enum Row {
    Task(domain::notify::Subscription),
    Board(BoardSubscription),
}

/// The most dead letters that are shown.
const DEAD_LETTERS: u32 = 20;

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let task = args.task_id.as_deref().map(session::known).transpose()?;
    let dead = DeliveryQuery {
        task: task.clone(),
        state: Some(DeliveryState::Dead),
        limit: DEAD_LETTERS,
    };
    let rows = rows(session, task).await?;
    if args.json {
        return output.json(&rows);
    }
    if rows.is_empty() {
        output.note("(no subscriptions)");
    }
    for row in &rows {
        output.line(line(row));
    }
    for dead in session.kernel.deliveries(dead).await? {
        output.line(dead_letter(&dead));
    }
    Ok(())
}

async fn rows(session: &Session, task: Option<TaskId>) -> anyhow::Result<Vec<Row>> {
    let of_board = match task {
        Some(_) => Vec::new(),
        None => session.kernel.board_subscriptions().await?,
    };
    let of_tasks = session.kernel.subscriptions(task).await?;
    let of_tasks = of_tasks.into_iter().map(Row::Task);
    Ok(of_tasks
        .chain(of_board.into_iter().map(Row::Board))
        .collect())
}

fn line(row: &Row) -> String {
    match row {
        Row::Task(subscription) => {
            let (task, since) = (&subscription.task_id, subscription.last_event_id);
            let place = &subscription.to;
            format!("{task}  {place}  (since event {since})")
        }
        Row::Board(BoardSubscription { id, to, filter, .. }) => {
            let named = |name: &str, value: &Option<String>| {
                value.as_ref().map(|value| format!("{name}={value}; "))
            };
            let only = [
                named("tenant", &filter.tenant),
                named("assignee", &filter.assignee),
            ];
            let only: String = only.into_iter().flatten().collect();
            let (place, kinds) = (to, filter.kinds.join(", "));
            format!("board #{id}  {place}  ({only}{kinds})")
        }
    }
}

fn dead_letter(dead: &Delivery) -> String {
    let (id, task, place) = (dead.id, &dead.notice.task_id, &dead.to);
    let error = dead.error.as_deref().unwrap_or_default();
    format!(
        "{task}  {place}  could not be told: {} (delivery {id})",
        one_line(error)
    )
}

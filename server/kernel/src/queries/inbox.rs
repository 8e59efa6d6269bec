//! The inbox: everything that needs a person.

use domain::dispatch::Dispatch;
use domain::hold::Lets;
use domain::id::{EventId, RunId};
use domain::inbox::{Concern, MOST_BEHIND, Need};
use domain::landing::Method;
use domain::notify::delivery::Delivery;
use domain::outcome::DeadEnd;
use domain::review::PERSON;
use domain::task::Task;
use domain::time::Timestamp;
use rusqlite::Connection;

use super::dispatch::dispatch;
use super::outbox::delivery_sql;
use crate::error::Error;
use crate::row::{self, Columns, columns, is_finished, was_archived};
use crate::{Kernel, lane_holds, tasks};

impl Kernel {
    /// Returns everything that waits for a person, the longest wait first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn inbox(&self) -> Result<Vec<Concern>, Error> {
        let (now, held, lock) = self.for_dispatch();
        self.readers
            .read(move |conn| {
                let mut concerns = blocked(conn)?;
                let mut waiting = in_review(conn)?;
                if waiting.iter().any(|(_, work)| work.is_for_lane()) {
                    let dispatch = dispatch(conn, now, held, lock)?;
                    waiting
                        .retain(|(_, work)| !work.is_for_lane() || work.is_for_nobody(&dispatch));
                }
                concerns.extend(
                    waiting
                        .into_iter()
                        .map(|(concern, work)| work.told(concern)),
                );
                concerns.extend(dead_ends(conn)?);
                concerns.extend(landings(conn)?);
                concerns.extend(undelivered(conn)?);
                concerns.extend(holds(conn, now)?);
                concerns.sort_by_key(|concern| concern.since);
                Ok(concerns)
            })
            .await
    }
}

fn blocked(conn: &Connection) -> Result<Vec<Concern>, Error> {
    let sql = format!(
        "SELECT {} FROM tasks WHERE status = 'blocked' ORDER BY status_since, rowid",
        Concern::columns()
    );
    row::all(conn, &sql, ())
}

columns! {
    Concern {
        task: "id", title, assignee, since: "status_since",
        need: &format!("{}, spawn_failures, last_spawn_error, {PROPOSED}", row::BLOCK_REASON) =>
            |(reason, failures, error, proposed)| Need::of_blocked(reason, failures, error, proposed),
        behind: &format!(
            "(WITH RECURSIVE behind (id) AS ( \
                  SELECT child.id FROM task_links AS link JOIN tasks AS child ON child.id = link.child_id \
                  WHERE link.parent_id = tasks.id AND child.status NOT IN ('done', 'archived') \
                  UNION \
                  SELECT child.id FROM behind JOIN task_links AS link ON link.parent_id = behind.id \
                      JOIN tasks AS child ON child.id = link.child_id \
                  WHERE child.status NOT IN ('done', 'archived') \
                  LIMIT {MOST_BEHIND} \
              ) SELECT count(*) FROM behind)"
        ),
    }
}

/// Work that waits for a verdict.
struct Work {
    run: Option<RunId>,
    commit: Option<String>,
    result: Option<String>,
    /// Another program names none.
    reviewer: Option<String>,
}

columns! {
    Work {
        run: "reviewed_run",
        commit: "(SELECT tip FROM branches WHERE task_id = tasks.id)",
        result,
        reviewer,
    }
}

impl Work {
    fn is_for_lane(&self) -> bool {
        self.reviewer.as_deref().is_some_and(|it| it != PERSON)
    }

    /// Returns true if no lane has the name of the reviewer, as far as a dispatcher says.
    fn is_for_nobody(&self, dispatch: &Dispatch) -> bool {
        let reviewer = self.reviewer.as_deref().unwrap_or(PERSON);
        dispatch.lacks_lane(reviewer)
    }

    fn told(self, concern: Concern) -> Concern {
        let need = Need::Review {
            run: self.run,
            commit: self.commit,
            result: self.result,
        };
        Concern { need, ..concern }
    }
}

/// Returns the tasks whose work waits for a verdict, whoever is to give it.
fn in_review(conn: &Connection) -> Result<Vec<(Concern, Work)>, Error> {
    let sql = format!(
        "SELECT {}, {} FROM tasks INDEXED BY idx_tasks_review \
         WHERE status = 'review' ORDER BY status_since, rowid",
        Concern::columns(),
        Work::columns()
    );
    row::all(conn, &sql, ())
}

/// The maximum number of links that are listed because they can no longer be met.
const MOST_DEAD_ENDS: u32 = 1_000;

/// The links that can no longer be met, with the outcome that their parents have.
const UNMET: &str = concat!(
    "SELECT link.parent_id, link.child_id, link.start_on, 'failure' AS outcome, 0 AS was_archived \
         FROM tasks AS parent INDEXED BY idx_tasks_failed \
         CROSS JOIN task_links AS link ON link.parent_id = parent.id \
     WHERE parent.outcome = 'failure' AND ",
    is_finished!(),
    " AND link.start_on = 'success' \
     UNION \
     SELECT link.parent_id, link.child_id, link.start_on, 'success', ",
    was_archived!(),
    " FROM task_links AS link INDEXED BY idx_links_on_failure \
         CROSS JOIN tasks AS parent ON parent.id = link.parent_id \
     WHERE link.start_on = 'failure' AND ",
    is_finished!(),
    " AND coalesce(parent.outcome, 'success') = 'success'"
);

columns! {
    DeadEnd {
        parent: "parent_id", child: "child_id", outcome, on: "start_on", was_archived,
    }
}

/// Returns the tasks whose children can never start, each with those of its links that can no longer be met
/// and with the number of tasks that are stuck behind them.
fn dead_ends(conn: &Connection) -> Result<Vec<Concern>, Error> {
    let sql = format!(
        "WITH dead_ends AS MATERIALIZED ( \
             SELECT unmet.* FROM ({UNMET}) AS unmet \
             CROSS JOIN tasks AS child ON child.id = unmet.child_id \
             WHERE child.waiting = 1 AND child.status = 'todo' \
             ORDER BY parent_id, child.rowid LIMIT {MOST_DEAD_ENDS} \
         )"
    );
    let links = format!("{sql} SELECT {} FROM dead_ends", DeadEnd::columns());
    let links: Vec<DeadEnd> = row::all(conn, &links, ())?;
    let mut links = links.into_iter().peekable();
    let parents = format!(
        "{sql} SELECT {}, ( \
             WITH RECURSIVE stuck (id) AS ( \
                 SELECT child_id FROM dead_ends WHERE parent_id = tasks.id \
                 UNION \
                 SELECT child.id FROM stuck JOIN task_links AS link ON link.parent_id = stuck.id \
                     JOIN tasks AS child ON child.id = link.child_id \
                 WHERE child.status NOT IN ('done', 'archived') \
                 LIMIT {MOST_BEHIND} \
             ) SELECT count(*) FROM stuck) \
         FROM tasks WHERE id IN (SELECT parent_id FROM dead_ends) ORDER BY id",
        Concern::columns(),
    );
    let parents: Vec<(Concern, u32)> = row::all(conn, &parents, ())?;
    let most = usize::try_from(MOST_BEHIND).unwrap_or(usize::MAX);
    let concerns = parents.into_iter().map(|(concern, behind)| {
        let mut dead_ends = Vec::new();
        while let Some(dead_end) = links.next_if(|link| link.parent == concern.task) {
            dead_ends.push(dead_end);
        }
        dead_ends.truncate(most);
        Concern {
            behind,
            need: Need::DeadEnd { dead_ends },
            ..concern
        }
    });
    let mut concerns: Vec<Concern> = concerns.collect();
    concerns.sort_by_key(|concern| concern.since);
    Ok(concerns)
}

/// The maximum number of landings that are listed because they wait.
const MOST_LANDINGS: u32 = 1_000;

/// A landing that waits.
struct Waiting {
    onto: Option<String>,
    method: Option<Method>,
    delete_branch: bool,
    problem: String,
    request: EventId,
    since: Timestamp,
}

columns! {
    Waiting {
        onto: "landings.onto",
        method: "landings.method" => |name: Option<String>| name.and_then(|name| name.parse().ok()),
        delete_branch: "landings.delete_branch", problem: "landings.problem",
        request: "landings.request",
        since: "landings.asked_at",
    }
}

/// Returns the landings in whose way something is.
fn landings(conn: &Connection) -> Result<Vec<Concern>, Error> {
    let sql = format!(
        "SELECT {}, {} FROM landings CROSS JOIN tasks ON tasks.id = landings.task_id \
         WHERE landings.problem IS NOT NULL ORDER BY landings.request \
         LIMIT {MOST_LANDINGS}",
        Concern::columns(),
        Waiting::columns()
    );
    let waiting: Vec<(Concern, Waiting)> = row::all(conn, &sql, ())?;
    let concerns = waiting.into_iter().map(|(concern, waiting)| {
        let Waiting {
            onto,
            method,
            delete_branch,
            problem,
            request,
            since,
        } = waiting;
        let need = Need::Landing {
            onto,
            method,
            delete_branch,
            problem,
            request,
        };
        Concern {
            since,
            need,
            ..concern
        }
    });
    Ok(concerns.collect())
}

const PROPOSED: &str = "(SELECT CASE WHEN outcome = 'protocol' THEN summary END \
     FROM runs WHERE task_id = tasks.id ORDER BY runs.id DESC LIMIT 1)";

/// Returns the deliveries that were given up, one entry for each address: the first of them, the
/// error of the last, and their number.
fn undelivered(conn: &Connection) -> Result<Vec<Concern>, Error> {
    let sql = format!(
        "SELECT delivery.*, count, (SELECT error FROM deliveries WHERE id = last) \
         FROM ({}) AS delivery JOIN ( \
             SELECT min(id) AS first, count(*) AS count, max(id) AS last \
             FROM deliveries WHERE state = 'dead' GROUP BY place_id \
         ) ON delivery.id = first ORDER BY first",
        delivery_sql("")
    );
    let addresses = row::all(conn, &sql, ())?.into_iter();
    Ok(addresses
        .map(|(first, count, error)| of_place(first, count, error))
        .collect())
}

/// Returns the holds that only a person can end, by the task whose run met them.
fn holds(conn: &Connection, now: Timestamp) -> Result<Vec<Concern>, Error> {
    let holds = lane_holds::active(conn)?.into_iter();
    let holds = holds.filter(|hold| hold.cause.needs_person() && hold.lets(now) == Lets::None);
    holds
        .filter_map(|hold| Some((hold.task.clone()?, hold)))
        .map(|(task, hold)| {
            let Task {
                title, assignee, ..
            } = tasks::get(conn, &task)?;
            Ok(Concern {
                task,
                title,
                assignee,
                since: hold.since,
                behind: 0,
                need: Need::Held {
                    lane: hold.name,
                    cause: hold.cause,
                    reason: hold.reason,
                },
            })
        })
        .collect()
}

fn of_place(first: Delivery, count: u32, error: String) -> Concern {
    let text = first.notice.text();
    Concern {
        task: first.notice.task_id,
        title: first.notice.title,
        assignee: first.notice.assignee,
        since: first.settled_at.unwrap_or(first.created_at),
        behind: 0,
        need: Need::Undelivered {
            delivery: first.id,
            to: first.to,
            text,
            error,
            count,
        },
    }
}

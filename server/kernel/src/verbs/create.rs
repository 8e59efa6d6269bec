//! Creating a task.

use std::collections::BTreeMap;

use domain::actor::{Actor, Authority};
use domain::command::{CreateTask, Created};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::landing::Method;
use domain::outcome::named_parent;
use domain::status::Status;
use domain::task::is_skill;
use domain::time::Timestamp;
use rand::RngExt;
use rusqlite::params;

use super::undo::Inverse;
use super::{CarryOut, Work, idempotency, link, named, said};
use crate::error::Error;

impl CarryOut for CreateTask {
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Created, Error> {
        let title = self.title.trim();
        if title.is_empty() {
            return Err(Refusal::BlankTitle.into());
        }
        let assignee = said(self.assignee.as_deref());
        let key = said(self.idempotency_key.as_deref()).map(|key| idempotency::own(actor, key));
        let key = key.as_deref();
        if let Some(key) = key
            && let Some(task) = idempotency::owner_of(work, key)?
        {
            return Ok(Created {
                task,
                is_new: false,
            });
        }
        let skills = skills(&self.skills)?;
        let names = self.parents.iter().filter(|name| !name.is_empty());
        let (names, conditions): (Vec<_>, Vec<_>) = names.map(|name| named_parent(name)).unzip();
        let parents = named::find_all(work, names, Refusal::UnknownParents)?;
        // Of a parent that is named twice the last condition counts.
        let links: BTreeMap<_, _> = parents
            .iter()
            .zip(conditions)
            .map(|(parent, on)| (&parent.id, (parent, on)))
            .collect();
        // Somebody has to look at what comes from outside before it is worked on.
        let is_idea =
            self.triage || matches!(actor.authority, Authority::Chat { is_trusted: false });
        let is_waiting = !is_idea && links.values().any(|(parent, on)| !parent.lets_start(*on));
        let status = match (is_idea, is_waiting) {
            (true, _) => Status::Triage,
            (false, true) => Status::Todo,
            (false, false) => Status::Ready,
        };
        let task = unused_id(work)?;
        work.conn
            .prepare_cached(
                "INSERT INTO tasks (id, title, body, assignee, status, priority, created_by, created_at, \
                     workspace_kind, workspace_path, tenant, idempotency_key, waiting, status_since, \
                     failure_limit, max_retries, max_runtime_seconds, skills, due_at, check_script, \
                     rework_limit, review, land_method) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?8, ?14, ?14, ?15, ?16, \
                     ?17, ?18, ?19, ?20, ?21)",
            )?
            .execute(params![
                task.as_str(),
                title,
                &self.body,
                assignee,
                status.as_str(),
                self.priority,
                &actor.name,
                work.now.0,
                self.workspace_kind.as_str(),
                &self.workspace_path,
                &self.tenant,
                key,
                is_waiting,
                self.failure_limit.filter(|limit| *limit > 0),
                self.max_runtime.filter(|limit| limit.0 > 0).map(|it| it.0),
                skills,
                self.due_at.filter(|due| due.0 > 0).map(|it| it.0),
                said(self.check.as_deref()),
                self.rework_limit.filter(|limit| *limit > 0),
                said(self.review.as_deref()),
                self.land_method.map(Method::as_str),
            ])?;
        if let Some(key) = key {
            idempotency::settle(work, key)?;
        }
        for parent in &parents {
            let on = links.get(&parent.id).map(|(_, on)| *on);
            link::write(work, &parent.id, &task, on.unwrap_or_default())?;
        }
        let created = EventBody::Created {
            assignee: assignee.map(str::to_owned),
            status,
            parents: parents.into_iter().map(|parent| parent.id).collect(),
            tenant: self.tenant.clone(),
        };
        work.note(&task, || Inverse::Created);
        work.log(&task, &created)?;
        Ok(Created { task, is_new: true })
    }
}

/// Returns the names of skills as the file has them: each once, in the order given.
fn skills(names: &[String]) -> Result<Option<String>, Error> {
    let mut kept: Vec<&str> = Vec::new();
    for name in names.iter().map(|name| name.trim()) {
        if !name.is_empty() && !is_skill(name) {
            return Err(Refusal::BadSkill(name.to_owned()).into());
        }
        if !name.is_empty() && !kept.contains(&name) {
            kept.push(name);
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let json = serde_json::to_string(&kept).map_err(|_| Error::Internal)?;
    Ok(Some(json))
}

/// Draws a random id that no task has. Those of one second begin alike, so that tasks that are made
/// together stand together in the indexes; a second that has used up its own draws from all.
fn unused_id(work: &mut Work<'_>) -> Result<TaskId, Error> {
    let beginning = beginning_of(work.now);
    let mut draws = 0..DRAWS_OF_SECOND;
    loop {
        let bits: u32 = work.rng.random();
        let bits = if draws.next().is_some() {
            beginning | bits & 0xffff
        } else {
            bits
        };
        let id = TaskId::from_bits(bits);
        let is_taken = work
            .conn
            .prepare_cached("SELECT 1 FROM tasks WHERE id = ?1")?
            .exists([id.as_str()])?;
        if !is_taken {
            return Ok(id);
        }
    }
}

/// The draws from the 65,536 ids of a second.
const DRAWS_OF_SECOND: u32 = 4;

/// Returns the first four digits of the ids of a second, and zeros. One second's are far from the next's:
/// it is multiplied by 2³² divided by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4).
fn beginning_of(second: Timestamp) -> u32 {
    let [low @ .., _, _, _, _] = second.0.to_le_bytes();
    u32::from_le_bytes(low).wrapping_mul(0x9e37_79b1) & 0xffff_0000
}

//! Importing a plain list of tasks: a JSON object a line, with the fields of a new task.

use std::collections::{HashMap, VecDeque};

use domain::actor::Actor;
use domain::command::{Answer, CreateTask, Created};
use domain::id::TaskId;
use domain::landing::Method;
use domain::outcome::{StartOn, named_parent};
use domain::task::WorkspaceKind;
use domain::time::{Seconds, Timestamp};
use rand::make_rng;
use rand::rngs::StdRng;
use rusqlite::Connection;
use serde::Deserialize;

use super::lines::{Line, LineNumber};
use super::{Imported, TransferError};
use crate::error::Error;
use crate::intake::Accepted;
use crate::verbs::{self, Work};

/// A line of a list: a task to create.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    /// The id that other lines refer to it by; its id on the board is drawn.
    id: Option<String>,
    title: String,
    body: Option<String>,
    assignee: Option<String>,
    tenant: Option<String>,
    #[serde(default)]
    priority: i64,
    /// Tasks of this list, or of the board, each with its condition unless that is success.
    #[serde(default)]
    parents: Vec<String>,
    #[serde(default)]
    triage: bool,
    #[serde(default)]
    workspace_kind: WorkspaceKind,
    workspace_path: Option<String>,
    idempotency_key: Option<String>,
    failure_limit: Option<u32>,
    max_runtime_seconds: Option<i64>,
    due_at: Option<Timestamp>,
    #[serde(default)]
    skills: Vec<String>,
    check: Option<String>,
    rework_limit: Option<u32>,
    review: Option<String>,
    land_method: Option<Method>,
}

/// The tasks of a list that makes sense, each after those of the list that it waits for.
pub(super) struct Plan(Vec<(Planned, LineNumber)>);

impl Plan {
    /// Reads the list to its end.
    pub(super) fn read(
        lines: impl Iterator<Item = Result<Line, TransferError>>,
    ) -> Result<Self, TransferError> {
        let planned = lines.map(|line| {
            let line = line?;
            let plan: Planned = line.parse()?;
            if plan.text().any(|text| text.contains('\0')) {
                let problem = "it is not plain text: there is a NUL in it";
                return Err(line.place.wrong(problem));
            }
            Ok((plan, line.place))
        });
        parents_first(planned.collect::<Result<_, _>>()?).map(Self)
    }

    /// Creates its tasks, in the name of `actor`.
    pub(super) fn take_in(
        self,
        conn: &Connection,
        now: Timestamp,
        actor: &Actor,
    ) -> Result<Imported, TransferError> {
        let mut created = HashMap::new();
        let mut tasks = Vec::with_capacity(self.0.len());
        let mut rng: StdRng = make_rng();
        for (plan, place) in self.0 {
            let (key, new) = plan.with_parents(&created);
            let work = Work::new(conn, now, &mut rng);
            let receipts = Accepted::new(actor.clone(), vec![new.into()])
                .map_err(Error::from)
                .and_then(|accepted| verbs::carry_out_all(work, &accepted));
            let receipts = receipts.map_err(|error| match error {
                Error::Refused(refusal) => place.wrong(refusal.to_string()),
                error => error.into(),
            })?;
            let answer = receipts.into_iter().next().map(|receipt| receipt.answer);
            let Some(Answer::Created(Created { task, .. })) = answer else {
                return Err(Error::Internal.into());
            };
            created.extend(key.map(|key| (key, task.clone())));
            tasks.push(task);
        }
        Ok(Imported {
            tasks,
            ..Imported::default()
        })
    }
}

/// The tasks in an order in which each comes after those of the list that it waits for, else as they
/// stand.
fn parents_first(
    planned: Vec<(Planned, LineNumber)>,
) -> Result<Vec<(Planned, LineNumber)>, TransferError> {
    let mut keys = HashMap::new();
    for (at, (plan, place)) in planned.iter().enumerate() {
        if let Some(key) = &plan.id
            && keys.insert(key.clone(), at).is_some()
        {
            return Err(place.wrong(format!("there is a task called {key} before it")));
        }
    }
    let mut missing = vec![0_usize; planned.len()];
    let mut children = vec![Vec::new(); planned.len()];
    for ((at, (plan, _)), missing) in planned.iter().enumerate().zip(&mut missing) {
        let parents = plan.parents.iter();
        for parent in parents.filter_map(|parent| of_list(&keys, parent).map(|(at, _)| at)) {
            if let Some(of_parent) = children.get_mut(*parent) {
                of_parent.push(at);
                *missing += 1;
            }
        }
    }
    let free = missing
        .iter()
        .enumerate()
        .filter(|(_, missing)| **missing == 0);
    let mut free: VecDeque<_> = free.map(|(at, _)| at).collect();
    let mut planned: Vec<_> = planned.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(planned.len());
    while let Some(at) = free.pop_front() {
        ordered.extend(planned.get_mut(at).and_then(Option::take));
        for child in children.get_mut(at).map(std::mem::take).unwrap_or_default() {
            if let Some(missing) = missing.get_mut(child) {
                *missing -= 1;
                if *missing == 0 {
                    free.push_back(child);
                }
            }
        }
    }
    if let Some((_, place)) = planned.into_iter().flatten().next() {
        return Err(place.wrong("its parents wait for it"));
    }
    Ok(ordered)
}

/// Returns what a list has under the name of a parent, which may end in a condition.
fn of_list<'a, T>(keys: &'a HashMap<String, T>, parent: &str) -> Option<(&'a T, StartOn)> {
    let whole = keys.get(parent).map(|it| (it, StartOn::default()));
    whole.or_else(|| {
        let (name, on) = named_parent(parent);
        Some((keys.get(name)?, on))
    })
}

impl Planned {
    /// Returns all texts that somebody wrote.
    fn text(&self) -> impl Iterator<Item = &String> {
        let optional = [
            &self.body,
            &self.assignee,
            &self.tenant,
            &self.workspace_path,
            &self.idempotency_key,
            &self.check,
            &self.review,
        ];
        std::iter::once(&self.title).chain(optional.into_iter().flatten())
    }

    /// Returns its id in the list, and the task itself, with the ids of its parents on the board.
    fn with_parents(self, created: &HashMap<String, TaskId>) -> (Option<String>, CreateTask) {
        let parent = |name: String| match of_list(created, &name) {
            Some((id, on)) => format!("{id}:{on}"),
            None => name,
        };
        let new = CreateTask {
            title: self.title,
            body: self.body,
            assignee: self.assignee,
            tenant: self.tenant,
            priority: self.priority,
            workspace_kind: self.workspace_kind,
            workspace_path: self.workspace_path,
            parents: self.parents.into_iter().map(parent).collect(),
            triage: self.triage,
            idempotency_key: self.idempotency_key,
            failure_limit: self.failure_limit,
            max_runtime: self.max_runtime_seconds.map(Seconds),
            due_at: self.due_at,
            skills: self.skills,
            check: self.check,
            rework_limit: self.rework_limit,
            review: self.review,
            land_method: self.land_method,
        };
        (self.id, new)
    }
}

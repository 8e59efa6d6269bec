//! Runs that nobody watches, and processes that work for no run.

use std::collections::BTreeSet;

use domain::id::RunId;
use domain::run::OpenRun;

use super::finding::Finding;
use crate::cli::session::Session;

pub(super) async fn look(session: &Session) -> anyhow::Result<Vec<Finding>> {
    let open = session.kernel.open_runs().await?;
    let mut findings = stuck(session, &open)?;
    findings.extend(orphans(session, &open)?);
    Ok(findings)
}

fn stuck(session: &Session, open: &[OpenRun]) -> anyhow::Result<Vec<Finding>> {
    let now = session.kernel.now();
    let mut findings = Vec::new();
    for run in open {
        let is_supervised = match &run.supervisor {
            Some(supervisor) => dispatcher::is_alive(supervisor)?,
            None => false,
        };
        if let Some(supervisor) = &run.supervisor
            && dispatcher::is_stopped(supervisor)?
        {
            let message = format!(
                "the supervisor of run {} of {} is stopped, so nobody watches its worker",
                run.run, run.task
            );
            let remedy = format!(
                "`kill -CONT {}`; or `kanban cancel {}`",
                supervisor.pid, run.task
            );
            findings.push(Finding::wrong("runs", message, remedy));
        } else if is_supervised && run.lease_expires < now {
            let message = format!(
                "the supervisor of run {} of {} has not renewed its lease",
                run.run, run.task
            );
            let remedy = format!(
                "a dispatcher ends it: `kanban serve`; or `kanban cancel {}`",
                run.task
            );
            findings.push(Finding::wrong("runs", message, remedy));
        }
        if !is_supervised && run.lease_expires < now {
            let message = format!(
                "run {} of {} is open, but nobody watches it",
                run.run, run.task
            );
            let remedy = format!(
                "a dispatcher settles it: `kanban serve`; or `kanban cancel {}`",
                run.task
            );
            findings.push(Finding::wrong("runs", message, remedy));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "runs",
            format!("{} open, none of them stuck", open.len()),
        ));
    }
    Ok(findings)
}

fn orphans(session: &Session, open: &[OpenRun]) -> anyhow::Result<Vec<Finding>> {
    let open: BTreeSet<RunId> = open.iter().map(|run| run.run).collect();
    let orphan_processes = dispatcher::orphan_processes(&session.home, &open)?;
    if orphan_processes.is_empty() {
        return Ok(vec![Finding::ok(
            "processes",
            "none that works for a run which is over",
        )]);
    }
    let wrong = |orphan: &dispatcher::OrphanProcess| {
        let message = format!(
            "process {} works for run {}, which is over",
            orphan.pid, orphan.run
        );
        Finding::wrong("processes", message, format!("kill {}", orphan.pid))
    };
    Ok(orphan_processes.iter().map(wrong).collect())
}

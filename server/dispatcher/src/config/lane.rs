//! A lane's table in `kanban.toml`, and the lane made of it.

use domain::backoff::RetryPolicy;
use domain::command::{Breaker, SHELL};
use domain::error::Error;
use domain::review::PERSON;

use super::file::{BreakerTable, Land, LaneTable, RetryTable};
use crate::agents;
use crate::lanes::Lane;

/// The lane that a table describes, on top of the built-in one of its name and of what is usual.
pub(super) fn lane(
    name: &str,
    table: LaneTable,
    built_in: Option<Lane>,
    (usual_retry, usual_breaker): &(RetryTable, BreakerTable),
) -> Result<Lane, String> {
    let mut lane = match (built_in, table.command) {
        (Some(lane), None) => lane,
        (Some(lane), Some(command)) => Lane { command, ..lane },
        (None, Some(command)) => Lane::new(name, command),
        (None, None) => {
            return Err(format!(
                "lane {name} has no command, expected command = [\"program\", \"argument\", …]"
            ));
        }
    };
    if name == PERSON {
        return Err(format!(
            "a lane cannot be called {PERSON}: that is who reviews work by hand, expected another name"
        ));
    }
    if lane.command.runs_task_text() && name != SHELL {
        return Err(format!(
            "lane {name} would run the text of tasks, which only the lane shell may do, expected \
             {{prompt_file}} instead of {{script}}"
        ));
    }
    if table.trust_repository && table.repository.is_none() {
        return Err(format!(
            "lane {name}: trust_repository: there is no repository to trust, expected repository = \
             \"/…\" beside it"
        ));
    }
    match table.enabled {
        Some(true) => lane.off = None,
        Some(false) => lane.off = Some("it is turned off in kanban.toml"),
        None => {}
    }
    lane.env = table.env;
    lane.cap = table.cap.map(Into::into);
    if let Some(time) = table.max_run_time {
        lane.limits.max_run_time = time.0;
    }
    lane.limits.heartbeat_timeout = table.heartbeat_timeout.map(|time| time.0);
    lane.workspace_root = table.workspace_root.map(|folder| folder.0);
    lane.repository = table.repository.map(|folder| folder.0);
    lane.rules.success = table.success.unwrap_or(lane.rules.success);
    lane.output = table.output.unwrap_or(lane.output);
    lane.check = table.check;
    if let Some(time) = table.check_time {
        lane.check_time = time.0;
    }
    lane.rework_limit = table.rework_limit.map(Into::into);
    lane.review = reviewer(name, table.review)?;
    lane.lands = table.land == Land::Auto;
    lane.land_method = table.land_method;
    let codes = table.exit_codes.into_iter();
    lane.rules
        .exit_codes
        .extend(codes.map(|(code, meaning)| (code.0, meaning)));
    let retries = [&table.retry, usual_retry];
    lane.rules.retry = Some(retry(retries, lane.rules.usual_retry()));
    let limit = retries.into_iter().find_map(|retry| retry.limit);
    lane.rules.limit = limit.map(Into::into);
    lane.rules.breaker = breaker([&table.breaker, usual_breaker]);
    if lane.command.runs_task_text() {
        // Its program is the task's own.
        lane.rules.breaker = None;
    }
    lane.rules.ends = table.ends;
    let agent = match &table.agent {
        Some(name) => Some(agents::named(name).ok_or_else(|| unknown_agent(&lane.name, name))?),
        None => agents::named(&program_name(&lane)),
    };
    let shipped = agent.map(|agent| agent.ends.iter().cloned());
    lane.rules.ends.extend(shipped.into_iter().flatten());
    lane.hours = table.hours.into_iter().collect();
    lane.find_program();
    Ok(lane)
}

/// The reviewer of a lane's work: a person, or another lane.
fn reviewer(lane: &str, review: Option<String>) -> Result<Option<String>, String> {
    match review.as_deref() {
        Some(SHELL) => Err(format!("lane {lane}: review: {}", Error::ShellReview)),
        Some(name) if name == lane => Err(format!(
            "lane {lane}: review: a lane does not judge its own work, expected another one or \
             \"person\""
        )),
        Some("") => Err(format!(
            "lane {lane}: review: nobody has this name, expected a lane or \"person\""
        )),
        _ => Ok(review),
    }
}

/// The name of a lane's program, without its folder.
fn program_name(lane: &Lane) -> String {
    let program = lane.command.program();
    let name = program.rsplit('/').next();
    name.unwrap_or_default().to_owned()
}

fn unknown_agent(lane: &str, name: &str) -> String {
    let names: Vec<&str> = agents::known().iter().map(|it| it.name.as_str()).collect();
    format!(
        "lane {lane}: agent: {name} is none that the board knows, expected one of {}",
        names.join(", ")
    )
}

/// The policy of these tables, the first that says something, and else of what is usual.
fn retry(tables: [&RetryTable; 2], usual: RetryPolicy) -> RetryPolicy {
    let first = |read: fn(&RetryTable) -> Option<_>| tables.into_iter().find_map(read);
    let number = |read: fn(&RetryTable) -> Option<u32>| tables.into_iter().find_map(read);
    let begin = first(|table| table.first.map(|delay| delay.0));
    let longest = first(|table| table.longest.map(|delay| delay.0));
    let begin = begin.unwrap_or(usual.first);
    RetryPolicy {
        first: begin,
        factor: number(|table| table.factor.map(|it| it.0)).unwrap_or(usual.factor),
        longest: longest.unwrap_or(usual.longest).max(begin),
        jitter: number(|table| table.jitter.map(|it| it.0)).unwrap_or(usual.jitter),
    }
}

/// The rule of these tables, the first that says something; `None` where it is turned off.
fn breaker(tables: [&BreakerTable; 2]) -> Option<Breaker> {
    let usual = Breaker::USUAL;
    let span = |read: fn(&BreakerTable) -> Option<_>| tables.into_iter().find_map(read);
    let failures = tables.into_iter().find_map(|table| table.failures);
    let rule = Breaker {
        failures: failures.unwrap_or(usual.failures),
        within: span(|table| table.within.map(|it| it.0)).unwrap_or(usual.within),
        early: span(|table| table.early.map(|it| it.0)).unwrap_or(usual.early),
    };
    (rule.failures > 0).then_some(rule)
}

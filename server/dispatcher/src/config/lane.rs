//! A lane's table in `kanban.toml`, and the lane made of it.

use domain::command::SHELL;

use super::file::LaneTable;
use crate::lanes::Lane;

/// The lane that a table describes, on top of the built-in one of its name.
pub(super) fn lane(name: &str, table: LaneTable, built_in: Option<Lane>) -> Result<Lane, String> {
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
    if lane.command.runs_task_text() && name != SHELL {
        return Err(format!(
            "lane {name} would run the text of tasks, which only the lane shell may do, expected \
             {{prompt_file}} instead of {{script}}"
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
    let codes = table.exit_codes.into_iter();
    lane.rules
        .exit_codes
        .extend(codes.map(|(code, meaning)| (code.0, meaning)));
    lane.find_program();
    Ok(lane)
}
